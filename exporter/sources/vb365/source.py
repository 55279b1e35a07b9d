"""Veeam Backup for Microsoft 365, API v5 to v8: one poll of a server from logon to harvest."""

import asyncio

from exporter.clock import Clock
from exporter.config.values import ProductFacts, ServerConfig
from exporter.errors import NotFound
from exporter.model import Harvest, OpenSession, ServerInfo, Traffic, Window
from exporter.rest.client import RestClient
from exporter.rest.rows import SkippedRows
from exporter.sources.base import Product, Progress, no_progress
from exporter.sources.endpoints import Endpoints
from exporter.sources.selection import admits, select
from exporter.sources.vb365.facts import FactReader
from exporter.sources.vb365.logon import VERSIONS, Vb365Dialect, negotiate
from exporter.sources.vb365.poll import Poll, Server
from exporter.sources.vb365.sessions import DEFAULT_TYPES, RESTORE, RETRIEVAL, reports

FACTS = ProductFacts(
    name="vb365",
    title="Veeam Backup for Microsoft 365",
    api_versions=tuple(f"v{version}" for version in sorted(VERSIONS)),
    max_page_size=1000,
)


class Vb365Source:
    """One server of Veeam Backup for Microsoft 365."""

    def __init__(self, config: ServerConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._version = _pinned(config)
        self._dialect = Vb365Dialect(self._version or max(VERSIONS))
        self._client = RestClient(config, self._dialect, clock)
        self._endpoints = Endpoints(config.name)
        self._facts = FactReader(self._client, self._endpoints, clock)
        self._skipped = SkippedRows(config.name)

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Read everything that was alive since the window's start, and each open session by id."""
        began = self._clock.now()
        version = await self._settle_version()
        page_size = min(self._config.page_size, FACTS.max_page_size)
        await self._client.log_on()  # here and not in an optional call, which would hide a failure
        listed_types = await self._facts.refresh_jobs(version, page_size)
        server_time = self._client.server_time(began)
        server = Server(self._client, version, page_size, self._facts.book, self._endpoints)
        poll = Poll(server, window, began if server_time is None else server_time, progress)
        await self._read_sessions(poll)
        await poll.follow(self._wanted(open_sessions))
        listed_types |= await self._facts.find_jobs_of(poll.sessions.values(), version, page_size)
        poll.name_sessions()
        await self._facts.refresh_names(version, page_size)
        self._skipped.tell(poll.skipped.values())
        harvest = Harvest(
            sessions=tuple(poll.sessions.values()),
            gone=tuple(poll.gone),
            jobs=self._facts.book.jobs(),
            job_list=bool(self._facts.known_types),
            listed_types=listed_types,
            kept_types=self._facts.known_types - listed_types,
            server_time=server_time,
            info=ServerInfo(self._facts.product_version, f"v{version}"),
            skipped_rows=len(poll.skipped),
            endpoints=self._endpoints.status(),
        )
        # In a thread, because a first poll may bring hundreds of thousands of sessions.
        return await asyncio.to_thread(select, harvest, self._config, DEFAULT_TYPES)

    def traffic(self) -> Traffic:
        """What was sent since the last call of this method, and what TLS and clock look like."""
        return self._client.traffic()

    def forget_logon(self) -> None:
        """Drop the token and any back-off after a refused password."""
        self._client.forget_logon()

    async def close(self) -> None:
        """Log off, then close every connection."""
        await self._client.close()

    async def _settle_version(self) -> int:
        if self._version is None:
            self._version = self._dialect.version = await negotiate(self._client)
        return self._version

    async def _read_sessions(self, poll: Poll) -> None:
        try:
            await poll.read_job_sessions()
        except NotFound:
            self._version = _pinned(self._config)  # the server may have become another version
            raise
        if self._includes(RESTORE):
            await poll.read_restores()
        if self._includes(RETRIEVAL):
            await poll.read_retrievals()

    def _includes(self, session_type: str) -> bool:
        return self._config.session_types.admits(session_type, default=False)

    def _wanted(self, open_sessions: tuple[OpenSession, ...]) -> list[OpenSession]:
        return [one for one in open_sessions if admits(one.session, self._config, DEFAULT_TYPES)]


def _pinned(config: ServerConfig) -> int | None:
    """The configured version as a number; None for `auto`."""
    return None if config.api_version == "auto" else int(config.api_version.removeprefix("v"))


PRODUCT = Product(facts=FACTS, create=Vb365Source, reports=reports)
