"""Whole polls of a small VB365 server: which requests are sent and what the harvest holds."""

import json
import logging
import re
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from exporter.config.values import Selection
from exporter.errors import (
    AuthenticationFailed,
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    RateLimited,
    SourceError,
)
from exporter.log import facts
from exporter.model import Job, OpenSession, Result, ServerInfo, Session, State, Window
from exporter.sources import SOURCES
from exporter.sources.times import utc_text
from tests.sources.conftest import MakeSource
from tests.support.rest_world import NOW, Said, SmallServer, StillClock
from tests.support.vb365_answers import (
    COPY_JOB,
    JOB,
    TOKEN,
    by_filter,
    job,
    page,
    paged,
    row,
    server_of,
    source_for,
)

WINDOW = Window(start=NOW - 7200)
FIRST = Window(start=NOW - 14 * 86400, first=True)


def at(seconds_ago: float) -> str:
    return utc_text(NOW - seconds_ago)


def open_session(session_id: str, kind: str = "Backup", name: str = "Mail") -> OpenSession:
    job_id = JOB if kind in ("Backup", "Copy") else ""
    session = Session(session_id, job_id, name, kind, State.RUNNING, None, NOW - 9e5, None)
    return OpenSession(session, NOW - 60)


def include(*words: str) -> Selection:
    return Selection(tuple(map(re.compile, words)))


async def test_a_poll_brings_sessions_jobs_and_the_server(
    server: SmallServer, source: MakeSource
) -> None:
    """Everything of v8 in one harvest."""
    server.answers = server_of(8, page([row("s1")]))
    harvest = await source().fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == ["s1"]
    assert harvest.sessions[0].job_name == "Mail"
    assert harvest.info == ServerInfo("8.1.0.305", "v8")
    assert harvest.job_list
    assert harvest.listed_types == {"Backup", "Copy"}
    assert harvest.skipped_rows == 0
    assert harvest.gone == ()
    assert all(harvest.endpoints.values())
    assert set(harvest.endpoints) == {
        "sessions",
        "jobs",
        "copy_jobs",
        "organizations",
        "repositories",
        "service_instance",
    }


@pytest.mark.parametrize("version", [5, 6, 7, 8])
async def test_jobs_are_known_with_what_they_belong_to(
    server: SmallServer, source: MakeSource, version: int
) -> None:
    """Arrays up to v7, pages from v8; a copy job has the organization of its original."""
    server.answers = server_of(version, page([]))
    harvest = await source(version).fetch(WINDOW, ())
    common: dict[str, Any] = {
        "organization": "contoso",
        "repository": "Repo1",
        "policy_type": "EntireOrganization",
        "enabled": True,
        "next_run": 1700013600.0,
    }
    assert harvest.jobs == (
        Job(JOB, "Mail", ("Backup",), **common),
        Job(COPY_JOB, "Mail copy", ("Copy",), **common),
    )
    assert harvest.info == ServerInfo("8.1.0.305", f"v{version}")


async def test_before_v8_a_jobs_organization_is_the_end_of_a_link(
    server: SmallServer, source: MakeSource
) -> None:
    """And so is its repository, where the id is missing."""
    links = {
        "organization": {"href": "/v7/organizations/6F1B0A0E-0000-4000-8000-000000000001"},
        "backupRepository": {"href": "/v7/backuprepositories/a7f1e1f0-0c3d-4a63-9d0c-1d8a0a3c9b11"},
    }
    server.answers = server_of(7, page([]))
    listed = job(organizationId=None, repositoryId=None, _links=links)
    server.answers["GET /v7/Jobs"] = Said(json.dumps([listed]))
    first = (await source(7).fetch(WINDOW, ())).jobs[0]
    assert (first.organization, first.repository) == ("contoso", "Repo1")


async def test_the_window_is_sent_in_utc_and_encoded(
    server: SmallServer, source: MakeSource
) -> None:
    """From v6 on the list has a lower bound, v8 a list of running sessions beside it."""
    server.answers = server_of(8, page([]))
    await source().fetch(WINDOW, ())
    queries = [one.query for one in server.of("/v8/JobSessions")]
    assert queries == [
        "limit=1000&offset=0&endTimeLowerBound=2023-11-14T20%3A13%3A20Z",
        "limit=1000&offset=0&status=Running",
    ]


