"""Whole polls of a small appliance in Azure: which requests are sent and what the harvest holds."""

import json
import logging
import re
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporter.config.values import Selection
from exporter.errors import (
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    RateLimited,
    SourceError,
)
from exporter.log import facts
from exporter.model import OpenSession, Result, ServerInfo, Session, State, Window
from exporter.sources import SOURCES
from tests.sources.conftest import MakeAzure
from tests.support.azure_answers import (
    POLICY,
    TOKEN,
    TOKEN_PATH,
    at,
    by_filter,
    page,
    paged,
    policy,
    row,
    running,
    server_of,
)
from tests.support.example import load_example
from tests.support.rest_world import NOW, Said, SmallServer, StillClock

FIXTURES = Path(__file__).parent / "fixtures"
WINDOW = Window(start=NOW - 7200)
FIRST = Window(start=NOW - 14 * 86400, first=True)
DOCUMENTED = Window(start=1580860800.0, first=True)  # 5 February 2020
LISTED_IDS = ["14", "13", "12", "11", "10", "9", "8", "7", "6", "4", "5", "3", "2", "1"]


def open_session(session_id: str, kind: str = "PolicyBackup", name: str = "old") -> OpenSession:
    session = Session(session_id, POLICY, name, kind, State.RUNNING, None, NOW - 9e5, None)
    return OpenSession(session, NOW - 60)


def include(*words: str) -> Selection:
    return Selection(tuple(map(re.compile, words)))


