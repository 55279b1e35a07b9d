"""Calls of one server's API: with its token, with retries, and with our errors only."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import count
from random import SystemRandom

from exporter.clock import Clock
from exporter.config.values import ServerConfig
from exporter.errors import SourceError
from exporter.model import Traffic
from exporter.rest import retry
from exporter.rest.failures import failure
from exporter.rest.logon import Account, Dialect, LogonKeeper
from exporter.rest.transport import MAXIMUM_BODY, Transport
from exporter.rest.wire import TRIES, Params, Request, Response, encode_query

_random = SystemRandom().random


class RestClient:
    """One server's API. `headers` go with every request, the logon's included.

    `failure` turns an answer of a bad status into an error; a product whose bad answers say more
    than their status puts its own there. It opens its first connection with the first call.
    """

    def __init__(
        self,
        settings: ServerConfig,
        dialect: Dialect,
        clock: Clock,
        *,
        random: retry.Random = _random,
        maximum_body: int = MAXIMUM_BODY,
    ) -> None:
        self.headers: Mapping[str, str] = {"Accept": "application/json"}
        self.failure: Callable[[Response], SourceError] = failure
        self._clock = clock
        self._random = random
        self._transport = Transport(settings, clock, maximum_body=maximum_body)
        account = Account(settings.username, settings.password)
        self._logon = LogonKeeper(account, dialect, self._persist, clock)

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        accepted: Collection[int] = (),
        tries: int = TRIES,
    ) -> Response:
        """GET `path` with the token. `accepted` are statuses to return instead of to raise."""
        query = encode_query(params)
        return await self.send(
            Request("GET", path, query, accepted=frozenset(accepted), tries=tries)
        )

    async def post(self, path: str, body: bytes, content_type: str) -> Response:
        """POST `body` to `path` with the token."""
        return await self.send(
            Request("POST", path, headers={"Content-Type": content_type}, body=body)
        )

    async def send(self, request: Request) -> Response:
        """Send `request` and judge the status of its answer. Raises SourceError.

        A rejected token is replaced once and the request repeated once.
        """
        if request.anonymous:
            response = await self._persist(request)
        else:
            response = await self._authorized(request)
        if response.ok or response.status in request.accepted:
            return response
        raise self.failure(response)

    async def log_on(self) -> None:
        """Make sure of a valid token before anything else. Raises SourceError."""
        await self._logon.grant()

    def server_time(self, ours: float) -> float | None:
        """The server's clock when ours showed `ours`; None if it sends no `Date`."""
        offset = self._transport.clock_offset
        return None if offset is None else ours + offset

    def traffic(self) -> Traffic:
        """What was sent since the last call of this method."""
        return self._transport.traffic()

    def forget_logon(self) -> None:
        """Drop the token and any pause after a refused password."""
        self._logon.forget()

    async def close(self) -> None:
        """Log off, then close every connection. Never raises SourceError."""
        try:
            await self._logon.log_off()
        finally:
            await self._transport.close()

    async def _authorized(self, request: Request) -> Response:
        grant = await self._logon.grant()
        response = await self._persist(request.with_headers(grant.headers))
        if response.status != 401:
            return response
        fresh = await self._logon.replace(grant)
        response = await self._persist(request.with_headers(fresh.headers))
        if response.status == 401:
            raise self._logon.rejected(request.where)
        return response

    async def _persist(self, request: Request) -> Response:
        """Send until an answer is final or the tries are used up."""
        dressed = replace(request, headers={**self.headers, **request.headers})
        for attempt in count(1):
            outcome = await self._attempt(dressed)
            now, random = self._clock.now(), self._random
            pause = retry.pause(dressed, outcome, attempt, now, random)
            if pause is None:
                break
            await self._clock.sleep(pause)
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome

    async def _attempt(self, request: Request) -> Response | SourceError:
        try:
            return await self._transport.send(request)
        except SourceError as error:
            return error