async def test_running_sessions_that_the_bound_hides_are_found_in_v8(
    server: SmallServer, source: MakeSource
) -> None:
    """Whether the bound includes them is not documented."""
    running = row("r1", status="Running", endTime=None, creationTime=at(60))
    server.answers = server_of(8, by_filter(page([row("s1")]), page([running])))
    harvest = await source().fetch(WINDOW, ())
    assert {one.id: one.state for one in harvest.sessions} == {
        "s1": State.FINISHED,
        "r1": State.RUNNING,
    }


@pytest.mark.parametrize("status", [400, 404])
async def test_a_server_without_the_status_filter_is_read_from_the_newest(
    server: SmallServer, source: MakeSource, status: int
) -> None:
    """Then the newest sessions are looked through instead."""
    running = row("r1", status="Running", endTime=None, creationTime=at(60))
    newest = by_filter(Said("", status), page([running]), key="status")
    server.answers = server_of(8, by_filter(page([]), newest))
    harvest = await source().fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == ["r1"]


@pytest.mark.parametrize("version", [6, 7])
async def test_sessions_that_have_just_begun_are_found_among_the_newest(
    server: SmallServer, source: MakeSource, version: int
) -> None:
    """One short unfiltered page a poll, as long as it reaches back to the window's start."""
    running = row("r1", status="Running", endTime=None, creationTime=at(60))
    old = row("old", creationTime=at(8000), endTime=at(7900))
    server.answers = server_of(version, by_filter(page([]), page([running, old], more=True)))
    harvest = await source(version).fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == ["r1"]
    assert [one.query for one in server.of(f"/v{version}/JobSessions")][1:] == [
        "limit=100&offset=0"
    ]


async def test_newest_pages_are_read_on_until_the_windows_start(
    server: SmallServer, source: MakeSource
) -> None:
    """Many sessions may have begun since the last poll."""
    rows = [
        row(f"s{n}", creationTime=at(60 * n), endTime=None, status="Running") for n in range(300)
    ]
    server.answers = server_of(7, by_filter(page([]), paged(rows)))
    harvest = await source(7).fetch(WINDOW, ())
    assert len(harvest.sessions) == 200
    assert len(server.of("/v7/JobSessions")) == 3


async def test_the_first_poll_looks_for_running_sessions_one_day_back(
    server: SmallServer, source: MakeSource
) -> None:
    """Its window is long, and the filtered list holds what has ended."""

    async def newest(request: web.Request) -> web.Response:
        offset = int(request.query["offset"])
        rows = [row(f"s{n}", creationTime=at(600 * n)) for n in range(offset, offset + 100)]
        date = {"Date": formatdate(NOW, usegmt=True)}
        return web.Response(body=page(rows, more=True).body.encode(), headers=date)

    async def dated(_request: web.Request) -> web.Response:
        return web.Response(body=b"[]", headers={"Date": formatdate(NOW, usegmt=True)})

    server.answers = server_of(7, by_filter(page([]), newest))
    server.answers |= {"GET /v7/Jobs": dated, "GET /v7/CopyJobs": dated}
    await source(7).fetch(FIRST, ())
    assert [one.query_items["offset"] for one in server.of("/v7/JobSessions")] == [
        "0",
        "0",
        "100",
    ]


async def test_unordered_newest_pages_are_not_read_on(
    server: SmallServer, source: MakeSource
) -> None:
    """They prove nothing, and the filtered list has been read anyway."""
    rows = [row("a", creationTime=at(100)), row("b", creationTime=at(50))]
    server.answers = server_of(7, by_filter(page([]), page(rows, more=True)))
    await source(7).fetch(WINDOW, ())
    assert len(server.of("/v7/JobSessions")) == 2


async def test_v5_is_read_newest_first_until_a_whole_page_is_too_old(
    server: SmallServer, source: MakeSource
) -> None:
    """It has no filter, and a history of years is not read again and again."""
    rows = [row(f"s{n}", creationTime=at(600 * n), endTime=at(600 * n)) for n in range(500)]
    server.answers = server_of(5, paged(rows))
    harvest = await source(5, page_size=10).fetch(WINDOW, ())
    assert [one.query for one in server.of("/v5/JobSessions")] == [
        "limit=10&offset=0",
        "limit=10&offset=10",
        "limit=10&offset=20",
    ]
    assert [one.id for one in harvest.sessions] == [f"s{n}" for n in range(13)]


