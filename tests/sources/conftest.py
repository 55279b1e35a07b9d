"""What the tests of the sources share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from exporter.sources.azure.source import AzureSource
from exporter.sources.base import Source
from exporter.sources.vb365.source import Vb365Source
from tests.support import azure_answers, enterprise_manager_answers
from tests.support.rest_world import SmallServer, StillClock, small_server
from tests.support.vb365_answers import source_for

MakeSource = Callable[..., Vb365Source]
MakeAzure = Callable[..., AzureSource]
MakeEnterpriseManager = Callable[..., Source]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def server() -> AsyncIterator[SmallServer]:
    async with small_server() as one:
        yield one


@pytest.fixture
async def source(server: SmallServer, clock: StillClock) -> AsyncIterator[MakeSource]:
    """Make sources of the server that are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        def make(version: int | None = 8, **changes: object) -> Vb365Source:
            one = source_for(server, clock, version, **changes)
            stack.push_async_callback(one.close)
            return one

        yield make


@pytest.fixture
async def azure(server: SmallServer, clock: StillClock) -> AsyncIterator[MakeAzure]:
    """Make sources of the server as an appliance in Azure, closed at the end of the test."""
    async with AsyncExitStack() as stack:

        def make(version: str | None = "v8", **changes: object) -> AzureSource:
            one = azure_answers.source_for(server, clock, version, **changes)
            stack.push_async_callback(one.close)
            return one

        yield make


@pytest.fixture
async def enterprise_manager(
    server: SmallServer, clock: StillClock
) -> AsyncIterator[MakeEnterpriseManager]:
    """Make sources of an Enterprise Manager that are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> Source:
            one = enterprise_manager_answers.source_for(server, clock, **changes)
            stack.push_async_callback(one.close)
            return one

        yield make
