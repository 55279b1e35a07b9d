"""Logging on to a simulated Microsoft 365 backup server."""

import pytest

from tests.support.simulated import client_of, seconds


async def test_a_password_buys_a_bearer_token_with_its_life_in_dotted_keys() -> None:
    """The answer has the documented keys, and the token opens the API."""
    async with client_of(scripted=True) as client:
        answer = await client.log_on()
        assert answer["token_type"] == "bearer"
        assert seconds(answer[".expires"]) - seconds(answer[".issued"]) == answer["expires_in"]
        assert seconds(answer[".issued"]) == client.clock.now()
        assert (await client.get("/v8/JobSessions")).status == 200


@pytest.mark.parametrize("version", [5, 6, 7, 8])
async def test_a_wrong_password_is_a_bad_request(version: int) -> None:
    """400, in OAuth's words up to version 5 and as a message since."""
    async with client_of(scripted=True) as client:
        response = await client.token(version, grant_type="password", username="x", password="y")
        body = await response.json()
        assert response.status == 400
        assert (body.get("error") == "invalid_grant") is (version == 5)
        assert ("message" in body) is (version >= 6)
        assert client.server.product.logons.counts["refused"] == 1


@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Basic abc"])
async def test_a_call_without_a_valid_token_is_refused_with_an_empty_body(token: str) -> None:
    """401 and nothing to parse."""
    async with client_of(scripted=True) as client:
        client.headers = {"Authorization": token} if token else {}
        response = await client.get("/v8/JobSessions")
        assert response.status == 401
        assert await response.read() == b""


async def test_a_token_expires_after_its_life() -> None:
    """The token works until `expires_in` seconds have passed."""
    async with client_of(scripted=True) as client:
        answer = await client.log_on()
        client.clock.moment += answer["expires_in"] - 1
        assert (await client.get("/v8/Jobs")).status == 200
        client.clock.moment += 1
        assert (await client.get("/v8/Jobs")).status == 401


async def test_a_refresh_token_buys_a_new_pair_and_the_old_pair_dies() -> None:
    """Old access token and old refresh token are of no use afterwards."""
    async with client_of(scripted=True) as client:
        old = await client.log_on()
        client.clock.moment += 2
        form = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
        new = await (await client.token(8, **form)).json()
        assert (await client.get("/v8/Jobs")).status == 401
        client.headers = {"Authorization": f"Bearer {new['access_token']}"}
        assert (await client.get("/v8/Jobs")).status == 200
        client.clock.moment += 2
        assert (await client.token(8, **form)).status == 400


@pytest.mark.parametrize("version", [7, 8])
async def test_logging_off_ends_the_logon_and_its_refresh_token(version: int) -> None:
    """204, then 401; the refresh token is dead too."""
    async with client_of(scripted=True) as client:
        answer = await client.log_on()
        path = f"/v{version}/token/logout"
        assert (await client.http.post(path, headers=client.headers)).status == 204
        assert (await client.get("/v8/Jobs")).status == 401
        assert client.server.product.logons.open(client.clock.now()) == 0
        client.clock.moment += 2
        form = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
        assert (await client.token(8, **form)).status == 400


async def test_version_6_has_no_log_off() -> None:
    """The path came with version 7."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        response = await client.http.post("/v6/token/logout", headers=client.headers)
        assert response.status == 404


async def test_logons_faster_than_one_a_second_are_throttled_since_version_6() -> None:
    """429 with Retry-After, however right the password; version 5 does not mind."""
    async with client_of(scripted=True) as client:
        assert (await client.token(6)).status == 200
        response = await client.token(6)
        assert response.status == 429
        assert response.headers["Retry-After"] == "1"
        assert (await client.token(5)).status == 200
        client.clock.moment += 1
        assert (await client.token(6)).status == 200


async def test_a_logon_may_be_json_since_version_6() -> None:
    """The same fields as a form."""
    async with client_of(scripted=True) as client:
        fields = {
            "grant_type": "password",
            "username": client.server.username,
            "password": client.server.password,
        }
        assert (await client.http.post("/v6/token", json=fields)).status == 200
        assert (await client.http.post("/v5/token", json=fields)).status == 400


@pytest.mark.parametrize("body", ["{", "[]"])
async def test_a_logon_that_is_no_object_is_a_bad_request(body: str) -> None:
    """Broken JSON has no user name in it."""
    async with client_of(scripted=True) as client:
        headers = {"Content-Type": "application/json"}
        response = await client.http.post("/v8/token", data=body, headers=headers)
        assert response.status == 400


@pytest.mark.parametrize("version", [5, 8])
async def test_an_unknown_grant_type_is_a_bad_request(version: int) -> None:
    """It is not taken for a password."""
    async with client_of(scripted=True) as client:
        assert (await client.token(version, grant_type="operator")).status == 400


async def test_paths_are_compared_without_case() -> None:
    """`/V8/TOKEN` is `/v8/token`."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        assert (await client.get("/V8/jobSESSIONS/")).status == 200


async def test_a_wrong_method_is_told_which_ones_there_are() -> None:
    """405 with Allow."""
    async with client_of(scripted=True) as client:
        response = await client.get("/v8/token")
        assert (response.status, response.headers["Allow"]) == (405, "POST")