async def test_v5_is_read_to_the_end_when_it_is_not_newest_first(
    server: SmallServer, source: MakeSource
) -> None:
    """An early end is only safe where the order was verified."""
    rows = [row(f"s{n}", creationTime=at(600 * (50 - n)), endTime=None) for n in range(50)]
    server.answers = server_of(5, paged(rows))
    harvest = await source(5, page_size=10).fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == [f"s{n}" for n in range(38, 50)]


async def test_a_long_first_window_is_read_in_parallel_with_progress(
    server: SmallServer, source: MakeSource
) -> None:
    """Every page once, even when the server answers fewer rows than asked for."""
    rows = [row(f"s{n}", creationTime=at(n)) for n in range(105)]
    server.answers = server_of(8, by_filter(paged(rows, most=20), page([])))
    told: list[tuple[int, int]] = []
    harvest = await source().fetch(FIRST, (), lambda pages, count: told.append((pages, count)))
    assert len(harvest.sessions) == 105
    assert told[:3] == [(1, 20), (2, 40), (3, 60)]
    assert told[-1] == (7, 105)


async def test_an_open_session_outside_the_lists_is_asked_for_by_its_id(
    server: SmallServer, source: MakeSource
) -> None:
    """However long it runs; a listed one is not asked for again."""
    server.answers = server_of(8, page([row("listed", status="Running", endTime=None)])) | {
        "GET /v8/JobSessions/long": Said(json.dumps(row("LONG", status="Failed", jobId="gone")))
    }
    follow = (open_session("long", name="Old name"), open_session("listed"))
    harvest = await source().fetch(WINDOW, follow)
    by_id = {one.id: one for one in harvest.sessions}
    assert by_id["long"].result is Result.FAILED
    assert by_id["long"].job_name == "Old name"
    assert "/v8/JobSessions/listed" not in server.paths()


async def test_an_open_session_that_the_server_forgot_is_gone(
    server: SmallServer, source: MakeSource
) -> None:
    """404 is an answer, not a failure."""
    server.answers = server_of(8, page([]))
    harvest = await source().fetch(WINDOW, (open_session("lost/../x"),))
    assert harvest.gone == ("lost/../x",)
    assert harvest.endpoints["session"] is True


async def test_an_open_session_that_cannot_be_read_stays_open(
    server: SmallServer, source: MakeSource
) -> None:
    """The poll is complete without it, and the endpoint shows the failure."""
    server.answers = server_of(8, page([])) | {"GET /v8/JobSessions/s1": Said("", 500)}
    harvest = await source().fetch(WINDOW, (open_session("s1"),))
    assert (harvest.sessions, harvest.gone) == ((), ())
    assert harvest.endpoints["session"] is False


async def test_an_open_session_with_an_unreadable_answer_is_skipped(
    server: SmallServer, source: MakeSource
) -> None:
    """And counted like any malformed row."""
    server.answers = server_of(8, page([])) | {"GET /v8/JobSessions/s1": Said("<html>")}
    harvest = await source().fetch(WINDOW, (open_session("s1"),))
    assert harvest.skipped_rows == 1


async def test_open_sessions_of_jobs_that_are_not_wanted_are_not_asked_for(
    server: SmallServer, source: MakeSource
) -> None:
    """The configuration may have changed since they were seen."""
    server.answers = server_of(8, page([row("s1", jobId=COPY_JOB)]))
    harvest = await source(jobs=include(".*copy")).fetch(WINDOW, (open_session("s9"),))
    assert [one.id for one in harvest.sessions] == ["s1"]
    assert [one.name for one in harvest.jobs] == ["Mail copy"]
    assert "/v8/JobSessions/s9" not in server.paths()


async def test_a_finished_reading_wins_over_an_open_one(
    server: SmallServer, source: MakeSource
) -> None:
    """A session may end while the lists are read, and lists may be cached."""
    running = row("s1", status="Running", endTime=None)
    server.answers = server_of(8, by_filter(page([row("s1")]), page([running])))
    harvest = await source().fetch(WINDOW, ())
    assert [one.state for one in harvest.sessions] == [State.FINISHED]


