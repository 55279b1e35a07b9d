"""The benchmark's Enterprise Manager: both exporters read the same jobs and sessions from it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from bench.manager_server import MACHINES, REPORTS, EnterpriseManager, Held
from bench.page_server import Client
from bench.world import server_config
from exporter.clock import SystemClock
from exporter.model import Harvest, State, Window
from exporter.sources import SOURCES

SESSIONS, JOBS, PAGE = 120, 7, 50
BASIC = "Basic " + base64.b64encode(b"bench:bench").decode()


@dataclass(frozen=True)
class Served:
    """The server in this process, what it holds and its port."""

    held: Held
    port: int

    async def json(self, path: str, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer; a logon's header is given by its own name."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession(headers=named) as client, client.get(url) as answer:
            return answer.status, json.loads(await answer.read())

    async def logged_on(self) -> str:
        """The token of a new logon."""
        url = f"http://127.0.0.1:{self.port}/api/sessionMngr/?v=latest"
        async with (
            aiohttp.ClientSession(headers={"Authorization": BASIC}) as client,
            client.post(url) as answer,
        ):
            assert answer.status == 201
            return answer.headers["X-RestSvcSessionId"]

    async def fetch(self, start: float) -> Harvest:
        """What our source reads in one poll, after which it logs off."""
        url, product = f"http://127.0.0.1:{self.port}", "enterprise_manager"
        config = server_config(0, product=product, url=url, api_version="auto", page_size=PAGE)
        source = SOURCES[product].create(config, SystemClock())
        try:
            return await source.fetch(Window(start=start, first=True), ())
        finally:
            await source.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server on a port of its own."""
    held = Held(SESSIONS, JOBS)
    manager = EnterpriseManager(held)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(manager.reply), "127.0.0.1", 0)
    async with server:
        yield Served(held, server.sockets[0].getsockname()[1])


async def test_our_source_reads_all_that_is_held(served: Served) -> None:
    """Every session and every job, all of them finished, and nothing skipped."""
    harvest = await served.fetch(0.0)
    assert len(harvest.sessions) == SESSIONS
    assert {session.state for session in harvest.sessions} == {State.FINISHED}
    assert len(harvest.jobs) == JOBS
    assert harvest.job_list
    assert harvest.skipped_rows == 0
    assert harvest.info.product_version == "12.3.2.4165"
    assert harvest.data_time is not None


async def test_a_window_brings_only_what_ended_in_it(served: Served) -> None:
    """The filter is obeyed, as the product does."""
    middle = served.held.sessions[SESSIONS // 2][0]
    harvest = await served.fetch(middle)
    wanted = sum(ended >= middle for ended, _row in served.held.sessions)
    assert abs(len(harvest.sessions) - wanted) <= 1  # the filter has whole milliseconds
    assert wanted < SESSIONS


async def test_requests_are_counted_by_what_they_ask_for(served: Served) -> None:
    """One for running sessions and one for each page; the count then begins anew."""
    await served.fetch(0.0)
    _status, counts = await served.json("/count")
    assert counts["query BackupJobSession"] == 1 + -(-SESSIONS // PAGE)
    assert (counts["logon"], counts["logoff"]) == (1, 1)
    assert await served.json("/count") == (200, {})


async def test_logons_that_nobody_ends_stay_open(served: Served) -> None:
    """Ours is ended; one that was left shows."""
    await served.fetch(0.0)
    assert (await served.json("/logons"))[1] == {"opened": 1, "open": 0}
    await served.logged_on()
    assert (await served.json("/logons"))[1] == {"opened": 2, "open": 1}


async def test_nothing_is_told_without_a_logon(served: Served) -> None:
    """As the product does, or a missing logon would go unnoticed."""
    status, _body = await served.json("/api/backupSessions?format=Entity")
    assert status == 401


async def test_the_whole_list_shows_the_same_jobs_as_the_query(served: Served) -> None:
    """What the other exporter reads is what ours reads."""
    token = await served.logged_on()
    path = "/api/backupSessions?format=Entity"
    _status, listed = await served.json(path, X_RestSvcSessionId=token)
    harvest = await served.fetch(0.0)
    theirs = sorted((row["JobName"], row["Result"].lower()) for row in listed["BackupJobSessions"])
    ours = sorted((one.job_name, one.result.value) for one in harvest.sessions if one.result)
    assert theirs == ours


async def test_each_session_has_its_machines(served: Served) -> None:
    """Alike in number, and told apart by their names."""
    token, names = await served.logged_on(), set()
    for _ended, row in served.held.sessions[:2]:
        session = json.loads(row)["UID"].rpartition(":")[2]
        path = f"/api/backupSessions/{session}/taskSessions?format=entity"
        _status, told = await served.json(path, X_RestSvcSessionId=token)
        names |= {row["VmDisplayName"] for row in told["BackupTaskSessions"]}
    assert len(names) == 2 * MACHINES


@pytest.mark.parametrize(
    "path",
    [
        *(f"reports/summary/{name}" for name in REPORTS),
        "repositories",
        "agents/discoveredComputers",
    ],
)
async def test_what_only_the_other_one_asks_for_is_there(served: Served, path: str) -> None:
    """A report or a list that is missing would make its scrape shorter than it is."""
    status, told = await served.json(f"/api/{path}", X_RestSvcSessionId=await served.logged_on())
    assert status == 200
    assert told
