"""Logging on to a simulated appliance in Azure, and which versions it answers to."""

import pytest

from exporter.simulator import Fault, simulate
from tests.support.simulated import seconds
from tests.support.simulated_azure import TOKEN, azure

SERVED = {
    "v1": {"v1"},
    "v2": {"v2"},
    "v3": {"v2", "v3"},
    "v4": {"v2", "v3", "v4"},
    "v5": {"v3", "v4", "v5"},
    "v6": {"v4", "v5", "v6"},
    "v7": {"v5", "v6", "v7"},
    "v8": {"v6", "v7", "v8"},
    "v8.1": {"v6", "v7", "v8", "v8.1"},
}
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("newest", SERVED)
async def test_an_appliance_answers_to_its_version_and_to_few_older_ones(newest: str) -> None:
    """Without a token 401 tells that a version is served, 404 that it is not."""
    async with azure(newest, scripted=True) as client:
        answers = {}
        for version in SERVED:
            response = await client.http.get(f"/api/{version}/system/about")
            answers[version] = response.status
        assert {version for version, status in answers.items() if status == 401} == SERVED[newest]
        assert set(answers.values()) <= {401, 404}
        await client.log_on()
        assert (await client.json("system/about"))["serverVersion"].startswith(newest[1:])


async def test_a_version_that_never_was_cannot_be_simulated() -> None:
    """The sentence names those that can."""
    with pytest.raises(ValueError, match=r"v1 to v8\.1"):
        async with simulate("azure", api_version="v9"):
            pass


@pytest.mark.parametrize("version", ["v1", "v8.1"])
async def test_a_password_buys_a_bearer_token(version: str) -> None:
    """The path has no version; the life of the token stands in dotted keys."""
    async with azure(version, scripted=True) as client:
        answer = await client.log_on()
        assert answer["token_type"] == "bearer"
        assert seconds(answer[".expires"]) - seconds(answer[".issued"]) == answer["expires_in"]
        assert answer["mfa_enabled"] is False
        assert (await client.ask("jobSessions")).status == 200


@pytest.mark.parametrize("grant", ["password", "Password", "PASSWORD"])
async def test_names_of_fields_and_grants_are_compared_without_case(grant: str) -> None:
    """`Username` is `username`."""
    async with azure(scripted=True) as client:
        form = {"GRANT_TYPE": grant, "Username": client.server.username}
        assert (await client.token(**form, password=client.server.password)).status == 200


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "Password", "username": "svc-monitor", "password": "wrong"},
        {"grant_type": "Refresh_token", "refresh_token": "wrong"},
        {"grant_type": "Saml", "saml_response": "x"},
    ],
)
async def test_a_wrong_logon_is_a_bad_request(form: dict[str, str]) -> None:
    """400 as a problem document."""
    async with azure(scripted=True) as client:
        response = await client.token(**form)
        assert (response.status, response.content_type) == (400, PROBLEM)
        assert (await response.json())["status"] == 400


async def test_a_logon_is_a_form() -> None:
    """JSON has no fields that it knows."""
    async with azure(scripted=True) as client:
        fields = {"grant_type": "Password", "username": client.server.username}
        assert (await client.http.post(TOKEN, json=fields)).status == 400


@pytest.mark.parametrize("token", ["", "Bearer nonsense"])
async def test_a_call_without_a_valid_token_is_refused_as_a_problem(token: str) -> None:
    """401; so is logging off."""
    async with azure(scripted=True) as client:
        client.headers = {"Authorization": token} if token else {}
        response = await client.ask("jobSessions")
        assert (response.status, response.content_type) == (401, PROBLEM)
        assert (await client.http.delete(TOKEN, headers=client.headers)).status == 401


async def test_a_refresh_token_buys_a_new_pair_and_the_old_pair_dies() -> None:
    """The grant is called `Refresh_token`."""
    async with azure(scripted=True) as client:
        old = await client.log_on()
        form = {"grant_type": "Refresh_token", "refresh_token": old["refresh_token"]}
        new = await (await client.token(**form)).json()
        assert (await client.ask("jobSessions")).status == 401
        client.headers = {"Authorization": f"Bearer {new['access_token']}"}
        assert (await client.ask("jobSessions")).status == 200
        assert (await client.token(**form)).status == 400


async def test_logging_off_ends_the_logon() -> None:
    """204, and nothing is open any more."""
    async with azure(scripted=True) as client:
        await client.log_on()
        assert (await client.http.delete(TOKEN, headers=client.headers)).status == 204
        assert (await client.ask("jobSessions")).status == 401
        assert client.server.product.logons.open(client.clock.now()) == 0
        assert (await client.http.get(TOKEN)).status == 405


async def test_an_account_with_a_second_factor_gets_no_token() -> None:
    """200 without an access token; a wrong password is still a wrong one."""
    async with azure(scripted=True) as client:
        await client.server.inject(Fault("mfa"))
        answer = await (await client.token()).json()
        assert (answer["access_token"], answer["expires_in"]) == (None, 0)
        assert answer["mfa_enabled"]
        assert answer["mfa_token"]
        assert client.server.product.logons.open(client.clock.now()) == 0
        wrong = {"grant_type": "Password", "username": "svc-monitor", "password": "x"}
        assert (await client.token(**wrong)).status == 400


async def test_a_waiting_licence_agreement_forbids_everything_but_logging_on() -> None:
    """403 that says why, until somebody accepts it."""
    async with azure(scripted=True) as client:
        await client.control("POST", "faults", kind="licence")
        await client.log_on()
        for path in ("jobSessions", "policies/sql", "system/about"):
            response = await client.ask(path)
            assert (response.status, response.content_type) == (403, PROBLEM)
            assert (await response.json())["licenseAgreementAcceptanceRequired"] is True
        await client.control("DELETE", "faults")
        assert (await client.ask("jobSessions")).status == 200


async def test_paths_are_compared_without_case_and_others_are_not_there() -> None:
    """404 for an unknown path, 405 for a wrong method."""
    async with azure(scripted=True) as client:
        await client.log_on()
        assert (await client.ask("JOBsessions")).status == 200
        assert (await client.ask("nothing")).status == 404
        assert (await client.http.get("/api/token")).status == 404
        response = await client.ask("jobSessions", "PUT")
        assert (response.status, response.headers["Allow"]) == (405, "GET")