async def test_restores_and_retrievals_are_read_only_when_included(
    server: SmallServer, source: MakeSource
) -> None:
    """The default set is Backup and Copy."""
    restore = {"id": "r1", "creationTime": at(60), "state": "Working"}
    retrieval = {"id": "d1", "creationTime": at(60), "status": "Success"}
    server.answers = server_of(8, page([])) | {
        "GET /v8/RestoreSessions": page([restore]),
        "GET /v8/DataRetrievalSessions": page([retrieval]),
        "GET /v8/RestoreSessions/r0": Said(json.dumps({**restore, "id": "r0"})),
    }
    assert (await source().fetch(WINDOW, ())).sessions == ()
    wanted = source(session_types=include(".*"))
    harvest = await wanted.fetch(WINDOW, (open_session("r0", "Restore", ""),))
    assert {(one.id, one.session_type) for one in harvest.sessions} == {
        ("r1", "Restore"),
        ("d1", "DataRetrieval"),
        ("r0", "Restore"),
    }
    assert server.of("/v8/RestoreSessions")[0].query_items["startTimeFrom"] == at(7200)


async def test_a_forbidden_extra_list_shows_but_does_not_fail_the_poll(
    server: SmallServer, source: MakeSource
) -> None:
    """Version 5 has no retrievals, and an account may not see restores."""
    server.answers = server_of(5, page([])) | {"GET /v5/RestoreSessions": Said("", 403)}
    harvest = await source(5, session_types=include(".*")).fetch(WINDOW, ())
    assert harvest.endpoints["restore_sessions"] is False
    assert harvest.endpoints["data_retrieval_sessions"] is False
    assert server.of("/v5/RestoreSessions")[0].query == "limit=1000&offset=0"


@pytest.mark.parametrize(
    "optional",
    [
        ("Jobs", "jobs"),
        ("CopyJobs", "copy_jobs"),
        ("Organizations", "organizations"),
        ("BackupRepositories", "repositories"),
        ("ServiceInstance", "service_instance"),
    ],
)
@pytest.mark.parametrize("answer", [Said("", 403), Said("", 500), Said("<html>"), Said('{"a":1')])
async def test_optional_endpoints_fail_alone_and_their_facts_stay(
    server: SmallServer,
    clock: StillClock,
    caplog: pytest.LogCaptureFixture,
    optional: tuple[str, str],
    answer: Said,
) -> None:
    """The last known facts are kept; failure and recovery are each logged once."""
    path, endpoint = optional
    server.answers = server_of(8, page([row("s1")]))
    good = server.answers[f"GET /v8/{path}"]
    one = source_for(server, clock)
    before = await one.fetch(WINDOW, ())
    server.answers[f"GET /v8/{path}"] = answer
    clock.time += 1000
    with caplog.at_level(logging.INFO):
        failing = await one.fetch(WINDOW, ())
        await one.fetch(WINDOW, ())
        server.answers[f"GET /v8/{path}"] = good
        await one.fetch(WINDOW, ())
    await one.close()
    assert failing.endpoints[endpoint] is False
    assert failing.info.product_version == "8.1.0.305"
    assert {job.id for job in failing.jobs} == {job.id for job in before.jobs}
    if path not in ("Organizations", "BackupRepositories"):
        assert failing.sessions[0].job_name == "Mail"
    assert [facts(one).get("endpoint") for one in caplog.records] == [endpoint] * 2


async def test_a_list_of_jobs_that_failed_deletes_no_job(
    server: SmallServer, source: MakeSource
) -> None:
    """Only the types whose jobs were listed completely are claimed."""
    server.answers = server_of(8, page([])) | {
        "GET /v8/CopyJobs": Said("", 403),
        "GET /v8/Jobs": page([job(), {"id": None, "name": "broken"}]),
    }
    harvest = await source().fetch(WINDOW, ())
    assert not harvest.job_list
    assert harvest.listed_types == frozenset()
    assert [one.name for one in harvest.jobs] == ["Mail"]


async def test_a_deleted_jobs_sessions_keep_its_last_known_name(
    server: SmallServer, source: MakeSource
) -> None:
    """Its history stays at the server."""
    server.answers = server_of(8, page([row("s1")]))
    one = source()
    await one.fetch(WINDOW, ())
    server.answers["GET /v8/Jobs"] = page([])
    harvest = await one.fetch(WINDOW, ())
    assert harvest.sessions[0].job_name == "Mail"
    assert [job.name for job in harvest.jobs] == ["Mail copy"]
    assert harvest.listed_types == {"Backup", "Copy"}


