"""One simulated server and one source for each product and version."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from exporter.clock import SystemClock
from exporter.config.values import Password, Secret, ServerConfig
from exporter.model import Harvest, OpenSession, Result, Session, Window
from exporter.simulator import SimulatedServer, simulate
from exporter.simulator.runs import Job, Run
from exporter.simulator.world import World
from exporter.sources import SOURCES
from exporter.sources.base import Source
from tests.contract.cases import IDS, VERSIONS, Case

HOUR = 3600.0


class QuickClock(SystemClock):
    """The real time, except that nobody waits: retries and pauses take a hundredth of theirs."""

    async def sleep(self, seconds: float) -> None:
        """Let a little time pass."""
        await asyncio.sleep(seconds / 100)


@dataclass
class Pair:
    """A source and the server that it speaks to."""

    case: Case
    version: str
    pinned: str
    server: SimulatedServer
    source: Source
    config: ServerConfig
    extra: list[Source] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The server's world."""
        return self.server.world

    async def fetch(
        self, since: float = 24 * HOUR, open_sessions: tuple[Session, ...] = ()
    ) -> Harvest:
        """Poll once, from `since` seconds ago."""
        window = Window(self.world.now() - since)
        followed = tuple(OpenSession(one, self.world.now()) for one in open_sessions)
        return await self.source.fetch(window, followed)

    def job(self, name: str = "Mail") -> Job:
        """A job without a schedule."""
        return self.world.add_job(name)

    def finish(self, job: Job, ended: float = -60.0, **details: object) -> Run:
        """A session that ended so many seconds ago."""
        now = self.world.now()
        return self.world.add_session(job, now + ended - 30.0, now + ended, **details)  # type: ignore[arg-type]  # the test names the details

    def status(self, outcome: str) -> str:
        """The product's word for an outcome."""
        return self.world.words.outcome(outcome)

    def another(self, **changes: object) -> Source:
        """A source with other settings."""
        config = server_config(self.server, self.case, self.pinned, **changes)
        source = SOURCES[self.case.product].create(config, QuickClock())
        self.extra.append(source)
        return source


def server_config(
    server: SimulatedServer, case: Case, pinned: str, **changes: object
) -> ServerConfig:
    """The entry that a user would write."""
    values: dict[str, object] = {
        "name": "one",
        "product": case.product,
        "url": server.url,
        "username": server.username,
        "password": Password(Secret(server.password)),
        "api_version": pinned,
        "page_size": case.page_limit,
        "request_timeout": 2.0,
        "options": {
            name: default for name, (_kind, default) in SOURCES[case.product].facts.options.items()
        },
    }
    return ServerConfig(**{**values, **changes})  # type: ignore[arg-type]  # named above


@pytest.fixture(params=VERSIONS, ids=IDS)
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Every product in every version, with a world that a test writes."""
    case, served, pinned = request.param
    async with simulate(case.product, api_version=served, scripted=True) as server:
        if hasattr(server.product.logons, "quota"):
            server.product.logons.quota = 0.0  # nobody waits here, so logons come quickly
        config = server_config(server, case, pinned)
        source = SOURCES[case.product].create(config, QuickClock())
        pair = Pair(case, served, pinned, server, source, config)
        yield pair
        for one in (source, *pair.extra):
            await one.close()


def results(harvest: Harvest) -> dict[str, Result | None]:
    """Result by session id."""
    return {session.id: session.result for session in harvest.sessions}
