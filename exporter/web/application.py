"""Which address answers what, and what holds for every answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from exporter.clock import Clock, SystemClock
from exporter.web.access import RULES, TokenBucket, WebConfigFile
from exporter.web.answers import SERVER_HEADER, STANDARD_HEADERS, sentence
from exporter.web.api.openapi import JOBS, SERVERS, SESSIONS
from exporter.web.api.scripts import Scripts
from exporter.web.aside import Aside
from exporter.web.auth import BasicAuth, TooBusy
from exporter.web.connection import Connection
from exporter.web.files import StaticFiles
from exporter.web.operation import Operation
from exporter.web.options import WebOptions
from exporter.web.page.pages import People
from exporter.web.scrape import Scrapes
from exporter.web.state import State
from exporter.web.webconfig import WebConfig

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST_BODY = 1024
"""Bytes of a request's body: no address here expects one."""

WEB_CONFIG: web.AppKey[WebConfigFile] = web.AppKey("web_config", WebConfigFile)
"""Where the application keeps its web configuration, for the server that listens."""

UNKNOWN_PATH = "There is no such page; the page at / shows those that there are."


def create_app(state: State, options: WebOptions, clock: Clock | None = None) -> web.Application:
    """The application. Raises ConfigurationError when the web configuration cannot be used."""
    clock = clock or SystemClock()
    web_config = WebConfigFile(options.web_config)
    gate = Gate(web_config, TokenBucket(clock.monotonic), BasicAuth())
    app = web.Application(
        middlewares=[timely, gate.guard, plain_refusals], client_max_size=LARGEST_BODY
    )
    app[WEB_CONFIG] = web_config
    app.on_response_prepare.append(gate.add_headers)
    aside = Aside()
    app.on_cleanup.append(aside.close)
    people = People(state, options, web_config, clock, aside)
    scripts, scrapes = Scripts(state, clock, aside), Scrapes(state, options, web_config)
    operation = Operation(state, options)
    pages: Mapping[str, Handler] = {
        "/": people.status,
        "/job": people.job,
        options.telemetry_path: scrapes.metrics,
        "/probe": scrapes.probe,
        "/sd": scrapes.discovery,
        SERVERS.path: scripts.servers,
        JOBS.path: scripts.jobs,
        SESSIONS.path: scripts.sessions,
        "/api/openapi.json": scripts.description,
        "/config": operation.config,
        "/-/healthy": operation.healthy,
        "/-/ready": operation.ready,
        "/static/{name}": StaticFiles().file,
    }
    for path, handler in pages.items():
        app.router.add_get(path, handler)
    app.router.add_post("/-/reload", operation.reload)
    return app


@dataclass(frozen=True, slots=True)
class Gate:
    """What the web configuration demands of every request and adds to every answer."""

    web_config: WebConfigFile
    bucket: TokenBucket
    auth: BasicAuth

    async def add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        """The standard headers, then those that the user prefers."""
        for name, value in STANDARD_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = SERVER_HEADER
        response.headers.update(self.web_config.current.headers)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request in or not, whatever its path."""
        request[RULES] = config = self.web_config.current
        return await self._refusal(request, config) or await handler(request)

    async def _refusal(self, request: web.Request, config: WebConfig) -> web.Response | None:
        # Before the password: guessing shall not be free of the limit.
        if not self.bucket.take(config.rate_limit):
            return sentence("Too many requests; try again soon.", 429, {"Retry-After": "1"})
        if not config.users:
            return None
        try:
            right = await self.auth.admits(config.users, request.headers.get("Authorization"))
        except TooBusy:
            busy = "Too many passwords are being checked; try again soon."
            return sentence(busy, 503, {"Retry-After": "1"})
        if right:
            return None
        challenge = {"WWW-Authenticate": 'Basic realm="backup-session-exporter", charset="UTF-8"'}
        return sentence("User name and password are needed.", 401, challenge)


@web.middleware
async def timely(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection when a request is being answered: then it does not wait for one."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        return await handler(request)
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end()


@web.middleware
async def plain_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One sentence for an address that does not exist or does not answer this method."""
    refused = request.match_info.http_exception
    if isinstance(refused, web.HTTPMethodNotAllowed):
        methods = ", ".join(sorted(refused.allowed_methods))
        return sentence(f"This address answers {methods} only.", 405, {"Allow": methods})
    if refused is not None:
        return sentence(UNKNOWN_PATH, refused.status)
    return await handler(request)
