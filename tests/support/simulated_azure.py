"""A small client of simulated appliances in Azure, written for tests only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Unpack

import aiohttp

from exporter.simulator import SimulatedServer, simulate
from exporter.simulator.server import Settings
from tests.support.simulated import WorldClock

TOKEN = "/api/oauth2/token"


class AzureClient:
    """Somebody who asks one simulated appliance in its newest version."""

    def __init__(self, server: SimulatedServer, http: aiohttp.ClientSession, clock: Any) -> None:
        self.server = server
        self.http = http
        self.clock = clock
        self.version = f"v{server.product.newest:g}"
        self.headers: dict[str, str] = {}

    async def token(self, **form: str) -> aiohttp.ClientResponse:
        """Ask for a token: with the right password unless the test says otherwise."""
        right = {
            "grant_type": "Password",
            "username": self.server.username,
            "password": self.server.password,
        }
        return await self.http.post(TOKEN, data=form or right)

    async def log_on(self) -> dict[str, Any]:
        """Log on and use the token from now on."""
        answer = await (await self.token()).json()
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}
        return dict(answer)

    async def ask(self, path: str, method: str = "GET", **query: Any) -> aiohttp.ClientResponse:
        """Ask for something below the version."""
        url = f"/api/{self.version}/{path}"
        return await self.http.request(method, url, params=query, headers=self.headers)

    async def json(self, path: str, method: str = "GET", **query: Any) -> Any:
        response = await self.ask(path, method, **query)
        assert response.status == 200, (path, response.status, await response.text())
        return await response.json()

    async def rows(self, **query: Any) -> list[dict[str, Any]]:
        """All sessions that the filters let through."""
        return list((await self.json("jobSessions", Limit=-1, **query))["results"])

    async def control(self, method: str, call: str, status: int = 204, /, **body: Any) -> Any:
        """A control call that is answered with `status`; its JSON if it has any."""
        async with self.http.request(method, f"/_simulator/{call}", json=body) as response:
            text = await response.text()
            assert response.status == status, text
            return await response.json() if text else None


@asynccontextmanager
async def azure(
    version: str | None = None, clock: Any = None, **settings: Unpack[Settings]
) -> AsyncIterator[AzureClient]:
    """A simulated appliance on a standing clock, and a client that has not logged on."""
    clock = clock or WorldClock()
    async with (
        simulate("azure", clock, api_version=version, **settings) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        yield AzureClient(server, http, clock)
