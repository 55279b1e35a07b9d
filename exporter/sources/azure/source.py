"""One poll of an appliance in Azure, from logon to harvest."""

from exporter.clock import Clock
from exporter.config.values import ProductFacts, ServerConfig
from exporter.errors import NotFound
from exporter.model import Harvest, Job, OpenSession, ServerInfo, Traffic, Window
from exporter.rest.client import RestClient
from exporter.rest.rows import SkippedRows
from exporter.sources.azure.facts import REFRESH_AFTER, FactReader
from exporter.sources.azure.logon import VERSIONS, AzureDialect, failure, negotiate
from exporter.sources.azure.policies import jobs_of_sessions
from exporter.sources.azure.poll import STILL_OPEN, WAITING, Poll, Server
from exporter.sources.azure.rates import RateReader
from exporter.sources.azure.sessions import DEFAULT_TYPES, reports, reports_with_options
from exporter.sources.base import Product, Progress, no_progress
from exporter.sources.endpoints import Endpoints
from exporter.sources.selection import admits, select

SESSION_RATES = "session_rates"

FACTS = ProductFacts(
    name="azure",
    title="Veeam Backup for Microsoft Azure",
    api_versions=tuple(reversed(VERSIONS)),
    max_page_size=500,
    options={SESSION_RATES: ("bool", False)},
)


class AzureSource:
    """One appliance of Veeam Backup for Microsoft Azure."""

    def __init__(self, config: ServerConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._version = _pinned(config)
        self._client = RestClient(config, AzureDialect(), clock)
        self._client.failure = failure
        self._endpoints = Endpoints(config.name)
        self._facts = FactReader(clock)
        self._rates = RateReader() if config.options.get(SESSION_RATES) else None
        self._skipped = SkippedRows(config.name)
        self._open_due = 0.0

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Read everything that was alive since the window's start, and each open session by id."""
        began = self._clock.now()
        server = await self._server()
        await self._client.log_on()  # here and not in an optional call, which would hide a failure
        server_time = self._client.server_time(began)
        poll = Poll(server, window, progress)
        await self._read_sessions(poll)
        await poll.follow(
            one for one in open_sessions if admits(one.session, self._config, DEFAULT_TYPES)
        )
        if self._rates is not None:
            await self._rates.add(server, poll.sessions)
        listed_types = await self._facts.refresh_policies(server, poll.sessions.values())
        await self._facts.refresh_build(server)
        self._skipped.tell(poll.skipped.values())
        harvest = Harvest(
            sessions=tuple(poll.sessions.values()),
            gone=tuple(poll.gone),
            jobs=self._jobs(poll, complete=bool(listed_types)),
            job_list=bool(listed_types),
            listed_types=listed_types,
            server_time=server_time,
            info=ServerInfo(self._facts.product_version, server.version),
            skipped_rows=len(poll.skipped),
            endpoints=self._endpoints.status(),
        )
        return select(harvest, self._config, DEFAULT_TYPES)

    def traffic(self) -> Traffic:
        """What was sent since the last call of this method, and what TLS and clock look like."""
        return self._client.traffic()

    def forget_logon(self) -> None:
        """Drop the token and any back-off after a refused password."""
        self._client.forget_logon()

    async def close(self) -> None:
        """Log off, then close every connection."""
        await self._client.close()

    async def _server(self) -> Server:
        if self._version is None:
            self._version = await negotiate(self._client)
        page_size = min(self._config.page_size, FACTS.max_page_size)
        return Server(self._client, self._version, page_size, self._endpoints)

    async def _read_sessions(self, poll: Poll) -> None:
        try:
            await poll.read_sessions()
        except NotFound as error:
            # The appliance may have been upgraded, and no longer serve what it did.
            pinned = self._version = _pinned(self._config)
            advice = f"; does it still serve {pinned}? The api_version auto finds out"
            raise NotFound(f"{error}{advice if pinned else ''}") from None
        now = self._clock.monotonic()
        if now < self._open_due:
            await poll.read_open(WAITING)
            return
        # What runs since before the window was seen by earlier polls, if there were any: all that
        # is still open is looked for at first, and then now and then.
        await poll.read_open(STILL_OPEN)
        self._open_due = now + REFRESH_AFTER

    def _jobs(self, poll: Poll, *, complete: bool) -> tuple[Job, ...]:
        """The listed policies; without a complete list also those that only sessions name.

        Beside a complete list these are deleted ones, or repositories, and no facts are theirs.
        """
        listed = self._facts.book.jobs()
        if complete:
            return listed
        known = {job.id for job in listed}
        named = jobs_of_sessions(poll.sessions.values(), poll.policy_types)
        return listed + tuple(job for job in named if job.id not in known)


def _pinned(config: ServerConfig) -> str | None:
    """The configured version; None for `auto`."""
    return None if config.api_version == "auto" else config.api_version


PRODUCT = Product(
    facts=FACTS, create=AzureSource, reports=reports, options_reports=reports_with_options
)
