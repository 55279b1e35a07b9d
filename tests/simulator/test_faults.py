"""What goes wrong on demand."""

import asyncio
import json

import aiohttp
import pytest

from exporter.simulator import Fault, simulate
from exporter.simulator.faults import Faults
from tests.support.simulated import NOON, Client, client_of

PATH = "/v8/JobSessions"


async def ready(client: Client) -> None:
    """A logged-on client of a world with 40 sessions."""
    world = client.server.world
    job = world.add_job("Mail")
    for number in range(40):
        world.add_session(job, NOON - 60 * number - 60, NOON - 60 * number - 30)
    await client.log_on()


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
async def test_a_status_for_a_number_of_requests(code: int) -> None:
    """The fault is over after its count."""
    async with client_of(scripted=True) as client:
        await ready(client)
        fault = Fault("status", path="/v8/jobs", code=code, count=2, retry_after=7, body="{}")
        await client.server.inject(fault)
        for _request in range(2):
            response = await client.get(PATH)
            assert (response.status, response.headers["Retry-After"]) == (code, "7")
        assert (await client.get(PATH)).status == 200


async def test_a_fault_meets_only_its_path_and_method_and_only_for_its_time() -> None:
    """Patterns have a star, prefixes have none; case does not matter."""
    faults = Faults()
    faults.add(Fault("empty", path="/v8/*/logitems", method="get", seconds=10), NOON)
    assert not faults.due("GET", "/v8/jobs", NOON)
    assert not faults.due("POST", "/v8/jobsessions/1/LogItems", NOON)
    assert faults.due("GET", "/v8/jobsessions/1/LogItems", NOON + 9)
    assert not faults.due("GET", "/v8/jobsessions/1/LogItems", NOON + 10)
    assert not list(faults)


async def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    """The sentence lists them."""
    with pytest.raises(ValueError, match="malformed_row"):
        Fault("earthquake")


async def test_a_slow_answer_comes_after_its_delay() -> None:
    """By the world's clock."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("slow", delay=45, count=1))
        assert len((await client.json(PATH))["results"]) == 30
        assert client.clock.now() == NOON + 45


async def test_a_hanging_request_is_never_answered() -> None:
    """The client gives up; it is counted with status 0."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("hang"))
        with pytest.raises(TimeoutError):
            await client.http.get(PATH, timeout=aiohttp.ClientTimeout(total=0.05))
        await asyncio.sleep(0.02)
        assert client.server.requests["GET /v8/jobsessions", 0] == 1


async def test_a_server_can_stop_while_a_request_hangs() -> None:
    """It ends the connection."""
    async with client_of(scripted=True) as client:
        await client.server.inject(Fault("hang"))
        request = asyncio.create_task(client.http.get(PATH))
        await asyncio.sleep(0.02)
        await client.server.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await request


async def test_a_connection_is_reset() -> None:
    """Not closed in good order."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("reset"))
        with pytest.raises((ConnectionResetError, aiohttp.ClientConnectionError)):
            await client.get(PATH)
        assert client.server.log[-1].status == 0


async def test_a_truncated_body_ends_before_its_announced_length() -> None:
    """The head promises more than comes."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("truncate", count=1))
        response = await client.get(PATH)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_an_oversized_body_is_as_large_as_asked_for() -> None:
    """And goes on no longer than somebody reads."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("oversize", size=300_000))
        assert len(await (await client.get(PATH)).read()) > 300_000
        await client.server.inject(Fault("oversize", size=10**12))
        client.server.faults.clear()
        await client.server.inject(Fault("oversize", size=10**12, count=1))
        response = await client.get(PATH)
        await response.content.readexactly(100_000)
        response.close()
        assert (await client.get(PATH)).status == 200


@pytest.mark.parametrize(("kind", "start"), [("html", b"<!DOCTYPE"), ("empty", b"")])
async def test_an_answer_of_the_wrong_kind(kind: str, start: bytes) -> None:
    """Status 200 all the same."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault(kind))
        response = await client.get(PATH)
        body = await response.read()
        assert response.status == 200
        assert body.startswith(start)
        assert bool(body) is (kind == "html")