async def test_jobs_of_many_pages_are_all_read(server: SmallServer, source: MakeSource) -> None:
    """From v8 on they come in pages, whose default length is 30."""
    rows = [job(f"j{n}", f"Job {n}") for n in range(75)]
    server.answers = server_of(8, page([])) | {"GET /v8/Jobs": paged(rows, most=30)}
    harvest = await source().fetch(WINDOW, ())
    assert len(harvest.jobs) == 76


async def test_what_hardly_changes_is_read_every_quarter_of_an_hour(
    server: SmallServer, source: MakeSource, clock: StillClock
) -> None:
    """By who polls so seldom that nothing waits for its turn: jobs with each poll."""
    server.answers = server_of(8, page([]))
    one = source()
    for seconds in (0, 60, 840, 300, 300, 300):
        clock.time += seconds
        await one.fetch(WINDOW, ())
    assert server.paths().count("/v8/Jobs") == 6
    assert server.paths().count("/v8/CopyJobs") == 6
    assert server.paths().count("/v8/Organizations") == 3
    assert server.paths("POST").count("/v8/token") == 1


async def test_a_malformed_row_is_counted_once_and_logged_once(
    server: SmallServer, source: MakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Overlapping lists hold it twice and each poll meets it again."""
    server.answers = server_of(7, page([row("s1"), row("s2", progress="many")]))
    one = source(7)
    with caplog.at_level(logging.WARNING):
        first = await one.fetch(WINDOW, ())
        await one.fetch(WINDOW, ())
    assert first.skipped_rows == 1
    assert [one.id for one in first.sessions] == ["s1"]
    (record,) = caplog.records
    assert "GET /v7/JobSessions from 0: results[1]" in facts(record)["place"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said("", 403), Forbidden),
        (Said("", 404), NotFound),
        (Said("", 500), HttpFailed),
        (Said("", 429), RateLimited),
        (Said("<!doctype html>"), ParseFailed),
        (Said('{"results": [{"id": "s1"'), ParseFailed),
        (Said('{"message": "restarting"}'), ParseFailed),
        (page([row("s1")], more=True), ParseFailed),
    ],
)
async def test_a_session_list_that_cannot_be_read_fails_the_poll(
    server: SmallServer, source: MakeSource, answer: Said, error: type[SourceError]
) -> None:
    """Nothing of it is harvested; pages that repeat for ever are such a failure."""
    server.answers = server_of(8, answer)
    with pytest.raises(error, match="GET /v8/JobSessions"):
        await source().fetch(WINDOW, ())


async def test_a_failing_later_page_fails_the_poll(server: SmallServer, source: MakeSource) -> None:
    """Half a list is no list."""

    async def answer(request: web.Request) -> web.Response:
        if request.query["offset"] == "0":
            return page([row("s1")], more=True).response()
        return web.Response(status=500)

    server.answers = server_of(8, answer)
    with pytest.raises(HttpFailed):
        await source().fetch(WINDOW, ())


async def test_a_token_that_ends_in_the_middle_of_a_poll_is_replaced(
    server: SmallServer, source: MakeSource
) -> None:
    """The 401 has an empty body; nobody notices."""
    fresh = Said('{"access_token": "fresh"}')

    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Bearer fresh":
            return web.Response(status=401)
        return page([row("s1")]).response()

    server.answers = server_of(8, answer) | {"POST /v8/token": [TOKEN, fresh]}
    harvest = await source().fetch(WINDOW, ())
    assert len(harvest.sessions) == 1
    assert "grant_type=refresh_token&refresh_token=r1" in server.of("/v8/token")[1].body


async def test_the_harvest_tells_the_servers_time_and_skew_moves_no_window(
    server: SmallServer, source: MakeSource
) -> None:
    """The window is in the server's time already; the next cursor is its clock at the start."""

    async def skewed(request: web.Request) -> web.Response:
        date = {"Date": formatdate(NOW + 3600, usegmt=True)}
        return web.Response(body=b'{"results": []}', headers=date)

    server.answers = server_of(8, skewed)
    one = source()
    await one.fetch(WINDOW, ())
    server.answers |= {f"GET /v8/{path}": skewed for path in ("Jobs", "CopyJobs")}
    harvest = await one.fetch(WINDOW, ())
    assert harvest.server_time == NOW + 3600
    sent = server.of("/v8/JobSessions")[-2].query_items["endTimeLowerBound"]
    assert sent == "2023-11-14T20:13:20Z"


@pytest.mark.parametrize("version", [8, 7, 6, 5])
@pytest.mark.parametrize("status", [200, 401, 403])
async def test_the_newest_served_version_is_negotiated_without_a_password(
    server: SmallServer, source: MakeSource, version: int, status: int
) -> None:
    """A version that answers at all is served."""
    server.answers = server_of(version, page([]))
    server.answers[f"GET /v{version}/ServiceInstance"] = [
        Said("{}", status),
        Said('{"version": "x"}'),
    ]
    one = source(None)
    harvest = await one.fetch(WINDOW, ())
    assert harvest.info.api_version == f"v{version}"
    probes = server.seen[: 9 - version]
    assert [probe.path for probe in probes] == [
        f"/v{number}/ServiceInstance" for number in range(8, version - 1, -1)
    ]
    assert all("Authorization" not in probe.headers for probe in probes)
    await one.fetch(WINDOW, ())
    assert server.paths().count("/v8/ServiceInstance") <= 2


async def test_a_server_that_lost_its_version_is_asked_again(
    server: SmallServer, source: MakeSource
) -> None:
    """After a change of the server the next poll finds its new version."""
    server.answers = server_of(8, page([]))
    one = source(None)
    await one.fetch(WINDOW, ())
    server.answers = server_of(7, page([]))
    with pytest.raises(NotFound):
        await one.fetch(WINDOW, ())
    assert (await one.fetch(WINDOW, ())).info.api_version == "v7"


async def test_another_product_behind_the_url_is_told_plainly(
    server: SmallServer, source: MakeSource
) -> None:
    """No version is served there."""
    with pytest.raises(NotFound, match="Veeam Backup for Microsoft 365 server, usually on port"):
        await source(None).fetch(WINDOW, ())


async def test_a_web_page_behind_the_url_is_told_plainly(
    server: SmallServer, source: MakeSource
) -> None:
    """Portals answer every path with a page."""
    server.answers = {"GET /v8/ServiceInstance": Said("<!DOCTYPE html><title>Portal</title>")}
    with pytest.raises(ParseFailed, match="an HTML page; is this the right port"):
        await source(None).fetch(WINDOW, ())


async def test_a_probe_that_fails_is_a_failure_and_no_missing_version(
    server: SmallServer, source: MakeSource
) -> None:
    """A server in trouble must not be taken for an older one."""
    server.answers = server_of(7, page([])) | {"GET /v8/ServiceInstance": Said("", 503)}
    with pytest.raises(HttpFailed):
        await source(None).fetch(WINDOW, ())


@pytest.mark.parametrize(
    ("version", "antiforgery", "logs_off"),
    [(5, False, False), (6, False, False), (7, True, True), (8, True, True)],
)
async def test_logon_and_log_off_speak_each_versions_dialect(
    server: SmallServer, source: MakeSource, version: int, antiforgery: bool, logs_off: bool
) -> None:
    """The anti-forgery token and the log-off exist since v7."""
    server.answers = server_of(version, page([]))
    one = source(version)
    await one.fetch(WINDOW, ())
    await one.close()
    body = server.of(f"/v{version}/token")[0].body
    assert "grant_type=password&username=svc-monitor&password=s3cret-p4ss" in body
    assert ("disable_antiforgery_token=true" in body) == antiforgery
    logoffs = server.of(f"/v{version}/token/logout")
    assert [one.headers["Authorization"] for one in logoffs] == ["Bearer t0ken"] * logs_off


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (Said('{"message": "Invalid login"}', 400), AuthenticationFailed, "refused the .*Invalid"),
        (Said('{"error": "invalid_grant"}', 400), AuthenticationFailed, "refused"),
        (Said("", 401), AuthenticationFailed, "refused the user name or password$"),
        (Said('{"access_token": null}'), AuthenticationFailed, "multi-factor"),
        (Said('{"error": "unsupported_grant_type"}', 400), HttpFailed, "does not understand"),
        (Said("", 403), Forbidden, "403"),
        (Said("", 404), NotFound, "Microsoft 365 server"),
        (Said("", 429), RateLimited, "429"),
        (Said("", 500), HttpFailed, "500"),
        (Said("<html>"), ParseFailed, "HTML page"),
    ],
)
async def test_a_logon_that_fails_says_why(
    server: SmallServer, source: MakeSource, answer: Said, error: type[SourceError], sentence: str
) -> None:
    """400 is a wrong password here, and only some of its words are not."""
    server.answers = server_of(8, page([])) | {"POST /v8/token": answer}
    with pytest.raises(error, match=sentence):
        await source().fetch(WINDOW, ())
    assert server.paths("GET") == []


