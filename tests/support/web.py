"""A small state to serve, a server on a real socket, and requests written by hand."""

import asyncio
import gzip as gzip_format
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Unpack
from urllib.parse import urlsplit

from exporter.config.values import Config, Password, Secret, ServerConfig
from exporter.model import Result, ServerInfo
from exporter.view import ExporterView, JobView, Run, ServerView, Totals
from exporter.web.options import ListenAddress, WebOptions
from exporter.web.server import WebServer
from exporter.web.state import Wanted
from tests.support.clock import ManualClock

CANARY = "canary-4f1d-secret"
LOOPBACK = ListenAddress("127.0.0.1", 0)
NOW = ManualClock().now()
WISHES: tuple[Literal["servers", "names", "exporter"], ...] = ("servers", "names", "exporter")


class FakeFormat(Enum):
    """The three formats by the value of their Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    TEXT_1 = "text/plain; version=1.0.0; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return self.value


@dataclass
class FakeOffer:
    """A page to be sent."""

    data: bytes


@dataclass
class FakePages:
    """Pages that say what they were asked for; `body` replaces that, `hold` delays it.

    A page that is `kept` is there without being made.
    """

    body: bytes | None = None
    kept: bool = False
    hold: asyncio.Event | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    read: list[bytes] = field(default_factory=list)

    def negotiate(self, accept: str | None, /) -> FakeFormat:
        """OpenMetrics or text 1.0.0 where they are named, else text 0.0.4."""
        if accept and "openmetrics" in accept:
            return FakeFormat.OPENMETRICS
        return FakeFormat.TEXT_1 if accept and "1.0.0" in accept else FakeFormat.TEXT

    async def offer(self, format: FakeFormat, **wanted: Unpack[Wanted]) -> FakeOffer:
        """The wishes as text."""
        async with self.changed:
            self.asked.append({key: wanted[key] for key in WISHES})
            self.changed.notify_all()
        if self.hold is not None:
            await self.hold.wait()
        return FakeOffer(self._text(format, wanted))

    def ready(self, format: FakeFormat, **wanted: Unpack[Wanted]) -> FakeOffer | None:
        """The wishes as text, if they are kept."""
        return FakeOffer(self._text(format, wanted)) if self.kept else None

    def _text(self, format: FakeFormat, wanted: Wanted) -> bytes:
        shown = {
            key: sorted(wish) if isinstance(wish := wanted[key], frozenset) else wish
            for key in WISHES
        }
        body = f"# {format.name} {shown}\n".encode() if self.body is None else self.body
        return gzip_format.compress(body, mtime=0) if wanted["gzip"] else body

    def delivered(self, offer: FakeOffer, /) -> None:
        """Remember what was sent as a whole."""
        self.read.append(offer.data)

    async def until_asked(self, times: int) -> None:
        """Wait until so many pages were asked for."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.asked) >= times)


def rewrite(file: Path, text: str) -> None:
    """Change a file in place, as an editor does."""
    file.write_text(text, encoding="utf-8")


def server_config(name: str) -> ServerConfig:
    """A configured server whose password must never be seen."""
    return ServerConfig(
        name=name,
        product="vb365",
        url="https://backup.example.com:4443",
        username="monitor",
        password=Password(value=Secret(CANARY)),
    )


CONFIG = Config(servers=(server_config("m365-prod"), server_config("m365-dr")))


def run(result: Result = Result.SUCCESS, ended: float = NOW - 3600) -> Run:
    """A finished session of 90 minutes."""
    return Run(id="1", ended=ended, result=result, started=ended - 5400, duration=5400.0)


def job(name: str = "nightly", last: Run | None = None, **more: Any) -> JobView:
    """A job; without `last` it never ran."""
    return JobView(
        job_id="42",
        job_name=name,
        session_type="Backup",
        first_seen=0.0,
        totals=Totals(finished={}),
        last_success=last.ended if last and last.result is Result.SUCCESS else 0.0,
        last_result_ends={},
        consecutive_failures=0,
        last=last,
        **more,
    )


def view(name: str = "m365-prod", *jobs: JobView, **more: Any) -> ServerView:
    """A server that answers, polled half a minute ago."""
    facts: dict[str, Any] = {
        "up": True,
        "info": ServerInfo("8.1.0", "v8"),
        "last_poll": NOW - 30,
        "last_successful_poll": NOW - 30,
        **more,
    }
    return ServerView(name=name, product="vb365", jobs=jobs, **facts)


@dataclass
class FakeState:
    """What the composition root would provide."""

    views: Sequence[ServerView] = ()
    exposition: FakePages = field(default_factory=FakePages)
    is_ready: bool = True
    reasons: tuple[str, ...] = ()
    reloads: int = 0
    started: float = NOW - 7200
    version: str = "1.2.3"
    config: Config = CONFIG

    def servers(self) -> Sequence[ServerView]:
        """The views."""
        return self.views

    def exporter(self) -> ExporterView:
        """The exporter."""
        return ExporterView(version=self.version)

    def ready(self) -> bool:
        """Whether the first polls are over."""
        return self.is_ready

    async def reload(self) -> tuple[str, ...]:
        """The reasons against it."""
        self.reloads += 1
        return self.reasons


@asynccontextmanager
async def serving(
    state: FakeState | None = None, clock: ManualClock | None = None, **options: Any
) -> AsyncIterator[str]:
    """The address, without a slash at its end, of a server that runs meanwhile."""
    chosen = WebOptions(**{"listen_addresses": (LOOPBACK,), **options})
    server = WebServer(state or FakeState(), chosen, clock or ManualClock())
    await server.start()
    try:
        yield server.urls[0].rstrip("/")
    finally:
        await server.close()


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@asynccontextmanager
async def connected(
    url: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server; with `tls` its name is `localhost`."""
    place = urlsplit(url)
    assert place.hostname is not None
    reader, writer = await asyncio.open_connection(
        place.hostname, place.port, ssl=tls, server_hostname="localhost" if tls else None
    )
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request over a connection of its own and read until the server closes it."""
    place = urlsplit(url)
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    lines = {"Host": place.netloc, "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    async with asyncio.timeout(20), connected(url, tls) as (reader, writer):
        writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode())
        return parsed(await reader.read())


def parsed(raw: bytes) -> Answer:
    """Status, headers (names in lower case) and body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), {k.lower(): v for k, v in headers.items()}, body)
