"""A clock that tests move, and small HTTP servers on real sockets that say what a test wants."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web

from exporter.config.values import Password, Secret, ServerConfig

NOW = 1_700_000_000.0


class StillClock:
    """Time stands still except for sleeps, which take no time and are remembered."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


Answer = web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: str
    query_items: dict[str, str]
    headers: dict[str, str]
    body: str


@dataclass
class SmallServer:
    """Answers by method and path; a list is an answer per request, its last one stays."""

    url: str = ""
    answers: dict[str, object] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def paths(self, method: str = "") -> list[str]:
        return [one.path for one in self.seen if not method or one.method == method]

    def of(self, path: str) -> list[Seen]:
        return [one for one in self.seen if one.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.seen.append(
            Seen(
                request.method,
                request.path,
                request.rel_url.raw_query_string,
                dict(request.query),
                dict(request.headers),
                body,
            )
        )
        answer = self.answers.get(f"{request.method} {request.path}")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is None:
            return web.Response(status=404, text="")
        if callable(answer):
            return await answer(request)
        assert isinstance(answer, Said)
        return answer.response()


@dataclass(frozen=True)
class Said:
    """An answer that can be given many times."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        raw = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(body=raw, status=self.status, headers=self.headers)


@asynccontextmanager
async def small_server(
    answers: dict[str, object] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[SmallServer]:
    """A server on a free port of 127.0.0.1 that answers 404 to everything not in `answers`."""
    server = SmallServer(answers=answers or {})
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def settings(url: str, **changes: object) -> ServerConfig:
    """A server entry with a password in the configuration."""
    entry = ServerConfig(
        name="m365",
        product="vb365",
        url=url,
        username="svc-monitor",
        password=Password(value=Secret("s3cret-p4ss")),
        request_timeout=5.0,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]  # a test names the fields itself