async def test_a_refused_password_is_not_tried_again_at_the_next_poll(
    server: SmallServer, source: MakeSource
) -> None:
    """Until the logon is forgotten, because the password has changed."""
    server.answers = server_of(8, page([])) | {"POST /v8/token": [Said("", 400), TOKEN]}
    one = source()
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            await one.fetch(WINDOW, ())
    assert one.traffic().requests == {"400": 1}
    one.forget_logon()
    await one.fetch(WINDOW, ())
    assert one.traffic().logons == 1


async def test_an_untrusted_certificate_or_refused_account_is_no_optional_failure(
    server: SmallServer, source: MakeSource
) -> None:
    """What no endpoint survives fails the poll at once."""
    server.answers = server_of(8, page([])) | {"GET /v8/Jobs": Said("", 401)}
    with pytest.raises(AuthenticationFailed):
        await source().fetch(WINDOW, ())


def test_the_product_is_listed_with_its_facts() -> None:
    """What the configuration checks an entry by."""
    facts = SOURCES["vb365"].facts
    assert facts.name == "vb365"
    assert facts.api_versions == ("v5", "v6", "v7", "v8")
    assert facts.max_page_size == 1000
    assert facts.options == {}


@pytest.mark.parametrize("version", [5, 6, 7, 8])
async def test_a_server_with_copy_jobs_gets_three_requests_a_poll(
    server: SmallServer, source: MakeSource, clock: StillClock, version: int
) -> None:
    """For an hour of polls a minute apart, also when what hardly ever changes has its turn."""
    server.answers = server_of(version, page([row("s1", creationTime=at(60))]))
    one = source(version)
    for _ in range(2):
        await one.fetch(WINDOW, ())
    counts, read_at = [], {"Jobs": clock.time, "CopyJobs": clock.time}
    for _ in range(60):
        clock.time += 60
        server.seen.clear()
        harvest = await one.fetch(WINDOW, ())
        counts.append(len(server.paths("GET")))
        assert {job.name for job in harvest.jobs} == {"Mail", "Mail copy"}
        for path in read_at:
            if f"/v{version}/{path}" in server.paths():
                read_at[path] = clock.time
        assert clock.time - min(read_at.values()) <= 300
    assert max(counts) == (2 if version == 5 else 3)


