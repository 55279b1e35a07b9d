"""Scrapes while the exporter works at its hardest: a long history comes in, a big page is new."""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.machine import cores, python_child
from bench.measure import Row, number
from bench.page_process import shown
from bench.views import next_poll
from bench.world import PRODUCT, poll_through, server_config, subject
from exporter.app import answer_promptly
from exporter.clock import SystemClock
from exporter.ledger.ledger import Ledger
from exporter.ledger.worker import LedgerWorker
from exporter.web.options import ListenAddress, WebOptions
from exporter.web.server import WebServer

HISTORY, SERIES = 100_000, 100_000
MOST_P99, MOST_STEP = 0.050, 0.020


class LoopProbe:
    """How late the event loop is, and how long its own work kept it from anything else."""

    def __init__(self, every: float = 0.001) -> None:
        self._every = every
        self.late: list[float] = []
        self.steps: list[float] = []

    async def run(self) -> None:
        """Ask to be woken again and again; note how much later it happens.

        The processor time of the loop's own thread in between is that of one step, or of a few;
        lateness has in it also what other threads and other programs took.
        """
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(self._every)
            self.late.append(time.perf_counter() - before - self._every)
            self.steps.append(time.thread_time() - used)

    def forget(self) -> None:
        """Begin again."""
        self.late.clear()
        self.steps.clear()


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure() -> list[Row]:
    """One line for scrapes, one for the event loop."""
    with (
        tempfile.TemporaryDirectory() as folder,
        python_child("bench.page_server", str(HISTORY), "0", "500", core=cores()[1]) as port,
    ):
        scrapes, probe = asyncio.run(work(int(port), Path(folder)))
    p99, longest, late = quantile(scrapes, 0.99), max(probe.steps), quantile(probe.late, 0.99)
    during = (
        f"while {HISTORY:,} sessions come in and {SERIES:,} series are rendered again and again"
    )
    return [
        Row(
            "scrape p99 of a busy exporter",
            f"{number(p99 * 1e3)} ms",
            f"< {MOST_P99 * 1e3:g} ms",
            p99 < MOST_P99,
            f"`/-/healthy` and a one-server page in turn, {len(scrapes)} requests, {during}; "
            f"median {number(quantile(scrapes, 0.5) * 1e3)} ms",
        ),
        Row(
            "longest step of the event loop",
            f"{number(longest * 1e3)} ms",
            f"≤ {MOST_STEP * 1e3:g} ms",
            longest <= MOST_STEP,
            f"processor time of the loop's thread between two turns of a timer of 1 ms, {during}; "
            f"the timer is late by {number(late * 1e3)} ms at p99",
        ),
    ]


async def work(port: int, folder: Path) -> tuple[list[float], LoopProbe]:
    """Poll, render and scrape at once, all in this process; seconds of scrapes, and the probe."""
    state, clock = shown(SERIES), SystemClock()
    config = server_config(port)
    worker = LedgerWorker(Ledger(folder, clock))
    await worker.register(subject(config))
    web = WebServer(state, WebOptions(listen_addresses=(ListenAddress("127.0.0.1", 0),)))
    await web.start()
    await state.exposition.page_async(state.exposition.negotiate(None), gzip=True)
    source, probe, scrapes = PRODUCT.create(config, clock), LoopProbe(), []
    answer_promptly()
    async with asyncio.TaskGroup() as group:
        helpers = [
            group.create_task(probe.run()),
            group.create_task(render(state)),
            group.create_task(scrape(web.urls[0], state.views[0].name, scrapes)),
        ]
        await asyncio.sleep(0.1)
        probe.forget()
        await poll_through(worker, source)
        for task in helpers:
            task.cancel()
    await source.close()
    await web.close()
    await worker.close()
    return scrapes, probe


async def render(state: object) -> None:
    """Publish a changed server and ask for the whole page, again and again."""
    exposition, views = state.exposition, list(state.views)  # type: ignore[attr-defined]
    seed = 1000
    while True:
        seed += 1
        views[seed % len(views)] = next_poll(views[seed % len(views)], 50, seed)
        exposition.publish(views[seed % len(views)])
        await exposition.page_async(exposition.negotiate(None), gzip=True)


async def scrape(url: str, name: str, took: list[float]) -> None:
    """Scrape one server's page and the health check; seconds of each request."""
    async with aiohttp.ClientSession() as session:
        while True:
            for path in ("-/healthy", f"probe?target={name}"):
                began = time.perf_counter()
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(url + path) as answer:
                        await answer.read()
                took.append(time.perf_counter() - began)
                await asyncio.sleep(0.005)
