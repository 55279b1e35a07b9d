"""Keeping a logon: one token for all calls, renewed in time, and a refused password remembered.

Backup servers lock accounts after a few wrong passwords and throttle logons, so a password is
sent as rarely as possible: never twice in a second, and never again soon after it was refused.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from exporter.clock import Clock
from exporter.config.values import Password, Secret
from exporter.errors import AuthenticationFailed, ConfigurationError, SourceError
from exporter.rest.failures import complaint
from exporter.rest.wire import Request, Response

log = logging.getLogger(__name__)

LEAST_BETWEEN_LOGONS = 1.0
RENEW_EARLY = 30.0
FIRST_REFUSAL_PAUSE = 60.0
LONGEST_REFUSAL_PAUSE = 1800.0
LOGON_TRIES = 3


@dataclass(frozen=True, slots=True)
class Grant:
    """What a logon brought: the `headers` that every further call carries.

    `lifetime` in seconds from its receipt (None: the server does not say), `refresh` is what
    renews it without a password, `session` is the server's own id of the logon.
    """

    headers: Mapping[str, str] = field(repr=False)
    lifetime: float | None = None
    refresh: str = field(default="", repr=False)
    session: str = field(default="", repr=False)


class Dialect(Protocol):
    """How one product wants to be logged on to; pure, sends nothing itself."""

    def logon(self, username: str, password: Secret) -> Request:
        """The request that sends the password."""
        ...

    def refresh(self, grant: Grant) -> Request | None:
        """The request that renews `grant` without a password; None where there is no such way."""
        ...

    def read(self, response: Response) -> Grant:
        """The grant in an answer of any status.

        Raises AuthenticationFailed only for an answer that refuses the account for good; another
        SourceError for everything else.
        """
        ...

    def logoff(self, grant: Grant) -> Request | None:
        """The request that ends the logon; None where there is no such way."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs on."""

    username: str
    password: Password


@dataclass(frozen=True, slots=True)
class _Refusal:
    password: Secret
    pause: float
    until: float
    reason: str


class LogonKeeper:
    """The one logon to a server, shared by all calls. Safe for calls that run at once."""

    def __init__(
        self,
        account: Account,
        dialect: Dialect,
        send: Callable[[Request], Awaitable[Response]],
        clock: Clock,
    ) -> None:
        self._account = account
        self._dialect = dialect
        self._send = send
        self._clock = clock
        self._lock = asyncio.Lock()
        self._grant: Grant | None = None
        self._renew_at: float | None = None
        self._last_attempt: float | None = None
        self._refusal: _Refusal | None = None

    async def grant(self) -> Grant:
        """A grant that is valid as far as we know. Raises AuthenticationFailed, SourceError."""
        async with self._lock:
            if self._grant is None:
                return await self._log_on()
            if self._renew_at is not None and self._clock.monotonic() >= self._renew_at:
                return await self._renew(self._grant)
            return self._grant

    async def replace(self, rejected: Grant) -> Grant:
        """Another grant after the server rejected this one: a refresh, else one logon."""
        async with self._lock:
            if self._grant is None:
                return await self._log_on()
            if self._grant is not rejected:
                return self._grant  # another call has renewed it while this one waited
            return await self._renew(rejected)

    def rejected(self, where: str) -> AuthenticationFailed:
        """The error for a brand-new grant that was rejected; logons pause as for a refusal."""
        reason = f"{where} rejects the token that the server has just given"
        self._grant = None
        try:
            self._refuse(self._account.password.read(), reason)
        except ConfigurationError as error:
            reason = str(error)
        return AuthenticationFailed(reason)

    def forget(self) -> None:
        """Drop the grant and any pause after a refusal: the account has changed."""
        self._grant = None
        self._refusal = None

    async def log_off(self) -> None:
        """End the logon at the server if it has a way to. Never raises SourceError."""
        grant, self._grant = self._grant, None
        request = self._dialect.logoff(grant) if grant is not None else None
        if grant is None or request is None:
            return
        try:
            await self._send(replace(request.with_headers(grant.headers), tries=1))
        except SourceError as error:
            log.debug("log off failed: %s", error)

    async def _renew(self, grant: Grant) -> Grant:
        request = self._dialect.refresh(grant)
        if request is None:
            return await self._log_on()
        # A server that is down would not take a password either: connection errors go up. Every
        # answer that is not a new grant falls back to the password, as vendors leave it open for
        # how long a refresh token is good.
        response = await self._paced(request)
        self._grant = None
        try:
            return self._keep(self._dialect.read(response))
        except SourceError:
            return await self._log_on()

    async def _log_on(self) -> Grant:
        self._grant = None
        password = self._read_password()
        self._heed_refusal(password)
        request = self._dialect.logon(self._account.username, password)
        response = await self._paced(replace(request, sends_password=True))
        try:
            grant = self._dialect.read(response)
        except SourceError as error:
            reason = str(error) if not _quotes(response, password) else self._unquoted(response)
            if isinstance(error, AuthenticationFailed):
                self._refuse(password, reason)
            raise type(error)(reason) from None
        self._refusal = None
        return self._keep(grant)

    def _unquoted(self, response: Response) -> str:
        """What is wrong with a bad answer, without a word of the answer itself.

        To mask the password in it would give away one that is a word of the sentence.
        """
        try:
            self._dialect.read(replace(response, body=b""))
        except SourceError as error:
            return str(error)
        return f"{response.where} was answered with {response.status}"

    def _read_password(self) -> Secret:
        try:
            return self._account.password.read()
        except ConfigurationError as error:
            raise AuthenticationFailed(str(error)) from None

    async def _paced(self, request: Request) -> Response:
        if self._last_attempt is not None:
            wait = self._last_attempt + LEAST_BETWEEN_LOGONS - self._clock.monotonic()
            if wait > 0:
                await self._clock.sleep(wait)
        self._last_attempt = self._clock.monotonic()
        try:
            return await self._send(
                replace(
                    request,
                    anonymous=True,
                    tries=LOGON_TRIES,
                    least_pause=LEAST_BETWEEN_LOGONS,
                )
            )
        finally:
            self._last_attempt = self._clock.monotonic()

    def _keep(self, grant: Grant) -> Grant:
        self._grant = grant
        self._renew_at = None
        if grant.lifetime is not None:
            # Half the lifetime for tokens so short that 30 seconds would leave nothing of it.
            usable = max(grant.lifetime - RENEW_EARLY, grant.lifetime / 2)
            self._renew_at = self._clock.monotonic() + usable
        return grant

    def _refuse(self, password: Secret, reason: str) -> None:
        now, before = self._clock.monotonic(), self._refusal
        pause = FIRST_REFUSAL_PAUSE
        if before is not None and before.password == password:
            if now < before.until:
                return  # several calls at once were refused for one and the same reason
            pause = min(before.pause * 2, LONGEST_REFUSAL_PAUSE)
        self._refusal = _Refusal(password, pause, now + pause, reason)

    def _heed_refusal(self, password: Secret) -> None:
        refusal = self._refusal
        if refusal is None or refusal.password != password:
            return
        left = refusal.until - self._clock.monotonic()
        if left > 0:
            raise AuthenticationFailed(
                f"{refusal.reason}; not tried again for {left:.0f} s, "
                "or until the password changes, so that the account is not locked"
            )


def _quotes(response: Response, password: Secret) -> bool:
    """Whether a bad answer holds the password, should a server have echoed it."""
    value = password.reveal()
    body = response.body
    return bool(value and not response.ok) and (value.encode() in body or value in complaint(body))
