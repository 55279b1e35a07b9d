"""Logging on to an appliance in Azure, and finding out which version it serves."""

import json

import pytest

from exporter.errors import (
    AuthenticationFailed,
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    SourceError,
)
from exporter.model import ServerInfo, Window
from exporter.sources.azure.logon import VERSIONS
from tests.sources.conftest import MakeAzure
from tests.support.azure_answers import TOKEN, TOKEN_PATH, page, policy, row, server_of
from tests.support.rest_world import NOW, Said, SmallServer

WINDOW = Window(start=NOW - 7200)
AGREEMENT = Said(
    json.dumps({"title": "Forbidden", "status": 403, "licenseAgreementAcceptanceRequired": True}),
    403,
)


async def test_one_logon_serves_all_polls_and_is_ended(
    server: SmallServer, azure: MakeAzure
) -> None:
    """By the token endpoint, which has no version, and with the token that is revoked."""
    server.answers = server_of("v8", page([]))
    source = azure()
    await source.fetch(WINDOW, ())
    await source.fetch(WINDOW, ())
    assert source.traffic().logons == 1
    await source.close()
    logon, logoff = server.of(TOKEN_PATH)
    assert logon.body == "grant_type=Password&username=svc-monitor&password=s3cret-p4ss"
    assert logon.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert (logoff.method, logoff.headers["Authorization"]) == ("DELETE", "Bearer t0ken")


