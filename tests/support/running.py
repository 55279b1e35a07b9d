"""The whole exporter inside the test's own event loop, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from exporter.app import Exporter, Options
from exporter.cli.serve import load
from exporter.sources import SOURCES
from exporter.view import JobView, ServerView
from exporter.web.options import ListenAddress, WebOptions

PATIENCE = 60.0
"""Seconds until something is given up; nothing that works takes so long, even on a slow machine."""

ANY_PORT = ListenAddress("127.0.0.1", 0)


@asynccontextmanager
async def running(config: Path, storage: Path | None = None) -> AsyncIterator[Exporter]:
    """An exporter that serves and polls while the block lasts."""
    web = WebOptions(listen_addresses=(ANY_PORT,), enable_lifecycle=True)
    exporter = Exporter(Options(storage, web), SOURCES, lambda: load(config))
    stop = asyncio.Event()
    task = asyncio.create_task(exporter.run(stop))
    try:
        while not exporter.web.urls and not task.done():
            await exporter.clock.sleep(0.01)
        yield exporter
    finally:
        stop.set()
        await task


async def polled_unread(exporter: Exporter, patience: float = PATIENCE) -> None:
    """Wait until every server was polled once; nobody reads a page meanwhile."""
    async with asyncio.timeout(patience):
        while not exporter.ready():
            await exporter.clock.sleep(0.02)


async def polled(exporter: Exporter, patience: float = PATIENCE) -> None:
    """Wait until every server was polled and its counters, read at 0 before, have grown."""
    async with asyncio.timeout(patience):
        while not exporter.ready() or not all(view.polls for view in exporter.servers()):
            scrape(exporter)
            await exporter.clock.sleep(0.02)


async def reaches(
    exporter: Exporter,
    expected: object,
    ask: Callable[[Exporter], object],
    patience: float = PATIENCE,
) -> None:
    """Wait, as somebody who scrapes, until an answer is the expected one; fail with the last."""
    answer = object()
    try:
        async with asyncio.timeout(patience):
            while (answer := ask(exporter)) != expected:
                scrape(exporter)
                await exporter.clock.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"expected {expected!r}, last was {answer!r}") from None


def scrape(exporter: Exporter) -> str:
    """The page of metrics, as a scraper reads it: zeros on it have been seen."""
    pages = exporter.exposition
    return pages.page(pages.negotiate(None)).decode()


def server(exporter: Exporter, name: str) -> ServerView:
    """The view of one server."""
    return next(view for view in exporter.servers() if view.name == name)


def job(view: ServerView, name: str, session_type: str = "Backup") -> JobView:
    """One job of a server by its name."""
    return next(
        one for one in view.jobs if (one.job_name, one.session_type) == (name, session_type)
    )


def entry(name: str, url: str, **keys: object) -> str:
    """One server of a configuration file as YAML; values are written as they are."""
    lines = {"name": name, "product": "vb365", "url": url, "username": "svc-monitor", **keys}
    return "  - " + "\n    ".join(f"{key}: {value}" for key, value in lines.items()) + "\n"


def write_config(path: Path, *entries: str, **settings: object) -> Path:
    """A configuration file with quick polls, and patience for a slow machine."""
    values = {"poll_interval": "1s", "request_timeout": "30s", **settings}
    lines = "".join(f"  {key}: {value}\n" for key, value in values.items())
    path.write_text(f"global:\n{lines}servers:\n{''.join(entries)}", encoding="utf-8")
    return path
