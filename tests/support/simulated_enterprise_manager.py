"""A small client of simulated Enterprise Managers, written for tests only."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Unpack
from xml.etree import ElementTree

import aiohttp

from exporter.simulator import SimulatedServer, simulate
from exporter.simulator.enterprise_manager import EnterpriseManager
from exporter.simulator.server import Settings
from tests.support.simulated import WorldClock

TOKEN = "X-RestSvcSessionId"
NAMESPACE = "{http://www.veeam.com/ent/v1.0}"
PASCAL = {"Accept": "application/json"}


class EmClient:
    """Somebody who asks one simulated Enterprise Manager, without a cookie jar."""

    def __init__(self, server: SimulatedServer, http: aiohttp.ClientSession, clock: Any) -> None:
        self.server = server
        self.http = http
        self.clock = clock
        self.headers: dict[str, str] = dict(PASCAL)
        self.session_id = ""

    @property
    def product(self) -> EnterpriseManager:
        """The simulated product, to turn its knobs."""
        assert isinstance(self.server.product, EnterpriseManager)
        return self.server.product

    async def logon(
        self, password: str | None = None, version: str = "latest"
    ) -> aiohttp.ClientResponse:
        """The answer to a logon, with the right password unless the test says otherwise."""
        known = self.server.password if password is None else password
        basic = aiohttp.encode_basic_auth(self.server.username, known)
        return await self.http.post(
            f"/api/sessionMngr/?v={version}", headers={**PASCAL, "Authorization": basic}
        )

    async def log_on(self) -> aiohttp.ClientResponse:
        """Log on and use the token from now on."""
        response = await self.logon()
        assert response.status == 201
        body = json.loads((await response.read()).decode("utf-8-sig"))
        self.session_id = str(body.get("SessionId") or body.get("sessionId"))
        self.headers[TOKEN] = response.headers[TOKEN]
        return response

    async def get(self, path: str, **query: Any) -> aiohttp.ClientResponse:
        return await self.http.get(f"/api{path}", params=query, headers=self.headers)

    async def json(self, path: str, **query: Any) -> Any:
        response = await self.get(path, **query)
        assert response.status == 200, (path, response.status, await response.text())
        return json.loads((await response.read()).decode("utf-8-sig"))

    async def xml(self, path: str, **query: Any) -> ElementTree.Element:
        """The same in XML."""
        headers = {TOKEN: self.headers.get(TOKEN, "")}
        response = await self.http.get(f"/api{path}", params=query, headers=headers)
        assert response.content_type == "application/xml"
        return ElementTree.fromstring(await response.text())  # noqa: S314 - our own server's

    async def control_fault(self, **fault: Any) -> None:
        """Something goes wrong from now on."""
        async with self.http.post("/_simulator/faults", json=fault) as response:
            assert response.status == 204, await response.text()

    async def page(self, kind: str = "BackupJobSession", **query: Any) -> Any:
        """One page of a query for entities."""
        return await self.json("/query", type=kind, format="Entities", **query)

    async def rows(self, kind: str = "BackupJobSession", **query: Any) -> list[dict[str, Any]]:
        """All rows of a query of a version before 13, page by page."""
        found: list[dict[str, Any]] = []
        number, last = 0, 1
        while number < last:
            number += 1
            body = await self.page(kind, page=number, **query)
            container = f"{kind}s"
            found += (body["Entities"][container] or {container: []})[container]
            last = body["PagingInfo"]["PagesCount"]
        return found


@asynccontextmanager
async def em_client(clock: Any = None, **settings: Unpack[Settings]) -> AsyncIterator[EmClient]:
    """A simulated Enterprise Manager on a standing clock, and a client that has not logged on."""
    clock = clock or WorldClock()
    async with (
        simulate("enterprise_manager", clock, **settings) as server,
        aiohttp.ClientSession(server.url, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield EmClient(server, http, clock)


@asynccontextmanager
async def logged_on(clock: Any = None, **settings: Unpack[Settings]) -> AsyncIterator[EmClient]:
    """The same, logged on; version 12 unless the test says otherwise."""
    settings.setdefault("api_version", "v12")
    async with em_client(clock, **settings) as client:
        await client.log_on()
        yield client