async def test_a_poll_brings_sessions_policies_and_the_server(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Everything of v8 in one harvest."""
    server.answers = server_of("v8", page([row("s1")]))
    server.answers["GET /api/v8/policies/virtualMachines"] = page([policy()])
    harvest = await azure().fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == ["s1"]
    assert harvest.sessions[0].job_name == "vm-gold"
    assert harvest.info == ServerInfo("8.1.0.310", "v8")
    assert [job.id for job in harvest.jobs] == [POLICY]
    assert (harvest.job_list, harvest.gone, harvest.skipped_rows) == (True, (), 0)
    assert dict(harvest.endpoints) == dict.fromkeys(
        ("sessions", "open_sessions", "policies", "about"), True
    )


@pytest.mark.parametrize("version", ["v2", "v3", "v4", "v7", "v8", "v8.1"])
async def test_the_window_is_sent_as_whole_seconds_of_utc(
    server: SmallServer, azure: MakeAzure, version: str
) -> None:
    """As a filter of the start; then each status of an open session is asked for alone."""
    server.answers = server_of(version, page([]))
    await azure(version).fetch(WINDOW, ())
    queries = [one.query for one in server.of(f"/api/{version}/jobSessions")]
    assert queries[0] == "Offset=0&Limit=500&FromUtc=2023-11-14T20%3A13%3A20Z"
    assert sorted(queries[1:]) == [
        f"Offset=0&Limit=500&Status={status}"
        for status in ("Canceling", "Pending", "Running", "RunningWithError", "RunningWithWarning")
    ]


async def test_open_sessions_that_began_before_the_window_are_found(
    server: SmallServer, azure: MakeAzure, clock: StillClock
) -> None:
    """All of them by the first poll and every ten minutes, waiting ones by each poll."""
    others = {
        "Running": page([running("long", at(30 * 86400))]),
        "Pending": page([running("waits", None, status="Pending")]),
    }
    server.answers = server_of("v8", page([row("s1")]))
    server.answers["GET /api/v8/jobSessions"] = by_filter(page([row("s1")]), others)
    source = azure()
    found = []
    for seconds in (0, 60, 540):
        clock.time += seconds
        harvest = await source.fetch(WINDOW, ())
        found.append(sorted(one.id for one in harvest.sessions))
    assert found == [["long", "s1", "waits"], ["s1", "waits"], ["long", "s1", "waits"]]


async def test_a_status_filter_that_fails_does_not_fail_the_poll(
    server: SmallServer, azure: MakeAzure
) -> None:
    """The window's list holds all that began since; the endpoint shows the failure."""
    server.answers = server_of("v8", page([]))
    server.answers["GET /api/v8/jobSessions"] = by_filter(
        page([row("s1")]), {"Running": Said("", 400)}
    )
    harvest = await azure().fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == ["s1"]
    assert harvest.endpoints["open_sessions"] is False
    assert harvest.endpoints["sessions"] is True


async def test_a_long_first_window_is_read_in_parallel_with_progress(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Every page once, even when the server answers fewer rows than asked for."""
    rows = [row(f"s{n}", executionStartTime=at(n)) for n in range(105)]
    server.answers = server_of("v8", paged(rows, most=20))
    told: list[tuple[int, int]] = []
    harvest = await azure().fetch(FIRST, (), lambda pages, count: told.append((pages, count)))
    assert len(harvest.sessions) == 105
    assert told[:6] == [(1, 20), (2, 40), (3, 60), (4, 80), (5, 100), (6, 105)]


async def test_an_open_session_outside_the_lists_is_asked_for_by_its_id(
    server: SmallServer, azure: MakeAzure
) -> None:
    """However long it runs; a listed one is not asked for again, and ids are opaque."""
    nameless = row("14", status="Error", backupJobInfo={"policyId": POLICY})
    server.answers = server_of("v8", page([running("listed", at(60))])) | {
        "GET /api/v8/jobSessions/14": Said("\ufeff" + json.dumps(nameless))
    }
    follow = (open_session("14", name="last known"), open_session("listed"))
    harvest = await azure().fetch(WINDOW, follow)
    by_id = {one.id: one for one in harvest.sessions}
    assert by_id["14"].result is Result.FAILED
    assert by_id["14"].job_name == "last known"
    assert "/api/v8/jobSessions/listed" not in server.paths()
    assert harvest.endpoints["session"] is True


@pytest.mark.parametrize(
    "answer", [Said("", 404), Said(json.dumps(row("s1", status="NeverExecuted")))]
)
async def test_an_open_session_that_is_no_more_is_gone(
    server: SmallServer, azure: MakeAzure, answer: Said
) -> None:
    """Retention forgot it, or it waited and then never ran."""
    server.answers = server_of("v8", page([])) | {"GET /api/v8/jobSessions/a%2Fb": answer}
    server.answers["GET /api/v8/jobSessions/a/b"] = answer
    harvest = await azure().fetch(WINDOW, (open_session("a/b"),))
    assert (harvest.gone, harvest.sessions) == (("a/b",), ())


async def test_an_open_session_that_cannot_be_read_stays_open(
    server: SmallServer, azure: MakeAzure
) -> None:
    """The poll is complete without it."""
    server.answers = server_of("v8", page([])) | {
        "GET /api/v8/jobSessions/s1": Said("", 500),
        "GET /api/v8/jobSessions/s2": Said("<html>"),
    }
    harvest = await azure().fetch(WINDOW, (open_session("s1"), open_session("s2")))
    assert (harvest.sessions, harvest.gone, harvest.skipped_rows) == ((), (), 1)


async def test_open_sessions_that_are_not_wanted_are_not_asked_for(
    server: SmallServer, azure: MakeAzure
) -> None:
    """The configuration may have changed since they were seen."""
    server.answers = server_of("v8", page([row("s1"), row("r1", type="BackupRetention")]))
    no_retention = Selection(exclude=(re.compile("BackupRetention"),))
    follow = (open_session("s9", "BackupRetention"),)
    harvest = await azure(session_types=no_retention).fetch(WINDOW, follow)
    assert [one.id for one in harvest.sessions] == ["s1"]
    assert "/api/v8/jobSessions/s9" not in server.paths()


async def test_a_finished_reading_wins_over_an_open_one(
    server: SmallServer, azure: MakeAzure
) -> None:
    """A session may end while the lists are read."""
    server.answers = server_of("v8", page([]))
    server.answers["GET /api/v8/jobSessions"] = by_filter(
        page([row("s1")]), {"Running": page([running("s1", at(60))])}
    )
    harvest = await azure().fetch(WINDOW, ())
    assert [one.state for one in harvest.sessions] == [State.FINISHED]


async def test_a_malformed_row_is_counted_once_and_logged_once(
    server: SmallServer, azure: MakeAzure, caplog: pytest.LogCaptureFixture
) -> None:
    """Each poll meets it again."""
    server.answers = server_of("v8", page([row("s1"), row("s2", executionDuration={})]))
    source = azure()
    with caplog.at_level(logging.WARNING):
        first = await source.fetch(WINDOW, ())
        await source.fetch(WINDOW, ())
    assert first.skipped_rows == 1
    assert [one.id for one in first.sessions] == ["s1"]
    (record,) = caplog.records
    assert "GET /api/v8/jobSessions from 0: results[1]" in facts(record)["place"]


@pytest.mark.parametrize("version", ["v1", "v8"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said("", 403), Forbidden),
        (Said("", 404), NotFound),
        (Said("", 500), HttpFailed),
        (Said("", 429), RateLimited),
        (Said("<!doctype html>"), ParseFailed),
        (Said('{"results": [{"id": "s1"'), ParseFailed),
        (Said('{"title": "restarting"}'), ParseFailed),
        (page([row("s1")], totalCount=9), ParseFailed),
    ],
)
async def test_a_session_list_that_cannot_be_read_fails_the_poll(
    server: SmallServer, azure: MakeAzure, version: str, answer: Said, error: type[SourceError]
) -> None:
    """Nothing of it is harvested; pages that repeat for ever are such a failure."""
    server.answers = server_of(version, answer)
    with pytest.raises(error, match=f"GET /api/{version}/jobSessions"):
        await azure(version).fetch(WINDOW, ())


async def test_a_failing_later_page_fails_the_poll(server: SmallServer, azure: MakeAzure) -> None:
    """Half a list is no list."""

    async def answer(request: web.Request) -> web.Response:
        if request.query["Offset"] == "0":
            return page([row("s1")], totalCount=2).response()
        return web.Response(status=500)

    server.answers = server_of("v8", answer)
    with pytest.raises(HttpFailed):
        await azure().fetch(WINDOW, ())


async def test_the_documented_answers_served_as_they_stand_give_fourteen_sessions(
    server: SmallServer, azure: MakeAzure
) -> None:
    """The shortened export, then the list; the session by its id."""
    server.answers = server_of("v1", Said((FIXTURES / "azure_v1_sessions.json").read_bytes())) | {
        "POST /api/v1/jobSessions/export": Said((FIXTURES / "azure_v1_export.json").read_bytes()),
        "GET /api/v1/jobSessions/39": Said((FIXTURES / "azure_v1_session.json").read_bytes()),
    }
    harvest = await azure("v1").fetch(DOCUMENTED, (open_session("39", "BackupRetention", ""),))
    assert sorted(one.id for one in harvest.sessions) == sorted([*LISTED_IDS, "39"])
    canceled = [one.id for one in harvest.sessions if one.result is Result.CANCELED]
    assert canceled == ["14"]
    assert {job.name for job in harvest.jobs} >= {"Policy 1", "Policy_2", "Backup Policy"}
    assert harvest.endpoints["export"] is True


async def test_the_first_history_of_v1_comes_by_the_export(
    server: SmallServer, azure: MakeAzure
) -> None:
    """One answer instead of many pages; one page of the list shows what began meanwhile."""
    rows = [row(f"s{n}", executionStartTime=at(600 * n + 600)) for n in range(600)]
    server.answers = server_of("v1", paged([row("new", executionStartTime=at(1)), *rows])) | {
        "POST /api/v1/jobSessions/export": page(rows, limit=-1)
    }
    harvest = await azure("v1").fetch(FIRST, ())
    assert len(harvest.sessions) == 601
    queries = [one.query for one in server.of("/api/v1/jobSessions")]
    assert queries == ["Offset=0&Limit=100", "Offset=100&Limit=100"]
    assert server.of("/api/v1/jobSessions/export")[0].body == ""


@pytest.mark.parametrize(
    "answer",
    [
        Said("", 404),
        Said("", 405),
        Said("", 415),
        Said("", 403),
        Said("", 500),
        Said("id;type\n1;x"),
        Said('{"results": []}'),
        page([row("s3")], totalCount=120),
    ],
)
async def test_without_a_whole_export_the_list_of_v1_is_read(
    server: SmallServer, azure: MakeAzure, answer: Said
) -> None:
    """Every page of it, in long pages."""
    rows = [row(f"s{n}", executionStartTime=at(60 * n)) for n in range(120)]
    server.answers = server_of("v1", paged(rows, most=50)) | {
        "POST /api/v1/jobSessions/export": answer
    }
    harvest = await azure("v1").fetch(FIRST, ())
    assert len(harvest.sessions) == 120
    assert server.of("/api/v1/jobSessions")[0].query == "Offset=0&Limit=500"


async def test_v1_is_read_newest_first_until_a_whole_page_is_too_old(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It has no filter, and a history of years is not read again and again."""
    waits = running("waits", None, status="Pending")
    rows = [row(f"s{n}", executionStartTime=at(600 * n), executionStopTime=at(600 * n - 60))
            for n in range(500)]  # fmt: skip
    server.answers = server_of("v1", paged([waits, *rows]))
    harvest = await azure("v1", page_size=10).fetch(WINDOW, ())
    assert len(server.of("/api/v1/jobSessions")) == 3
    assert [one.id for one in harvest.sessions] == ["waits", *(f"s{n}" for n in range(13))]
    assert not server.of("/api/v1/jobSessions/export")


@pytest.mark.parametrize(("minutes", "exports"), [(15, 0), (3, 1)])
async def test_an_appliance_that_knows_no_pages_is_exported_only_where_its_rows_end_too_early(
    server: SmallServer, azure: MakeAzure, minutes: int, exports: int
) -> None:
    """Its history is not sent whole in each poll: usually the newest 30 reach back far enough."""
    rows = [row(f"s{n}", executionStartTime=at(60 * minutes * n),
                executionStopTime=at(60 * minutes * n - 30)) for n in range(40)]  # fmt: skip
    server.answers = server_of("v1", page(rows[:30], totalCount=40, limit=30)) | {
        "POST /api/v1/jobSessions/export": page(rows, limit=-1)
    }
    harvest = await azure("v1").fetch(Window(NOW - 7200.0), ())
    inside = min(40, 7200 // (60 * minutes) + 1)
    assert [one.id for one in harvest.sessions] == [f"s{n}" for n in range(inside)]
    assert len(server.of("/api/v1/jobSessions/export")) == exports


@pytest.mark.parametrize("version", ["v1", "v8"])
@pytest.mark.parametrize("given", [0, 500])
async def test_a_list_that_ends_before_its_count_fails_the_poll(
    server: SmallServer, azure: MakeAzure, version: str, given: int
) -> None:
    """What is missing would never be counted, and nobody would know."""
    rows = [row(f"s{n}", executionStartTime=at(n)) for n in range(given)]

    async def cut(request: web.Request) -> web.Response:
        offset, limit = int(request.query["Offset"]), int(request.query["Limit"])
        return page(rows[offset : offset + limit], totalCount=900, limit=limit).response()

    server.answers = server_of(version, by_filter(cut))
    with pytest.raises(ParseFailed, match=f" from {given} was answered with no rows, although"):
        await azure(version).fetch(WINDOW, ())


@pytest.mark.parametrize("rows", [35, 40])
async def test_a_list_of_v1_that_grows_while_it_is_read_does_not_repeat(
    server: SmallServer, azure: MakeAzure, rows: int
) -> None:
    """Rows that are met again are no pages that repeat; a full last page of them neither."""
    listed = [row(f"s{n}", executionStartTime=at(60 * n)) for n in range(rows)]

    async def grown(request: web.Request) -> web.Response:
        pages: Any = paged(listed)
        answer: web.Response = await pages(request)
        listed.insert(0, row(f"new{len(listed)}", executionStartTime=at(0)))
        return answer

    server.answers = server_of("v1", grown)
    harvest = await azure("v1", page_size=10).fetch(FIRST, ())
    assert {f"s{n}" for n in range(rows)} <= {one.id for one in harvest.sessions}


async def test_v1_is_read_to_the_end_when_it_is_not_newest_first(
    server: SmallServer, azure: MakeAzure
) -> None:
    """An early end is only safe where the order was verified."""
    rows = [row(f"s{n}", executionStartTime=at(600 * (50 - n)), executionStopTime=None,
                executionDuration="00:00:01") for n in range(50)]  # fmt: skip
    server.answers = server_of("v1", paged(rows))
    harvest = await azure("v1", page_size=10).fetch(WINDOW, ())
    assert [one.id for one in harvest.sessions] == [f"s{n}" for n in range(38, 50)]


async def test_a_page_of_what_never_ran_does_not_end_the_reading(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It holds no session and says nothing."""
    never = [row(f"n{n}", status="NeverExecuted", executionStartTime=None) for n in range(20)]
    server.answers = server_of("v1", paged([*never, row("s1")])) | {
        "POST /api/v1/jobSessions/export": page([row("s0")])
    }
    harvest = await azure("v1", page_size=10).fetch(FIRST, ())
    assert [one.id for one in harvest.sessions] == ["s0", "s1"]


async def test_a_token_that_ends_in_the_middle_of_a_poll_is_replaced(
    server: SmallServer, azure: MakeAzure
) -> None:
    """By the refresh grant; nobody notices."""
    fresh = Said('{"access_token": "fresh"}')

    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Bearer fresh":
            return web.Response(status=401)
        return page([row("s1")]).response()

    server.answers = server_of("v8", answer) | {f"POST {TOKEN_PATH}": [TOKEN, fresh]}
    harvest = await azure().fetch(WINDOW, ())
    assert len(harvest.sessions) == 1
    assert server.of(TOKEN_PATH)[1].body == "grant_type=Refresh_token&refresh_token=r1"


async def test_the_harvest_tells_the_servers_time(server: SmallServer, azure: MakeAzure) -> None:
    """The next cursor is its clock at the start of the poll."""

    async def skewed(_request: web.Request) -> web.Response:
        date = {"Date": formatdate(NOW + 3600, usegmt=True)}
        return web.Response(body=TOKEN.body.encode(), headers=date)  # type: ignore[union-attr]

    server.answers = server_of("v8", page([])) | {f"POST {TOKEN_PATH}": skewed}
    assert (await azure().fetch(WINDOW, ())).server_time == NOW + 3600


def test_the_product_is_listed_with_its_facts(tmp_path: Path) -> None:
    """The example's entry is one that they admit."""
    facts = SOURCES["azure"].facts
    assert facts.api_versions == ("v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1")
    assert facts.max_page_size == 500
    config = load_example(tmp_path)
    (entry,) = [one for one in config.servers if one.product == "azure"]
    assert entry.options == {"session_rates": False}
    assert entry.page_size == 500