async def test_lists_of_jobs_take_turns_and_claim_only_what_was_read(
    server: SmallServer, source: MakeSource
) -> None:
    """The other one's jobs are kept: there, and known from before."""
    server.answers = server_of(8, page([]))
    one = source()
    harvests = [await one.fetch(WINDOW, ()) for _ in range(5)]
    both: frozenset[str] = frozenset({"Backup", "Copy"})
    turns = [both, both, {"Backup"}, {"Copy"}, {"Backup"}]
    assert [harvest.listed_types for harvest in harvests] == turns
    assert [harvest.kept_types for harvest in harvests] == [both - turn for turn in turns]
    assert all(harvest.job_list for harvest in harvests)
    assert {len(harvest.jobs) for harvest in harvests} == {2}


@pytest.mark.parametrize(("path", "left"), [("Jobs", "Mail copy"), ("CopyJobs", "Mail")])
async def test_a_list_that_lost_a_job_is_read_again_by_the_next_poll(
    server: SmallServer, source: MakeSource, path: str, left: str
) -> None:
    """It takes two readings to believe that a job is deleted: three polls at most."""
    server.answers = server_of(8, page([]))
    one = source()
    for _ in range(4):
        await one.fetch(WINDOW, ())
    server.answers[f"GET /v8/{path}"] = page([])
    harvests = [await one.fetch(WINDOW, ()) for _ in range(3)]
    gone = "Backup" if path == "Jobs" else "Copy"
    proofs = [gone in one.listed_types for one in harvests if len(one.jobs) == 1]
    assert proofs[:2] == [True, True]
    assert [job.name for job in harvests[-1].jobs] == [left]


