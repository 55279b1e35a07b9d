"""The exporter's own rooms put together for a measurement."""

import json
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporter.clock import Clock, SystemClock
from exporter.config.values import Config, Password, Secret, ServerConfig
from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.ledger.publish import Subject
from exporter.ledger.worker import LedgerWorker
from exporter.sources import SOURCES
from exporter.sources.base import Source
from exporter.view import ServerView

PRODUCT = SOURCES["vb365"]


def server_config(port: int, name: str = "s0", **changes: Any) -> ServerConfig:
    """One server of the page server's process."""
    entry = ServerConfig(
        name=name,
        product="vb365",
        url=f"http://127.0.0.1:{port}/{name}",
        username="bench",
        password=Password(value=Secret("bench")),
        api_version="v8",
    )
    return replace(entry, **changes)


def subject(config: ServerConfig) -> Subject:
    """A server as the ledger knows it: everything admitted, no objectives."""
    reports = SOURCES[config.product].reports
    return Subject(config, reports, lambda _name, _type: None, lambda _name, _type: True)


def opened(
    directory: Path | None, config: ServerConfig, clock: Clock | None = None
) -> tuple[Ledger, Source]:
    """A ledger that knows one server, and the source that reads it."""
    clock = clock or SystemClock()
    ledger = Ledger(directory, clock)
    ledger.register(subject(config))
    return ledger, SOURCES[config.product].create(config, clock)


async def poll(ledger: Ledger, source: Source, name: str = "s0") -> ServerView:
    """One poll, from the plan to the view that follows."""
    clock = SystemClock()
    started, began = clock.now(), clock.monotonic()
    harvest = await source.fetch(*ledger.plan(name))
    took = clock.monotonic() - began
    return ledger.record(name, Poll(started, took, source.traffic(), harvest))


async def poll_through(worker: LedgerWorker, source: Source, name: str = "s0") -> ServerView:
    """The same with the ledger in its own thread, as the exporter has it."""
    clock = SystemClock()
    started, began = clock.now(), clock.monotonic()
    harvest = await source.fetch(*await worker.plan(name))
    took = clock.monotonic() - began
    return await worker.record(name, Poll(started, took, source.traffic(), harvest))


def requests_since(port: int) -> dict[str, int]:
    """How often each path of the page server was asked for since the last call."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as told:
        counts: dict[str, int] = json.load(told)
    return counts


def fleet_config(port: int, servers: int, **changes: Any) -> Config:
    """Many servers of the page server's process."""
    return Config(tuple(server_config(port, f"s{n:04d}", **changes) for n in range(servers)))
