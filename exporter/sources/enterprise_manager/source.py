"""Veeam Backup Enterprise Manager, API 1.5 to 1.7: one poll of a server from logon to harvest."""

from exporter.clock import Clock
from exporter.config.values import ProductFacts, Selection, ServerConfig
from exporter.model import Harvest, OpenSession, ServerInfo, Session, Traffic, Window
from exporter.rest.client import RestClient
from exporter.rest.rows import SkippedRows
from exporter.sources.base import Product, Progress, no_progress
from exporter.sources.endpoints import Endpoints
from exporter.sources.enterprise_manager.facts import FactReader
from exporter.sources.enterprise_manager.logon import VERSIONS, EnterpriseManagerDialect
from exporter.sources.enterprise_manager.poll import BACKUPS, REPLICAS, Poll, Server, SessionList
from exporter.sources.enterprise_manager.sessions import DEFAULT_TYPES, REPLICA, reports
from exporter.sources.selection import admits, select

FACTS = ProductFacts(
    name="enterprise_manager",
    title="Veeam Backup Enterprise Manager",
    api_versions=VERSIONS,
    # It collects from its backup servers every 15 minutes, and a session may show up that late.
    defaults={"poll_interval": 300.0, "overlap": 3600.0, "page_size": 500},
    max_page_size=1000,
    options={"backup_servers": ("selection", Selection())},
)

MAXIMUM_BODY = 16 * 2**20
"""Bytes of one answer at most: as XML they become many times as many in memory."""


class EnterpriseManagerSource:
    """One Enterprise Manager with all its backup servers."""

    def __init__(self, config: ServerConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        dialect = EnterpriseManagerDialect(config.api_version)
        self._client = RestClient(config, dialect, clock, maximum_body=MAXIMUM_BODY)
        self._endpoints = Endpoints(config.name)
        self._facts = FactReader(self._client, self._endpoints, clock, self._admits_server)
        self._skipped = SkippedRows(config.name)

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Read everything that was alive since the window's start, and each open session by id."""
        began = self._clock.now()
        page_size = min(self._config.page_size, FACTS.max_page_size)
        await self._client.log_on()  # here and not in an optional call, which would hide a failure
        # Before the sessions: a collection that ends in between must not pass for having been seen.
        await self._facts.refresh_server()
        job_list = await self._facts.refresh_jobs(page_size)
        server = Server(self._client, page_size, self._endpoints, self._admits_server)
        poll = Poll(server, window, progress)
        await poll.read(self._lists())
        await poll.follow(self._wanted(open_sessions))
        self._skipped.tell(poll.skipped.values())
        return self._harvest(poll, job_list, began)

    def traffic(self) -> Traffic:
        """What was sent since the last call of this method, and what TLS and clock look like."""
        return self._client.traffic()

    def forget_logon(self) -> None:
        """Drop the session and any back-off after a refused password."""
        self._client.forget_logon()

    async def close(self) -> None:
        """Log off, then close every connection."""
        await self._client.close()

    def _harvest(self, poll: Poll, job_list: bool, began: float) -> Harvest:
        facts, book = self._facts, self._facts.book
        wanted = [one for one in poll.sightings.values() if self._admits(one.session)]
        harvest = Harvest(
            sessions=tuple(sighting.session for sighting in wanted),
            gone=tuple(poll.gone),
            jobs=book.jobs(wanted),
            job_list=job_list,
            listed_types=book.covered_types if job_list else frozenset(),
            server_time=self._client.server_time(began),
            data_time=facts.collected,
            info=ServerInfo(facts.product_version, self._api_version()),
            skipped_rows=len(poll.skipped),
            endpoints=self._endpoints.status(),
        )
        return select(harvest, self._config, DEFAULT_TYPES)

    def _api_version(self) -> str:
        pinned = self._config.api_version
        return self._facts.api_version if pinned == "auto" else pinned

    def _lists(self) -> tuple[SessionList, ...]:
        wanted = self._config.session_types.admits(REPLICA, default=REPLICA in DEFAULT_TYPES)
        return (BACKUPS, REPLICAS) if wanted else (BACKUPS,)

    def _admits_server(self, name: str) -> bool:
        chosen = self._config.options.get("backup_servers")
        return not isinstance(chosen, Selection) or chosen.admits(name)

    def _wanted(self, open_sessions: tuple[OpenSession, ...]) -> list[OpenSession]:
        return [one for one in open_sessions if self._admits(one.session)]

    def _admits(self, session: Session) -> bool:
        return admits(session, self._config, DEFAULT_TYPES)


PRODUCT = Product(facts=FACTS, create=EnterpriseManagerSource, reports=reports)