@pytest.mark.parametrize(("code", "expected"), [(302, 302), (500, 307)])
async def test_a_redirect_to_another_host(code: int, expected: int) -> None:
    """The address is the fault's."""
    async with client_of(scripted=True) as client:
        fault = Fault("redirect", code=code, location="http://other.invalid/x")
        await client.server.inject(fault)
        response = await client.http.get(PATH, allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (expected, fault.location)


async def test_the_same_page_for_ever() -> None:
    """Offsets do not help, and there is always a next one."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("repeat_page"))
        first = await client.json(PATH)
        second = await client.json(PATH, offset=300)
        assert first["results"] == second["results"]
        assert "next" in second["_links"]


async def test_pages_that_never_end() -> None:
    """Every page is full of sessions that no other page has."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("endless_pages"))
        pages = [await client.json(PATH, offset=offset) for offset in (0, 30, 9000)]
        assert all("next" in page["_links"] for page in pages)
        assert len({row["id"] for page in pages for row in page["results"]}) == 90


async def test_rows_shift_while_pages_are_read() -> None:
    """A session finishes between two pages: one row is seen twice, none is lost."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("insert_row"))
        rows = [row["id"] for row in await client.sessions()]
        assert len(rows) == 41
        assert len(set(rows)) == 40
        assert len(client.server.world.finished()) == 41


async def test_a_row_can_be_inserted_into_a_world_without_jobs() -> None:
    """It brings its job along."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        await client.server.inject(Fault("insert_row"))
        await client.json(PATH, offset=30)
        assert [job.name for job in client.server.world.jobs()] == ["Inserted"]


async def test_a_malformed_row_comes_on_top_of_the_others() -> None:
    """The other rows are all there."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("malformed_row", count=1))
        rows = (await client.json(PATH))["results"]
        assert rows[0]["id"] == 42
        assert len(rows) == 31


@pytest.mark.parametrize("field", ["status", "type", "bottleneck"])
async def test_a_word_that_nobody_knows(field: str) -> None:
    """In the first row of the page."""
    async with client_of(scripted=True) as client:
        await ready(client)
        await client.server.inject(Fault("unknown_word", field=field, word="Sleepwalking"))
        rows = (await client.json(PATH))["results"]
        assert "Sleepwalking" in json.dumps(rows[0])
        assert "Sleepwalking" not in json.dumps(rows[1:])


async def test_all_logons_end_at_once() -> None:
    """Refresh tokens still work unless they end completely."""
    async with client_of(scripted=True) as client:
        answer = await client.log_on()
        form = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
        await client.server.inject(Fault("expire_tokens"))
        assert (await client.get(PATH)).status == 401
        client.clock.moment += 2
        answer = await (await client.token(8, **form)).json()
        await client.server.inject(Fault("expire_tokens", completely=True))
        client.clock.moment += 2
        form["refresh_token"] = answer["refresh_token"]
        assert (await client.token(8, **form)).status == 400


async def test_the_password_changes() -> None:
    """The old one is refused, the new one works."""
    async with client_of(scripted=True, password="old") as client:
        await client.log_on()
        await client.server.inject(Fault("change_password", password="new"))
        assert client.server.password == "new"
        assert (await client.get(PATH)).status == 401
        client.clock.moment += 2
        name = client.server.username
        response = await client.token(8, grant_type="password", username=name, password="old")
        assert response.status == 400
        client.clock.moment += 2
        assert (await client.token()).status == 200


async def test_a_server_that_is_down_refuses_connections_and_comes_back_where_it_was() -> None:
    """Open connections break, too; history goes on meanwhile."""
    async with client_of(scripted=True) as client:
        await ready(client)
        url = client.server.url
        await client.server.stop_listening()
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(PATH)
        await client.server.resume()
        await client.server.resume()
        assert client.server.url == url
        assert (await client.get(PATH)).status == 200


async def test_connections_can_be_refused_for_a_time() -> None:
    """The control call itself is still answered."""
    async with simulate("vb365", scripted=True) as server, aiohttp.ClientSession() as http:
        body = {"kind": "refuse_connections", "seconds": 0.2}
        response = await http.post(f"{server.url}/_simulator/faults", json=body)
        assert response.status == 204
        await asyncio.sleep(0.1)
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"{server.url}/v8/Health")
        await asyncio.sleep(0.25)
        assert (await http.get(f"{server.url}/v8/Health")).status == 200
