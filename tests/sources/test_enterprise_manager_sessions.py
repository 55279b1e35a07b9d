"""What the words and figures of Enterprise Manager's sessions become."""

from pathlib import Path
from typing import Any

import pytest

from exporter.model import Reports, Result, Session, State, Statistics
from exporter.rest.wire import Response
from exporter.sources.enterprise_manager.answers import (
    BACKUP_SESSIONS,
    REPLICA_SESSIONS,
    read_entity,
    read_sessions,
)
from exporter.sources.enterprise_manager.sessions import (
    backup_server,
    identifier,
    normalise,
    reports,
)
from tests.support.enterprise_manager_answers import (
    JOB,
    WRITERS,
    Row,
    guid,
    query_answer,
    row,
    running,
    up,
)

EXAMPLE = Path(__file__).parent / "fixtures" / "enterprise_manager_backup_session.xml"
FORMATS = sorted(WRITERS)


def answer(body: bytes) -> Response:
    return Response("GET /api/query", 200, {}, body)


def sessions(rows: list[Row], written: str = "v12") -> list[Session]:
    body = WRITERS[written](query_answer("BackupJobSession", rows), "BackupJobSession")
    page = read_sessions(BACKUP_SESSIONS, answer(body), 1)
    assert page.skipped == ()
    return [one.session for one in normalise(page.rows)]


def one(written: str = "v12", **fields: Any) -> Session:
    return sessions([row("s1", **fields)], written)[0]


def test_the_documented_example_is_read_value_by_value() -> None:
    """The vendor's own page of /backupSessions/{ID}; it ran for 165.11 seconds."""
    response = Response("GET /api/backupSessions/x", 200, {}, EXAMPLE.read_bytes())
    (sighting,) = normalise([read_entity(BACKUP_SESSIONS, response)])
    session = sighting.session
    assert session == Session(
        id="a057c2c3-f3bd-4ab4-9fb7-24058cccb4f6",
        job_id="2b078668-e45d-4eb3-abb0-275b0d130e7e",
        job_name="Backup Job 3",
        session_type="Backup",
        state=State.FINISHED,
        result=Result.SUCCESS,
        started=1632513609.607,
        ended=1632513774.717,
        statistics=Statistics(retries=0.0),
    )
    assert session.ended is not None
    assert session.started is not None
    assert session.ended - session.started == pytest.approx(165.11, abs=1e-6)
    assert sighting.backup_server == "enterprise01.tech.local"


@pytest.mark.parametrize("written", FORMATS)
def test_every_format_says_the_same(written: str) -> None:
    """JSON of version 12, JSON of version 13 and XML hold the same sessions."""
    rows = [
        row("s1", IsRetry=True, Result="Failed", FailureMessage="no <space> & no luck"),
        running("s2", Progress=41),
        row("s3", CreationTimeUTC="2023-11-14T21:00:10.659559Z", EndTimeUTC=None),
    ]
    assert sessions(rows, written) == [
        Session(
            id=guid("s1"),
            job_id=JOB,
            job_name="SQL nightly",
            session_type="Backup",
            state=State.FINISHED,
            result=Result.FAILED,
            started=1699995609.607,
            ended=1699996494.7,
            statistics=Statistics(retries=1.0),
            message="no <space> & no luck",
        ),
        Session(
            id=guid("s2"),
            job_id=JOB,
            job_name="SQL nightly",
            session_type="Backup",
            state=State.RUNNING,
            result=None,
            started=1699995609.607,
            ended=None,
            statistics=Statistics(retries=0.0, progress_ratio=0.41),
        ),
        Session(
            id=guid("s3"),
            job_id=JOB,
            job_name="SQL nightly",
            session_type="Backup",
            state=State.FINISHED,
            result=Result.SUCCESS,
            started=1699995610.659559,
            ended=None,
            statistics=Statistics(retries=0.0),
        ),
    ]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Starting", State.QUEUED),
        ("Working", State.RUNNING),
        ("Stopping", State.RUNNING),
        ("Pausing", State.RUNNING),
        ("Resuming", State.RUNNING),
        ("Idle", State.RUNNING),
        ("working", State.RUNNING),
    ],
)
def test_every_state_but_stopped_is_open(word: str, state: State) -> None:
    """Whatever result and end such a row may show already."""
    session = one(State=word, Result="Success")
    assert (session.state, session.result, session.ended) == (state, None, None)
    assert session.unknown == ()


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("Success", Result.SUCCESS),
        ("Warning", Result.WARNING),
        ("Failed", Result.FAILED),
        ("None", Result.UNKNOWN),
        (None, Result.UNKNOWN),
        ("FAILED", Result.FAILED),
    ],
)
def test_the_result_of_a_stopped_session(word: str | None, result: Result) -> None:
    """Stopped without a result is unknown, and that is no strange word."""
    session = one(Result=word)
    assert (session.state, session.result, session.unknown) == (State.FINISHED, result, ())