async def test_a_list_that_fails_keeps_its_jobs(server: SmallServer, source: MakeSource) -> None:
    """What it said before is no second proof of anything, and no reason to forget a silent job."""
    server.answers = server_of(8, page([]))
    one = source()
    await one.fetch(WINDOW, ())
    server.answers |= {"GET /v8/Jobs": Said("", 500), "GET /v8/CopyJobs": Said("", 500)}
    harvest = await one.fetch(WINDOW, ())
    assert (harvest.job_list, harvest.listed_types) == (True, frozenset())
    assert harvest.kept_types == {"Backup", "Copy"}
    assert len(harvest.jobs) == 2


async def test_an_empty_list_of_copy_jobs_rests(
    server: SmallServer, source: MakeSource, clock: StillClock
) -> None:
    """Found empty twice it is asked for within a quarter of an hour; other jobs with each poll."""
    server.answers = server_of(8, page([])) | {"GET /v8/CopyJobs": page([])}
    one = source()
    claimed = [(await one.fetch(WINDOW, ())).listed_types for _ in range(4)]
    assert len(server.of("/v8/CopyJobs")) == 2
    assert len(server.of("/v8/Jobs")) == 4
    assert claimed == [{"Backup", "Copy"}, {"Backup", "Copy"}, {"Backup"}, {"Backup"}]
    server.answers |= {"GET /v8/CopyJobs": page([job(COPY_JOB, "Mail copy", backupJobId=JOB)])}
    for _ in range(16):
        clock.time += 60
        harvest = await one.fetch(WINDOW, ())
    assert len(server.of("/v8/CopyJobs")) >= 4  # found, and at once read again
    assert [one.name for one in harvest.jobs] == ["Mail", "Mail copy"]


@pytest.mark.parametrize("version", [6, 8])
async def test_a_session_of_a_job_that_was_never_listed_has_its_list_read_at_once(
    server: SmallServer, source: MakeSource, version: int
) -> None:
    """A new copy job's first session has its name and its type, which version 6 does not tell."""
    server.answers = server_of(version, page([]))
    copies = server.answers[f"GET /v{version}/CopyJobs"]
    server.answers[f"GET /v{version}/CopyJobs"] = page([])
    one = source(version)
    for _ in range(3):
        await one.fetch(WINDOW, ())
    told: dict[str, Any] = {} if version == 6 else {"jobType": "Copy"}
    first = row("c1", **({"jobId": COPY_JOB, "jobType": ...} | told))
    server.answers |= {
        f"GET /v{version}/CopyJobs": copies,
        f"GET /v{version}/JobSessions": page([first]),
    }
    harvest = await one.fetch(WINDOW, ())
    assert [(s.job_name, s.session_type) for s in harvest.sessions] == [("Mail copy", "Copy")]
    assert harvest.listed_types == {"Backup", "Copy"}
    assert [job.name for job in harvest.jobs] == ["Mail", "Mail copy"]


async def test_a_session_of_a_deleted_job_has_every_list_read_once(
    server: SmallServer, source: MakeSource
) -> None:
    """What no list names is not looked for again and again while its session is in the window."""
    server.answers = server_of(8, page([row("s1", jobId="gone")]))
    one = source()
    for _ in range(8):
        await one.fetch(WINDOW, ())
    assert len(server.of("/v8/Jobs")) + len(server.of("/v8/CopyJobs")) == 4 + 6 + 1


async def test_a_list_of_copy_jobs_that_failed_does_not_rest(
    server: SmallServer, source: MakeSource
) -> None:
    """Only what was read is known to be empty."""
    server.answers = server_of(8, page([])) | {"GET /v8/CopyJobs": page([{"id": None}])}
    one = source()
    for _ in range(4):
        await one.fetch(WINDOW, ())
    assert len(server.of("/v8/CopyJobs")) == 4
