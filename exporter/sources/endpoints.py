"""Which of a server's endpoints work: the optional ones fail without failing the poll."""

import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import TypeVar

from exporter.errors import AuthenticationFailed, SourceError, TlsFailed

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

OPTIONAL_TRIES = 2
"""Fewer tries than for the session list: a slow extra must not hold up what matters."""


class Endpoints:
    """Whether the last call of each endpoint worked. A change is logged, a state is not."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._worked: dict[str, bool] = {}
        self._judging: dict[str, list[SourceError | None]] = {}

    def status(self) -> MappingProxyType[str, bool]:
        """A copy of what is known now."""
        return MappingProxyType(dict(self._worked))

    def works(self, endpoint: str) -> None:
        """The endpoint has just answered well."""
        if endpoint in self._judging:
            self._judging[endpoint].append(None)
            return
        if self._worked.get(endpoint) is False:
            log.info("endpoint works again", extra=self._names(endpoint))
        self._worked[endpoint] = True

    def fails(self, endpoint: str, error: SourceError) -> None:
        """The endpoint has just failed."""
        if endpoint in self._judging:
            self._judging[endpoint].append(error)
            return
        if self._worked.get(endpoint, True):
            facts = self._names(endpoint) | {"error": str(error)}
            log.warning("endpoint fails; what only it tells is missing", extra=facts)
        self._worked[endpoint] = False

    @contextmanager
    def as_one(self, endpoint: str) -> Iterator[None]:
        """Judge all calls of `endpoint` within the block as one: it works if each of them did.

        Otherwise one bad answer among good ones would be a failure and a recovery in every poll.
        """
        self._judging[endpoint] = []
        try:
            yield
        finally:
            outcomes = self._judging.pop(endpoint)
            error = next((one for one in outcomes if one is not None), None)
            if error is not None:
                self.fails(endpoint, error)
            elif outcomes:
                self.works(endpoint)

    def _names(self, endpoint: str) -> dict[str, str]:
        return {"server": self._server, "endpoint": endpoint}

    async def optional(self, endpoint: str, call: Awaitable[Answer]) -> Answer | None:
        """What `call` brings, or None when it fails.

        Raises AuthenticationFailed and TlsFailed, which no other endpoint would survive either.
        """
        try:
            answer = await call
        except (AuthenticationFailed, TlsFailed):
            raise
        except SourceError as error:
            self.fails(endpoint, error)
            return None
        self.works(endpoint)
        return answer
