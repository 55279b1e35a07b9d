"""The JSON API for scripts."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from exporter.config.values import Config
from exporter.model import Result, Session, State
from exporter.view import JobNow, ServerView
from exporter.web.api.parameters import MOST_JOBS, MOST_SESSIONS
from tests.support.pages import (
    HOSTILE,
    HOUR,
    job_of,
    past,
    running_since,
    server_of,
    typical_world,
)
from tests.support.web import NOW, Answer, FakeState, ask, server_config, serving


async def api(path: str, *views: ServerView) -> Answer:
    """An answer of the API about these servers, all of which are configured."""
    config = Config(servers=tuple(server_config(view.name) for view in views))
    async with serving(FakeState(views=views, config=config)) as url:
        return await ask(f"{url}/api/v1/{path}")


async def records(path: str, *views: ServerView) -> Any:
    """That answer, read; without `views` about the typical world."""
    answer = await api(path, *(views or typical_world()))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    return json.loads(answer.body)


async def test_servers_tell_their_health() -> None:
    """In configured order, times in RFC 3339, null for what is not known."""
    servers = (await records("servers"))["servers"]
    assert [(server["name"], server["up"]) for server in servers] == [
        ("m365-prod", True),
        ("m365-dr", True),
        ("m365-old", False),
    ]
    assert servers[2]["last_error"] == "The server refused the password."
    assert servers[0]["last_error"] is None
    assert servers[0]["last_poll"] == "2027-01-15T07:59:30Z"
    assert servers[0]["product_version"] == "8.1.0"
    assert servers[0]["certificate_expiry"] is None


async def test_a_server_before_its_first_poll_has_no_version() -> None:
    """Null is not an empty text."""
    (server,) = (await records("servers", server_of("s", info=None)))["servers"]
    assert (server["product_version"], server["api_version"]) == (None, None)


async def test_jobs_tell_their_past_and_present() -> None:
    """With the last session, and whether the objective is kept."""
    answer = await records("jobs?server=m365-prod")
    mailboxes, sites, new = answer["jobs"]
    assert answer["total"] == 3
    assert (mailboxes["job_name"], mailboxes["organization"]) == ("Mailboxes", "meadow.example")
    assert (mailboxes["overdue"], mailboxes["objective_max_age_seconds"]) == (False, 26 * HOUR)
    assert mailboxes["last_session"]["statistics"] == {
        "transferred_bytes": 3.5e9,
        "bottleneck": "source",
    }
    assert (sites["running_sessions"], sites["progress_ratio"]) == (1, 0.42)
    assert sites["running_session_start"] == "2027-01-15T07:40:00Z"
    assert (new["last_session"], new["last_success"], new["overdue"]) == (None, None, None)


async def test_claims_that_were_withdrawn_are_null() -> None:
    """What a job does now is not 0 when nobody knows."""
    (job,) = (await records("jobs", server_of("s", job_of("a", now=None))))["jobs"]
    for name in ("running_sessions", "queued_sessions", "running_session_start", "progress_ratio"):
        assert job[name] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("result=failed", ["Teams"]),
        ("result=failed&result=none", ["New", "Teams"]),
        ("job_id=id%20of%20Slow", ["Slow"]),
        ("job_id=", []),
        ("server=m365-prod&server=m365-dr&limit=2", ["Mailboxes", "Sites"]),
        ("limit=2&offset=4", ["Archive", "Slow"]),
    ],
)
async def test_jobs_are_narrowed(query: str, names: list[str]) -> None:
    """By server, id and last result; in pages."""
    assert [job["job_name"] for job in (await records(f"jobs?{query}"))["jobs"]] == names


async def test_sessions_come_newest_first_and_open_ones_before() -> None:
    """With the time that each of them is judged by."""
    answer = await records("sessions?limit=5")
    assert answer["total"] == 6 + 6 + 1 + 8 + 6 + 6 + 1
    told = [(s["job_name"], s["state"], s["result"], s["ended"]) for s in answer["sessions"]]
    last = "2027-01-15T07:00:00Z"
    assert told[:2] == [("Sites", "running", None, None), ("Slow", "running", None, None)]
    assert [entry[1:] for entry in told[2:]] == [
        ("finished", "success", last),
        ("finished", "success", last),
        ("finished", "failed", last),
    ]


async def test_a_finished_session_tells_everything_that_is_remembered() -> None:
    """Every field is there."""
    (session,) = (await records("sessions?result=failed&limit=1"))["sessions"]
    assert session == {
        "server": "m365-dr",
        "job_id": "id of Teams",
        "job_name": "Teams",
        "session_type": "Backup",
        "id": "run-7",
        "state": "finished",
        "result": "failed",
        "started": "2027-01-15T06:00:00Z",
        "ended": "2027-01-15T07:00:00Z",
        "duration_seconds": 3600.0,
        "message": "It was failed.",
        "statistics": {},
    }


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("result=running", 2),
        ("result=queued", 0),
        ("result=running&result=failed", 5),
        ("since=3600s&result=success", 2 + 1),
        ("since=2027-01-15T07:00:00Z&result=success", 3),
        ("since=2027-01-15t09:00:00.0%2B02:00&result=success", 3),
        ("since=2027-01-15T07:00:00.1Z", 2),
        ("since=9999999999y", 34),
        ("since=0", 2),
        ("job_id=id%20of%20Teams", 8),
        ("server=m365-old", 0),
    ],
)
async def test_sessions_are_narrowed(query: str, total: int) -> None:
    """By result or state, job and time; what is still open was alive at any time."""
    assert (await records(f"sessions?{query}"))["total"] == total


async def test_a_queued_session_is_found() -> None:
    """Also without a start."""
    session = Session("q", "", "", "Backup", State.QUEUED, None, None, None)
    job = job_of("a", now=JobNow(queued=1, open=(session,)))
    (found,) = (await records("sessions?result=queued", server_of("s", job)))["sessions"]
    assert (found["id"], found["state"], found["started"]) == ("q", "queued", None)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("servers?x=1", "This address takes no parameters."),
        (
            "sessions?limt=1",
            "There is an unknown parameter; this address takes "
            "server, job_id, result, since, limit.",
        ),
        ("sessions?limit=0", f"The limit is a whole number from 1 to {MOST_SESSIONS}."),
        ("sessions?limit=1001", f"The limit is a whole number from 1 to {MOST_SESSIONS}."),
        ("sessions?limit=+5", f"The limit is a whole number from 1 to {MOST_SESSIONS}."),
        ("sessions?limit=%D9%A3", f"The limit is a whole number from 1 to {MOST_SESSIONS}."),
        ("sessions?limit=1&limit=2", "The parameter limit is given more than once."),
        ("jobs?limit=5001", f"The limit is a whole number from 1 to {MOST_JOBS}."),
        ("jobs?offset=-1", "The offset is a whole number from 0 to 999999."),
        (
            "jobs?result=running",
            "The result is one of success, warning, failed, canceled, unknown, none.",
        ),
    ],
)
async def test_a_bad_parameter_is_400_in_one_sentence(path: str, sentence: str) -> None:
    """It names the parameter and the remedy, and does not repeat what was sent."""
    answer = await api(path, *typical_world())
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == f"{sentence}\n"


@pytest.mark.parametrize(
    "since",
    [
        "",
        "yesterday",
        "10",
        "2027-02-31T00:00:00Z",
        "2027-01-15T07:00:00",
        "2027-01-15",
    ],
)
async def test_a_start_that_cannot_be_read_is_400(since: str) -> None:
    """A time without a zone could mean anything."""
    answer = await api(f"sessions?since={since}", *typical_world())
    assert answer.status == 400
    assert answer.text.startswith('The start is a time such as "2026-03-01T04:05:06Z" or a dur')


@pytest.mark.parametrize("path", ["jobs?server=nobody", "sessions?server=m365-dr&server="])
async def test_an_unknown_server_is_404(path: str) -> None:
    """As everywhere in the exporter."""
    answer = await api(path, *typical_world())
    assert answer.status == 404
    assert answer.text == "There is no server of that name; /sd lists those that there are.\n"


async def test_answers_are_bounded() -> None:
    """However many sessions there are; the total says how many were left out."""
    runs = past(*(Result.SUCCESS,) * 30)
    server = server_of("s", *(job_of(f"j{number}", runs=runs) for number in range(40)))
    plain = await records("sessions", server)
    most = await records(f"sessions?limit={MOST_SESSIONS}", server)
    assert (len(plain["sessions"]), plain["total"]) == (100, 1200)
    assert len(most["sessions"]) == MOST_SESSIONS


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_names_from_a_backup_server_come_through_whole(name: str) -> None:
    """Valid JSON whatever a job is called; a lone surrogate, which no UTF-8 holds, is replaced."""
    job = job_of(name, Result.FAILED, now=running_since(60))
    job = replace(job, runs=tuple(replace(run, message=name) for run in job.runs))
    server = server_of("s", job, organization=name, last_error=name)
    sent = name.replace("\ud800", "?")
    assert (await records("jobs", server))["jobs"][0]["job_name"] == sent
    assert (await records("sessions?result=failed", server))["sessions"][0]["message"] == sent
    assert (await records("servers", server))["servers"][0]["last_error"] == sent


async def test_a_time_that_no_calendar_has_is_null() -> None:
    """One odd session does not take the answer from the others."""
    runs = tuple(replace(run, ended=1e300, started=NOW) for run in past(Result.SUCCESS))
    (session,) = (await records("sessions", server_of("s", job_of("a", runs=runs))))["sessions"]
    assert (session["ended"], session["started"]) == (None, "2027-01-15T08:00:00Z")