async def test_an_account_with_multi_factor_authentication_is_told_apart(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It is answered with 200, without a token, and not asked again at once."""
    answer = {
        "access_token": None,
        "expires_in": 0,
        ".issued": "0001-01-01T00:00:00Z",
        "mfa_enabled": True,
        "mfa_token": "c1a2",
    }
    server.answers = server_of("v8", page([])) | {f"POST {TOKEN_PATH}": Said(json.dumps(answer))}
    source = azure()
    for _ in range(2):
        with pytest.raises(AuthenticationFailed, match="multi-factor"):
            await source.fetch(WINDOW, ())
    assert source.traffic().logons == 1


@pytest.mark.parametrize("status", [400, 401])
async def test_a_refused_password_is_not_tried_again_at_the_next_poll(
    server: SmallServer, azure: MakeAzure, status: int
) -> None:
    """Until the logon is forgotten, because the password has changed. No message repeats it."""
    refusal = Said('{"title": "Wrong: s3cret-p4ss", "status": 401}', status)
    server.answers = server_of("v8", page([])) | {f"POST {TOKEN_PATH}": [refusal, TOKEN]}
    source = azure()
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="refused the user name") as caught:
            await source.fetch(WINDOW, ())
        assert "s3cret" not in str(caught.value)
    assert source.traffic().logons == 1
    source.forget_logon()
    await source.fetch(WINDOW, ())
    assert source.traffic().logons == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said('{"error": "unsupported_grant_type"}', 400), HttpFailed),
        (Said("", 404), NotFound),
        (Said("", 500), HttpFailed),
        (Said("", 403), Forbidden),
        (Said("<html>", 200), ParseFailed),
    ],
)
async def test_other_answers_to_a_logon_are_no_refusal(
    server: SmallServer, azure: MakeAzure, answer: Said, error: type[SourceError]
) -> None:
    """They lock nobody out, so the next poll tries again."""
    server.answers = server_of("v8", page([])) | {f"POST {TOKEN_PATH}": answer}
    source = azure()
    for _ in range(2):
        with pytest.raises(error):
            await source.fetch(WINDOW, ())
    assert source.traffic().logons >= 2


@pytest.mark.parametrize("where", [f"POST {TOKEN_PATH}", "GET /api/v8/jobSessions"])
async def test_a_licence_agreement_to_accept_has_its_own_sentence(
    server: SmallServer, azure: MakeAzure, where: str
) -> None:
    """After an upgrade every call is forbidden until somebody accepts it."""
    server.answers = server_of("v8", page([])) | {where: AGREEMENT}
    with pytest.raises(
        Forbidden, match=r"licence agreement is accepted; log on to the web console"
    ):
        await azure().fetch(WINDOW, ())


@pytest.mark.parametrize("body", ['{"title": "Forbidden"}', "", "[1]", b"\xff"])
async def test_any_other_403_is_a_plain_one(
    server: SmallServer, azure: MakeAzure, body: str | bytes
) -> None:
    """Whatever its body."""
    server.answers = server_of("v8", Said(body, 403))
    with pytest.raises(Forbidden, match="was answered with 403 Forbidden"):
        await azure().fetch(WINDOW, ())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", [200, 401, 403])
async def test_the_newest_served_version_is_negotiated_without_a_password(
    server: SmallServer, azure: MakeAzure, version: str, status: int
) -> None:
    """A version that answers at all is served; it is asked for once."""
    server.answers = server_of(version, page([]))
    server.answers[f"GET /api/{version}/system/about"] = [
        Said("{}", status),
        Said('{"serverVersion": "x"}'),
    ]
    source = azure(None)
    harvest = await source.fetch(WINDOW, ())
    await source.fetch(WINDOW, ())
    assert harvest.info.api_version == version
    probes = server.seen[: VERSIONS.index(version) + 1]
    assert [one.path for one in probes] == [
        f"/api/{older}/system/about" for older in VERSIONS[: len(probes)]
    ]
    assert all("Authorization" not in one.headers for one in probes)
    assert len([path for path in server.paths() if path.endswith("/about")]) == len(probes) + 1


async def test_a_version_1_without_about_is_known_by_its_sessions(
    server: SmallServer, azure: MakeAzure
) -> None:
    """They are what it documents; what it has not is no failing endpoint, and asked for once."""
    server.answers = server_of("v1", [Said("", 401), page([row("s1")])])
    del server.answers["GET /api/v1/system/about"]
    source = azure(None)
    harvest = await source.fetch(WINDOW, ())
    assert harvest.info.api_version == "v1"
    asked = server.paths().count("/api/v1/system/about")
    assert "about" not in (await source.fetch(WINDOW, ())).endpoints
    assert server.paths().count("/api/v1/system/about") == asked


async def test_a_start_page_of_the_web_console_is_no_served_version(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Consoles answer addresses that they do not know with it."""
    server.answers = server_of("v7", page([]))
    server.answers["GET /api/v8/system/about"] = Said("<!doctype html>")
    assert (await azure(None).fetch(WINDOW, ())).info.api_version == "v7"


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ({}, NotFound, "Veeam Backup for Microsoft Azure appliance"),
        ({"GET /api/v5/system/about": Said("<html>")}, ParseFailed, "GET /api/v5/system/about"),
        ({"GET /api/v8/system/about": Said("", 500)}, HttpFailed, "GET /api/v8/system/about"),
    ],
)
async def test_a_server_that_serves_no_version_is_another_one(
    server: SmallServer,
    azure: MakeAzure,
    answers: dict[str, object],
    error: type[SourceError],
    words: str,
) -> None:
    """The sentence says what stands there instead; no password is sent."""
    server.answers = answers
    with pytest.raises(error, match=words):
        await azure(None).fetch(WINDOW, ())
    assert not server.of(TOKEN_PATH)


async def test_an_upgraded_appliance_is_asked_again(server: SmallServer, azure: MakeAzure) -> None:
    """Old versions go with an upgrade; a pinned version stays pinned."""
    server.answers = server_of("v5", page([]))
    del server.answers["GET /api/v5/policies/cosmosDb"]
    negotiated, pinned = azure(None), azure("v5")
    await negotiated.fetch(WINDOW, ())
    server.answers = server_of("v8", page([]))
    server.answers["GET /api/v8/policies/cosmosDb"] = page([policy()])
    server.answers["GET /api/v8/system/about"] = Said('{"serverVersion": "8.0.0.9"}')
    with pytest.raises(NotFound, match=r"404 Not Found$"):
        await negotiated.fetch(WINDOW, ())
    harvest = await negotiated.fetch(WINDOW, ())
    assert harvest.info == ServerInfo("8.0.0.9", "v8")
    assert len(harvest.jobs) == 1
    for _poll in range(2):
        with pytest.raises(NotFound, match=r"serve v5\? The api_version auto finds out$"):
            await pinned.fetch(WINDOW, ())
