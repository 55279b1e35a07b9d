"""The servers that are polled now: started, changed and stopped as the configuration says."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.clock import Clock
from exporter.config.values import Config, ServerConfig
from exporter.ledger.publish import Subject
from exporter.ledger.worker import LedgerWorker
from exporter.poller import Poller
from exporter.sources.base import Product, Source
from exporter.view import ServerView

CLOSE_WITHIN = 5.0
"""Seconds that a log-off may take."""

SPREAD = 0.02
"""First polls of a large fleet start so many seconds apart."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Member:
    """One polled server: its configuration, its conversation, and what polls it."""

    config: ServerConfig
    source: Source
    poller: Poller
    task: asyncio.Task[None] | None = None


class Fleet:
    """Every server of the current configuration. Owned by one task group."""

    def __init__(
        self,
        products: Mapping[str, Product],
        worker: LedgerWorker,
        publish: Callable[[ServerView], None],
        withdraw: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._products = products
        self._worker = worker
        self._publish_outside = publish
        self._withdraw = withdraw
        self._clock = clock
        self._members: dict[str, Member] = {}
        self._views: dict[str, ServerView] = {}

    def views(self) -> tuple[ServerView, ...]:
        """Every server as it was last published, in the order of the configuration."""
        return tuple(self._views[name] for name in self._members if name in self._views)

    def ready(self) -> bool:
        """Whether every server was polled once, well or not."""
        return all(member.poller.polled for member in self._members.values())

    async def apply(self, config: Config, group: asyncio.TaskGroup) -> None:
        """Poll what `config` says from now on; servers whose entry did not change go on as before.

        Raises ConfigurationError, before anything is changed, when a new entry cannot be used.
        """
        wanted = {server.name: server for server in config.servers}
        kept = {name for name, member in self._members.items() if wanted.get(name) == member.config}
        fresh = {name: self._member(server) for name, server in wanted.items() if name not in kept}
        leaving = [name for name in self._members if name not in kept]
        await asyncio.gather(*(self._stop(name, gone=name not in wanted) for name in leaving))
        self._members = {name: fresh.get(name) or self._members[name] for name in wanted}
        for member in self._members.values():
            self._show(await self._worker.register(self._subject(config, member.config)))
        for number, (name, member) in enumerate(fresh.items()):
            delay = _delay(name, number, len(fresh), member.config.poll_interval)
            polling = member.poller.run(delay, self._views[name])
            member.task = group.create_task(polling, name=f"poll {name}")

    def _member(self, server: ServerConfig) -> Member:
        source = self._products[server.product].create(server, self._clock)
        poller = Poller(server, source, self._worker, self._show, self._clock)
        return Member(server, source, poller)

    def _subject(self, config: Config, server: ServerConfig) -> Subject:
        product = self._products[server.product]
        return Subject(
            config=server,
            reports=lambda session_type: product.reports_of(server, session_type),
            max_age=lambda job_name, session_type: config.max_age(
                server.name, job_name, session_type
            ),
            admits=lambda job_name, session_type: (
                server.jobs.admits(job_name) and server.session_types.admits(session_type)
            ),
        )

    def _show(self, view: ServerView) -> None:
        self._views[view.name] = view
        self._publish_outside(view)

    async def _stop(self, name: str, *, gone: bool) -> None:
        """End the polling of one server and log off from it."""
        member = self._members[name]
        if member.task is not None:
            member.task.cancel()
            await asyncio.wait([member.task])
        await _log_off(member)
        if gone:
            self._views.pop(name, None)
            self._withdraw(name)
            await self._worker.unregister(name)

    async def close(self) -> None:
        """End all polling, log off everywhere at once."""
        tasks = [member.task for member in self._members.values() if member.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(_log_off(member) for member in self._members.values()))


async def _log_off(member: Member) -> None:
    """Say goodbye, but not for ever."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await member.source.close()
    except TimeoutError:
        log.warning("log-off took too long", extra={"server": member.config.name})


def _delay(name: str, number: int, total: int, poll_interval: float) -> float:
    """When a server's first poll starts: at once, or spread a little where there are many."""
    if total * SPREAD < 1.0:
        return number * SPREAD
    share = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest()) / 2**32
    return share * min(poll_interval, total * SPREAD)
