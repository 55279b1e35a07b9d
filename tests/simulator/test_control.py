"""The control API, and a simulated server as a whole."""

import asyncio
import ssl
from email.utils import parsedate_to_datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest
from cryptography import x509

from exporter.simulator import SimulatedServer, SimulatorOptions, control, serve_forever, simulate
from tests.support.simulated import NOON, client_of, seconds


async def test_jobs_and_sessions_are_written_over_http() -> None:
    """Times that are not positive count from now."""
    async with client_of(scripted=True) as client:
        job = await client.control("POST", "jobs", 201, name="Mail", organization="example.org")
        session = {"job_id": job["id"], "started": -90, "ended": -30, "status": "Failed"}
        session["figures"] = {"transferred_bytes": 9}
        made = await client.control("POST", "sessions", 201, **session)
        await client.log_on()
        (row,) = await client.sessions()
        assert row["id"] == made["id"]
        assert (row["status"], seconds(row["endTime"])) == ("Failed", NOON - 30)
        assert row["statistics"]["transferredDataBytes"] == 9
        await client.control("PATCH", "sessions", id=made["id"], status="Success")
        assert (await client.sessions())[0]["status"] == "Success"
        await client.control("DELETE", "sessions", id=made["id"])
        assert await client.sessions() == []


async def test_jobs_are_renamed_disabled_and_deleted_over_http() -> None:
    """The list of jobs follows."""
    async with client_of(history=3600) as client:
        job = (await client.control("GET", "jobs", 200))["jobs"][0]
        await client.control("PATCH", "jobs", id=job["id"], name="New", enabled=False)
        await client.log_on()
        row = await client.json(f"/v8/Jobs/{job['id']}")
        assert (row["name"], row["isEnabled"]) == ("New", False)
        await client.control("DELETE", "jobs", id=job["id"])
        assert (await client.get(f"/v8/Jobs/{job['id']}")).status == 404


async def test_the_truth_lists_finished_sessions_by_their_end() -> None:
    """From a moment on, if asked; hidden and deleted ones if asked for all."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        job = world.add_job("Mail")
        for minute in (3, 1, 2):
            world.add_session(job, NOON - 600, NOON - 60 * minute, id=f"run-{minute}")
        world.add_session(job, NOON - 600)
        world.add_session(job, NOON - 600, NOON - 500, id="hidden", visible_from=NOON + 1)
        told = await client.control("GET", "truth", 200)
        assert [row["id"] for row in told["sessions"]] == ["run-3", "run-2", "run-1"]
        assert told["sessions"][0]["job_name"] == "Mail"
        late = await client.control("GET", f"truth?since={NOON - 120}", 200)
        assert [row["id"] for row in late["sessions"]] == ["run-2", "run-1"]
        everything = await client.control("GET", "truth?all=true", 200)
        assert everything["sessions"][0]["id"] == "hidden"


async def test_requests_and_logons_are_counted() -> None:
    """Ids in paths are counted together; control calls are not counted."""
    async with client_of(history=86400) as client:
        await client.log_on()
        for row in (await client.sessions())[:3]:
            await client.json(f"/v8/JobSessions/{row['id']}")
        told = await client.control("GET", "requests", 200)
        rows = {(row["request"], row["status"]): row["count"] for row in told["requests"]}
        assert rows["GET /v8/jobsessions/{id}", 200] == 3
        assert sum(rows.values()) == 5
        assert (told["logons"], told["open_logons"]) == (1, 1)
        assert client.server.log[1].query == "offset=0"


async def test_the_server_may_have_another_time() -> None:
    """Date, timestamps, filters and the truth are all by its own clock."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("Mail"), NOON - 600, NOON - 60)
        await client.log_on()
        await client.control("POST", "clock", offset_seconds=7200)
        response = await client.get("/v8/JobSessions", endTimeLowerBound="2027-01-15T09:58:00Z")
        assert parsedate_to_datetime(response.headers["Date"]).timestamp() == NOON + 7200
        (row,) = (await response.json())["results"]
        assert seconds(row["endTime"]) == NOON + 7140
        assert control.truth(client.server)[0]["end"] == NOON + 7140


