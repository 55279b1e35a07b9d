"""What the tests of the HTTP room share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from exporter.config.values import Secret, ServerConfig
from exporter.errors import AuthenticationFailed
from exporter.rest.client import RestClient
from exporter.rest.failures import failure
from exporter.rest.logon import Grant
from exporter.rest.oauth import bearer_grant, read_answer, token_request
from exporter.rest.wire import Request, Response
from tests.support.rest_world import SmallServer, StillClock, settings, small_server


class PlainDialect:
    """Password and refresh grants at /token; 400 refuses."""

    def logon(self, username: str, password: Secret) -> Request:
        return token_request("/token", {"username": username, "password": password.reveal()})

    def refresh(self, grant: Grant) -> Request | None:
        return token_request("/token", {"refresh": grant.refresh}) if grant.refresh else None

    def read(self, response: Response) -> Grant:
        if response.status == 400:
            raise AuthenticationFailed(f"refused: {response.body.decode()}")
        if not response.ok:
            raise failure(response)
        grant = bearer_grant(read_answer(response))
        assert grant is not None
        return grant

    def logoff(self, grant: Grant) -> Request | None:
        return Request("POST", "/logout")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def server() -> AsyncIterator[SmallServer]:
    async with small_server() as one:
        yield one


Connect = Callable[..., RestClient]


@pytest.fixture
async def connect(clock: StillClock) -> AsyncIterator[Connect]:
    """Make clients that are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        def make(entry: ServerConfig | str, **options: object) -> RestClient:
            config = settings(entry) if isinstance(entry, str) else entry
            options.setdefault("random", lambda: 0.5)
            client = RestClient(config, PlainDialect(), clock, **options)  # type: ignore[arg-type]
            stack.push_async_callback(client.close)
            return client

        yield make
