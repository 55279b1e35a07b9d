"""A small client of simulated servers, and a clock for their worlds, written for tests only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Unpack

import aiohttp

from exporter.simulator import SimulatedServer, simulate
from exporter.simulator.server import Settings

NOON = 1_800_000_000.0


class WorldClock:
    """A clock that stands until a test moves it; to sleep is to move it."""

    def __init__(self, now: float = NOON) -> None:
        self.moment = now

    def now(self) -> float:
        return self.moment

    def monotonic(self) -> float:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.moment += seconds


class Client:
    """Somebody who asks one simulated server."""

    def __init__(self, server: SimulatedServer, http: aiohttp.ClientSession, clock: Any) -> None:
        self.server = server
        self.http = http
        self.clock = clock
        self.headers: dict[str, str] = {}

    async def token(self, version: int = 8, **form: str) -> aiohttp.ClientResponse:
        """Ask for a token: with the right password unless the test says otherwise."""
        right = {
            "grant_type": "password",
            "username": self.server.username,
            "password": self.server.password,
        }
        return await self.http.post(f"/v{version}/token", data=form or right)

    async def log_on(self, version: int = 8) -> dict[str, Any]:
        """Log on and use the token from now on."""
        answer = await (await self.token(version)).json()
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}
        return dict(answer)

    async def get(self, path: str, **query: Any) -> aiohttp.ClientResponse:
        return await self.http.get(path, params=query, headers=self.headers)

    async def json(self, path: str, **query: Any) -> Any:
        response = await self.get(path, **query)
        assert response.status == 200, (path, response.status, await response.text())
        return await response.json()

    async def sessions(self, version: int = 8, **query: Any) -> list[dict[str, Any]]:
        """The whole list of job sessions, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.json(f"/v{version}/JobSessions", offset=len(found), **query)
            found += page["results"]
            if "next" not in page["_links"]:
                return found

    async def control(self, method: str, call: str, status: int = 204, /, **body: Any) -> Any:
        """A control call that is answered with `status`; its JSON if it has any."""
        async with self.http.request(method, f"/_simulator/{call}", json=body) as response:
            text = await response.text()
            assert response.status == status, text
            return await response.json() if text else None


@asynccontextmanager
async def client_of(clock: Any = None, **settings: Unpack[Settings]) -> AsyncIterator[Client]:
    """A simulated VB365 server on a standing clock, and a client of it that has not logged on."""
    clock = clock or WorldClock()
    async with (
        simulate("vb365", clock, **settings) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        yield Client(server, http, clock)


def seconds(text: str) -> float:
    """A timestamp of the API as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()