def test_a_strange_state_is_counted_and_followed() -> None:
    """It stays open, so that it is asked for until it has a word that we know."""
    session = one(State="Levitating")
    assert (session.state, session.result) == (State.RUNNING, None)
    assert session.unknown == ("status",)


def test_a_strange_result_is_unknown_and_counted() -> None:
    """The session is over all the same."""
    session = one(Result="Splendid")
    assert (session.state, session.result) == (State.FINISHED, Result.UNKNOWN)
    assert session.unknown == ("status",)


def test_a_strange_type_is_kept_and_counted() -> None:
    """Better a series too many than a failed backup unseen."""
    session = one(JobType="TapeBackup")
    assert (session.session_type, session.unknown) == ("TapeBackup", ("session_type",))
    assert session.result is Result.SUCCESS


def test_a_stopped_session_at_no_percent_is_finished() -> None:
    """Containers of copy jobs are seen stopped, successful and at 0 percent."""
    session = one(JobType="ImmediateBackupCopy", Progress=0)
    assert (session.state, session.result) == (State.FINISHED, Result.SUCCESS)
    assert session.statistics == Statistics(retries=0.0)


@pytest.mark.parametrize("percent", [-1, 101, 1e300])
def test_a_progress_beyond_100_percent_is_none(percent: float) -> None:
    """And one below 0."""
    assert sessions([running(Progress=percent)])[0].statistics.progress_ratio is None


def test_a_session_that_does_not_say_whether_it_is_a_retry() -> None:
    """What is not reported is no 0."""
    assert one(IsRetry=None).statistics == Statistics()
    told = sessions([running(IsRetry=None)])[0].statistics
    assert told == Statistics(progress_ratio=0.41)


def test_a_session_without_a_job_has_no_job_name_either() -> None:
    """The job of a deleted job is missing; its sessions must not share a series under a name."""
    session = one(JobUid=None)
    assert (session.job_id, session.job_name) == ("", "")


def test_an_end_before_the_start_is_no_end() -> None:
    """Clocks jump; a negative duration must not come of it."""
    assert one(EndTimeUTC="2023-11-14T20:00:00Z").ended is None


@pytest.mark.parametrize("sentinel", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_is_none(sentinel: str) -> None:
    """The year 1 and the year 9999 mean that there is no time."""
    assert one(EndTimeUTC=sentinel).ended is None


@pytest.mark.parametrize("text", ["", "soon", "2023-11-14T21:14:54.7"])
def test_a_time_that_is_not_as_documented_costs_no_session(text: str) -> None:
    """No time is none; one without a zone is UTC."""
    session = one(EndTimeUTC=text)
    assert session.ended == (1699996494.7 if text.startswith("2023") else None)
    assert session.result is Result.SUCCESS


def test_all_replicas_are_of_one_type() -> None:
    """Their list holds nothing else, and by their type they are found again by id."""
    rows = [row("s1", "ReplicaJobSession", JobType=None)]
    body = WRITERS["v12"](query_answer("ReplicaJobSession", rows), "")
    page = read_sessions(REPLICA_SESSIONS, answer(body), 1)
    assert normalise(page.rows, "Replica")[0].session.session_type == "Replica"


@pytest.mark.parametrize(
    ("urn", "found"),
    [
        ("urn:veeam:Job:ABC", "abc"),
        ("urn:veeam:BackupServer: abc", "abc"),
        ("abc", "abc"),
        (None, ""),
    ],
)
def test_an_identifier_is_the_end_of_its_name(urn: str | None, found: str) -> None:
    """In lower case, without the space that some have."""
    assert identifier(urn) == found


def test_the_backup_server_is_named_by_the_type_of_the_link() -> None:
    """Not by its place, nor by its relation, which the link to the job has too."""
    job_link = {"Rel": "Up", "Type": "JobReference", "Name": "SQL"}
    rows = [row("s1", Links=[job_link, up("vbr02")]), row("s2", Links=None), row("s3", Links=[])]
    body = WRITERS["v12"](query_answer("BackupJobSession", rows), "")
    found = normalise(read_sessions(BACKUP_SESSIONS, answer(body), 1).rows)
    assert [one.backup_server for one in found] == ["vbr02", "", ""]
    only_job = [row("s1", Links=[job_link])]
    body = WRITERS["v12"](query_answer("BackupJobSession", only_job), "")
    (other,) = read_sessions(BACKUP_SESSIONS, answer(body), 1).rows
    assert (normalise([other])[0].backup_server, backup_server(other.links)) == ("", "")


def test_a_message_is_one_short_line() -> None:
    """Without control characters, which would break a page."""
    assert one(FailureMessage="a\r\nb" + "x" * 900).message == "a b" + "x" * 497


def test_only_retries_are_summed() -> None:
    """No sizes, no rates and no bottlenecks are told of any type."""
    assert reports("Backup") == reports("Replica") == Reports(totals=frozenset({"retries"}))