@pytest.mark.parametrize(
    ("method", "call", "body", "status"),
    [
        ("GET", "secrets", {}, 404),
        ("POST", "faults", {"kind": "earthquake"}, 400),
        ("POST", "faults", {"kind": "slow", "until": 1}, 400),
        ("POST", "faults", {"kind": "slow", "delay": "long"}, 400),
        ("POST", "faults", {"kind": "status", "count": "2"}, 400),
        ("POST", "jobs", {"kind": "Copy"}, 400),
        ("POST", "jobs", {"name": "Mail", "colour": "red"}, 400),
        ("DELETE", "sessions", {"id": "nobody"}, 400),
        ("POST", "sessions", {"started": -5, "colour": "red"}, 400),
        ("POST", "clock", {"offset_seconds": None}, 400),
    ],
)
async def test_a_control_call_that_makes_no_sense_says_why(
    method: str, call: str, body: dict[str, Any], status: int
) -> None:
    """In one sentence."""
    async with client_of(scripted=True) as client:
        assert (await client.control(method, call, status, **body))["error"]


@pytest.mark.parametrize("body", ["[1]", "{"])
async def test_a_control_call_takes_an_object(body: str) -> None:
    """Nothing else."""
    async with client_of(scripted=True) as client:
        response = await client.http.post("/_simulator/faults", data=body)
        assert response.status == 400


async def test_faults_are_given_and_taken_over_http() -> None:
    """Until they are taken away."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        await client.control("POST", "faults", kind="status", code=503)
        assert (await client.get("/v8/Jobs")).status == 503
        await client.control("DELETE", "faults")
        assert (await client.get("/v8/Jobs")).status == 200


@pytest.mark.parametrize(
    ("remote", "here"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("fe80::1%eth0", False)],
)
def test_the_control_api_answers_this_machine_only(remote: str, here: bool) -> None:
    """Whoever else can reach the port cannot change the play."""
    assert control._from_here(remote) is here
    assert not control._from_here(None)


async def test_a_stranger_is_refused_by_the_control_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """403 and a sentence."""
    async with client_of(scripted=True) as client:
        monkeypatch.setattr(control, "_from_here", lambda _remote: False)
        assert "machine" in (await client.control("GET", "truth", 403))["error"]


async def test_tls_with_a_certificate_of_its_own() -> None:
    """Whoever trusts it gets in, whoever does not is told by TLS."""
    async with (
        simulate("vb365", tls=True, scripted=True) as server,
        aiohttp.ClientSession() as http,
    ):
        trusting = ssl.create_default_context(cadata=server.certificate.pem.decode())
        async with http.get(f"{server.url}/v8/Health", ssl=trusting) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"{server.url}/v8/Health")
        der = ssl.PEM_cert_to_DER_cert(server.certificate.pem.decode())
        assert sha256(der).hexdigest() == server.certificate.sha256


@pytest.mark.parametrize("host", ["backup.example.org", "192.0.2.7"])
async def test_the_certificate_names_the_host_it_listens_on(host: str) -> None:
    """Beside this machine's own names."""
    server = SimulatedServer(SimulatorOptions("vb365", listen=f"{host}:0", tls=True))
    certificate = x509.load_pem_x509_certificate(server.certificate.pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert host in {*names.get_values_for_type(x509.DNSName), *addresses}
    assert str(ip_address("::1")) in addresses


async def test_an_ipv6_address_stands_in_brackets() -> None:
    """As URLs want it."""
    server = SimulatedServer(SimulatorOptions("vb365", listen="[::1]:4443"))
    assert server.url == "http://[::1]:4443"


@pytest.mark.parametrize(
    ("product", "listen"),
    [("vb999", "127.0.0.1:0"), ("vb365", "localhost"), ("vb365", "localhost:65536")],
)
async def test_what_cannot_be_simulated_is_said_in_a_sentence(product: str, listen: str) -> None:
    """Before anything listens."""
    with pytest.raises(ValueError, match=r"vb365|localhost"):
        SimulatedServer(SimulatorOptions(product, listen=listen))


async def test_a_server_for_the_command_announces_itself_and_lives_until_cancelled() -> None:
    """The announcement has all that a configuration needs."""
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    options = SimulatorOptions("vb365", jobs=2)
    task = asyncio.create_task(serve_forever(options, told.put_nowait))
    line = await told.get()
    assert set(line) == {"product", "url", "username", "password"}
    async with aiohttp.ClientSession() as http:
        assert (await http.get(f"{line['url']}/v8/Health")).status == 200
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"{line['url']}/v8/Health")
