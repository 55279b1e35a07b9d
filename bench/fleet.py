"""Many servers polled by one process: processor, lateness of the event loop, memory; and a plot."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.busy import LoopProbe, quantile
from bench.curve import draw
from bench.machine import MEGABYTE, cores, python_child, resident
from bench.measure import Row, number
from bench.report import FLEET
from bench.world import fleet_config
from exporter.app import answer_promptly
from exporter.clock import SystemClock
from exporter.exposition import Exposition
from exporter.fleet import Fleet
from exporter.ledger.ledger import Ledger
from exporter.ledger.worker import LedgerWorker
from exporter.sources import SOURCES

SIZES = ((10, 60.0), (100, 60.0), (1000, 60.0))
"""How many servers, and for how many seconds they are watched."""

JOBS, INTERVAL = 50, 60.0
MOST_SHARE, MOST_LATE, MOST_MEMORY = 0.5, 0.050, 700.0


class Watched(NamedTuple):
    """A fleet at work: its size, share of a core, lateness at p99 (s), memory (MB)."""

    servers: int
    share: float
    late: float
    memory: float


def measure() -> list[Row]:
    """One line for each size; the curve goes to docs/performance.svg."""
    watched = []
    for servers, seconds in SIZES:
        with (
            tempfile.TemporaryDirectory() as folder,
            python_child("bench.page_server", "0", "1", str(JOBS), core=cores()[1]) as port,
        ):
            watched.append(asyncio.run(watch(int(port), servers, seconds, Path(folder))))
    draw([(one.servers, one.share * 100, one.memory) for one in watched])
    return [_row(one) for one in watched]


def _row(one: Watched) -> Row:
    met = one.share < MOST_SHARE and one.late < MOST_LATE and one.memory < MOST_MEMORY
    return Row(
        f"{FLEET}{one.servers:,} servers, {JOBS} jobs each",
        f"{one.share:.1%} of a core, late {number(one.late * 1e3)} ms at p99, "
        f"{number(one.memory)} MB",
        f"< {MOST_SHARE:.0%}, < {MOST_LATE * 1e3:g} ms, < {MOST_MEMORY:g} MB",
        met,
        f"each polled every {INTERVAL:g} s over loopback with one session that is new and 15 that "
        "were read before; all of the exporter's process, ledger on disk, nobody scrapes",
    )


async def watch(port: int, servers: int, seconds: float, folder: Path) -> Watched:
    """Start the fleet, let everyone be polled once, then look for some seconds."""
    exposition, clock, probe = Exposition(), SystemClock(), LoopProbe(every=0.005)
    worker = LedgerWorker(Ledger(folder, clock, exposition.served))
    fleet = Fleet(SOURCES, worker, exposition.publish, exposition.withdraw, clock)
    answer_promptly()
    async with asyncio.TaskGroup() as group:
        await fleet.apply(fleet_config(port, servers, poll_interval=INTERVAL), group)
        async with asyncio.timeout(60):
            while not fleet.ready():  # noqa: ASYNC110 -- a fleet has no event for it
                await asyncio.sleep(0.05)
        helper = group.create_task(probe.run())
        began, used = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        took, cost = time.perf_counter() - began, time.process_time() - used
        helper.cancel()
        memory = resident() / MEGABYTE
        assert all(view.up for view in fleet.views()), "a server could not be polled"
        await fleet.close()
    await worker.close()
    return Watched(servers, cost / took, quantile(probe.late, 0.99), memory)
