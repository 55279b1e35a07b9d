"""Answers scripts."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from exporter.clock import Clock
from exporter.web.api.openapi import JOBS, JSON, SERVERS, SESSIONS, Operation, document
from exporter.web.api.parameters import BadParameter, Wishes, read_parameters
from exporter.web.api.records import job_list, server_list, session_list
from exporter.web.aside import Aside
from exporter.web.scrape import UNKNOWN_SERVER
from exporter.web.state import State
from exporter.web.words import plain


class Scripts:
    """The JSON API, answered beside the event loop."""

    def __init__(self, state: State, clock: Clock, aside: Aside) -> None:
        self._state = state
        self._clock = clock
        self._aside = aside
        self._document = encoded(document(state.version))

    async def servers(self, request: web.Request) -> web.StreamResponse:
        """Every configured server and its health."""
        self._wishes(request, SERVERS)
        servers = tuple(self._state.servers())
        return await self._answer(request, lambda: server_list(servers))

    async def jobs(self, request: web.Request) -> web.StreamResponse:
        """Jobs, with their last session and what they do now."""
        wishes = self._wishes(request, JOBS)
        servers, now = tuple(self._state.servers()), self._clock.now()
        return await self._answer(request, lambda: job_list(servers, wishes, now))

    async def sessions(self, request: web.Request) -> web.StreamResponse:
        """Sessions, newest first."""
        wishes = self._wishes(request, SESSIONS)
        servers = tuple(self._state.servers())
        return await self._answer(request, lambda: session_list(servers, wishes))

    async def description(self, request: web.Request) -> web.StreamResponse:
        """What this API is, for programs that want to know."""
        return await self._aside.answer(request, lambda: self._document, JSON)

    async def _answer(
        self, request: web.Request, make: Callable[[], msgspec.Struct]
    ) -> web.StreamResponse:
        return await self._aside.answer(request, lambda: encoded(make()), JSON)

    def _wishes(self, request: web.Request, operation: Operation) -> Wishes:
        """Raises 400 or 404 with a sentence."""
        try:
            wishes = read_parameters(request.query.items(), operation.parameters, self._clock.now())
        except BadParameter as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        if not wishes.server <= {server.name for server in self._state.config.servers}:
            raise web.HTTPNotFound(text=UNKNOWN_SERVER)
        return wishes


def encoded(value: object) -> bytes:
    """JSON. A lone surrogate, which cannot be sent as UTF-8, becomes a question mark."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_sendable(msgspec.to_builtins(value)))


def _sendable(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: _sendable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sendable(item) for item in value]
    return value
