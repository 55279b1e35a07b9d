"""A source that does what a test tells it, and the values around it."""

import asyncio
from collections.abc import Callable

from exporter.config.values import Password, Secret, ServerConfig
from exporter.errors import SourceError
from exporter.ledger.publish import Subject
from exporter.model import (
    Bottleneck,
    Harvest,
    OpenSession,
    Reports,
    Result,
    Session,
    State,
    Statistics,
    Traffic,
    Window,
)
from exporter.sources.base import Progress, no_progress

Script = Harvest | Exception | float
"""What a scripted poll does: give a harvest, raise, or hang for so many seconds."""

REPORTS = Reports(
    frozenset({"transferred_bytes", "processed_items", "retries"}),
    (Bottleneck.SOURCE, Bottleneck.TARGET, Bottleneck.NONE),
)


def server_config(name: str = "one", **changes: object) -> ServerConfig:
    """A configured server that needs no network."""
    values: dict[str, object] = {
        "name": name,
        "product": "scripted",
        "url": "http://127.0.0.1:1",
        "username": "monitor",
        "password": Password(Secret("not-used")),
    }
    return ServerConfig(**{**values, **changes})  # type: ignore[arg-type]  # tests name the fields


def subject(config: ServerConfig | None = None) -> Subject:
    """A server as the ledger knows it; everything is admitted and nothing has an objective."""
    return Subject(
        config=config or server_config(),
        reports=lambda _session_type: REPORTS,
        max_age=lambda _job_name, _session_type: None,
        admits=lambda _job_name, _session_type: True,
    )


def session(id_: str, ended: float | None = None, result: Result | None = None) -> Session:
    """A session of job j1: finished when it has an end, else running."""
    if ended is not None and result is None:
        result = Result.SUCCESS
    return Session(
        id=id_,
        job_id="j1",
        job_name="Mail",
        session_type="Backup",
        state=State.RUNNING if result is None else State.FINISHED,
        result=result,
        started=None if ended is None else ended - 60.0,
        ended=ended,
        statistics=Statistics(transferred_bytes=1000.0, retries=0.0),
    )


class ScriptedSource:
    """Plays one entry of its script for each poll; the last one again and again."""

    def __init__(
        self, script: list[Script], sleep: Callable[[float], object] | None = None
    ) -> None:
        self.script = script
        self.windows: list[Window] = []
        self.closed = False
        self.password_forgotten = False
        self._sleep = sleep or asyncio.sleep

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Do what the script says next."""
        self.windows.append(window)
        progress(1, len(open_sessions))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
            raise SourceError("the script hung and came back")
        return step

    def traffic(self) -> Traffic:
        """Nothing was sent."""
        return Traffic()

    def forget_logon(self) -> None:
        """Note that it was asked."""
        self.password_forgotten = True

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
