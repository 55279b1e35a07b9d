"""Logging on to a simulated Enterprise Manager."""

import base64
import json

import pytest

from tests.support.simulated_enterprise_manager import PASCAL, TOKEN, em_client, logged_on


async def test_everybody_may_ask_which_versions_there_are() -> None:
    """The root wants no logon, in JSON and in XML."""
    async with em_client(scripted=True, api_version="v11") as client:
        body = await client.json("/")
        assert [one["Name"] for one in body["SupportedVersions"]] == ["v1_5", "v1_6"]
        assert (await client.xml("/")).get("Type") == "EnterpriseManager"


async def test_a_password_buys_a_token_in_a_header_and_in_a_cookie() -> None:
    """The token is the id of the logon in base64."""
    async with em_client(scripted=True, api_version="v12") as client:
        response = await client.log_on()
        token = response.headers[TOKEN]
        assert response.headers["Set-Cookie"] == f"{TOKEN}={token}; Path=/api;"
        assert base64.b64decode(token).decode() == client.session_id
        assert (await client.get("/query", type="BackupServer")).status == 200


async def test_a_logon_is_answered_in_xml_unless_json_is_accepted() -> None:
    """The vendor's default."""
    async with em_client(scripted=True) as client:
        client.headers = {}
        credentials = f"{client.server.username}:{client.server.password}".encode()
        basic = f"Basic {base64.b64encode(credentials).decode()}"
        response = await client.http.post("/api/sessionMngr/", headers={"Authorization": basic})
        assert (response.status, response.content_type) == (201, "application/xml")
        assert b"<SessionId>" in await response.read()


@pytest.mark.parametrize("version", ["v1_4", "v1_7"])
async def test_a_version_that_is_not_served_is_a_bad_request(version: str) -> None:
    """Product 11 ends with 1.6."""
    async with em_client(scripted=True, api_version="v11") as client:
        assert (await client.logon(version=version)).status == 400
        assert (await client.logon(version="v1_6")).status == 201


async def test_a_wrong_password_is_unauthorized_with_a_message() -> None:
    """401 with the realm, counted."""
    async with em_client(scripted=True, api_version="v12") as client:
        response = await client.logon("wrong")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Basic Realm=RestSvc"
        assert (await response.json())["Message"] == "The user name or password is incorrect"
        assert client.product.logons.counts["refused"] == 1


@pytest.mark.parametrize("header", ["Bearer x", "Basic !", "Basic /w==", ""])
async def test_credentials_that_are_none_are_wrong_ones(header: str) -> None:
    """No crash on nonsense."""
    async with em_client(scripted=True) as client:
        headers = {"Authorization": header} if header else {}
        response = await client.http.post("/api/sessionMngr/?v=latest", headers=headers)
        assert response.status == 401


async def test_an_error_has_the_shape_of_the_format() -> None:
    """Small letters since 13, attributes in XML."""
    async with em_client(scripted=True) as client:
        body = json.loads(await (await client.get("/query")).text())
        assert (body["statusCode"], body["stackTrace"]) == (401, None)
        error = await client.xml("/query")
        assert (error.get("StatusCode"), error.get("Status")) == ("401", "Unauthorized")


async def test_a_logon_ends_after_fifteen_idle_minutes_and_every_request_renews_it() -> None:
    """Fourteen minutes twice are fine, fifteen are not."""
    async with logged_on(scripted=True) as client:
        for _request in range(2):
            client.clock.moment += 14 * 60
            assert (await client.get("/backupServers")).status == 200
        client.clock.moment += 15 * 60
        assert client.product.logons.open(client.clock.now()) == 0
        assert (await client.get("/backupServers")).status == 401


async def test_a_stale_cookie_breaks_a_good_header() -> None:
    """The cookie wins; a good one also makes up for a bad header."""
    async with logged_on(scripted=True) as client:
        good = client.headers[TOKEN]
        client.headers["Cookie"] = f"{TOKEN}=stale"
        assert (await client.get("/backupServers")).status == 401
        client.headers |= {"Cookie": f"{TOKEN}={good}", TOKEN: "bad"}
        assert (await client.get("/backupServers")).status == 200


async def test_a_cookie_that_cannot_be_read_is_none() -> None:
    """Then the header counts."""
    async with logged_on(scripted=True) as client:
        client.headers["Cookie"] = "(x)=1"
        assert (await client.get("/backupServers")).status == 200


async def test_logging_off_ends_the_own_logon_and_no_other() -> None:
    """204, then 401; somebody else stays."""
    async with logged_on(scripted=True) as client:
        path = f"/api/logonSessions/{client.session_id}"
        assert (await client.http.delete(path, headers=client.headers)).status == 204
        assert (await client.get("/backupServers")).status == 401
        assert client.product.logons.foreign is not None
        assert client.product.logons.counts["logoffs"] == 1


async def test_the_list_of_logons_shows_everybodys_the_foreign_one_first() -> None:
    """And it can be ended, which is counted."""
    async with logged_on(scripted=True) as client:
        found = (await client.json("/logonSessions"))["LogonSessions"]
        assert [one["UserName"] for one in found] == ["LAB\\operator", "svc-monitor"]
        foreign = found[0]["SessionId"]
        assert (await client.json(f"/logonSessions/{foreign}"))["SessionId"] == foreign
        path = f"/api/logonSessions/{foreign}"
        assert (await client.http.delete(path, headers=client.headers)).status == 204
        assert client.product.logons.counts["foreign_logoffs"] == 1
        assert len((await client.json("/logonSessions"))["LogonSessions"]) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_logon_is_an_internal_error(method: str) -> None:
    """500, as in the product."""
    async with logged_on(scripted=True) as client:
        path = "/api/logonSessions/none"
        assert (await client.http.request(method, path, headers=client.headers)).status == 500


async def test_expiring_and_changing_the_password_end_the_logons_of_the_account() -> None:
    """The new password works at once."""
    async with logged_on(scripted=True) as client:
        await client.control_fault(kind="expire_tokens")
        assert (await client.get("/backupServers")).status == 401
        await client.log_on()
        await client.control_fault(kind="change_password", password="new")
        assert (await client.get("/backupServers")).status == 401
        assert (await client.logon("new")).status == 201


async def test_unknown_paths_and_methods() -> None:
    """404 and 405, below the API and beside it."""
    async with logged_on(scripted=True) as client:
        assert (await client.get("/nowhere")).status == 404
        assert (await client.http.get("/index.html", headers=PASCAL)).status == 404
        assert (await client.http.post("/api/query", headers=client.headers)).status == 405


@pytest.mark.parametrize("version", ["v10", "v14", "latest"])
async def test_an_unknown_version_cannot_be_simulated(version: str) -> None:
    """The sentence names the known ones."""
    with pytest.raises(ValueError, match="v11, v12 and v13"):
        async with em_client(api_version=version):
            raise AssertionError
