"""Whole polls of a small Enterprise Manager: which requests are sent, what the harvest holds."""

import logging
import re
import time
from typing import Any

import pytest
from aiohttp import web

from exporter.config.values import Selection
from exporter.errors import (
    AuthenticationFailed,
    Forbidden,
    HttpFailed,
    ParseFailed,
    SourceError,
)
from exporter.log import facts
from exporter.model import Job, OpenSession, Result, ServerInfo, Session, State, Window
from exporter.sources.enterprise_manager.facts import REFRESH_AFTER
from tests.sources.conftest import MakeEnterpriseManager
from tests.support.enterprise_manager_answers import (
    JOB,
    LOGON_ID,
    NAMESPACE,
    OTHER_JOB,
    TOKEN,
    WRITERS,
    Queries,
    guid,
    job,
    links,
    logon_answer,
    query_answer,
    row,
    running,
    server_of,
    v12,
    v13,
    xml_entity,
)
from tests.support.rest_world import NOW, Said, SmallServer, StillClock, small_server

WINDOW = Window(start=NOW - 7200)
FORBIDDEN = Said('{"Message": "Access is denied"}', 403)
EVERY_ENDPOINT = {"sessions", "jobs", "api", "backup_servers", "collection"}


def open_session(name: str, kind: str = "Backup") -> OpenSession:
    session = Session(guid(name), JOB, "SQL nightly", kind, State.RUNNING, None, NOW - 9e5, None)
    return OpenSession(session, NOW - 60)


def selection(*include: str, exclude: tuple[str, ...] = ()) -> Selection:
    return Selection(tuple(map(re.compile, include)), tuple(map(re.compile, exclude)))


def queries_of(server: SmallServer, entity: str = "") -> list[str]:
    return [one.query for one in server.of("/api/query") if f"type={entity}" in one.query]


def names(sessions: tuple[Session, ...], *known: str) -> list[str]:
    by_id = {guid(name): name for name in known}
    return sorted(by_id[session.id] for session in sessions)


@pytest.mark.parametrize("written", sorted(WRITERS))
async def test_a_poll_brings_everything(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, written: str
) -> None:
    """Running and ended sessions, replicas, jobs, versions and the last collection."""
    server.answers = server_of(
        Queries(
            running=[running("s1")],
            ended=[row("s2")],
            replicas_running=[running("s3", JobType="Replica")],
            replicas_ended=[row("s4", "ReplicaJobSession", JobType="Replica")],
            jobs=[job()],
            format=written,
        )
    )
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert names(harvest.sessions, "s1", "s2", "s3", "s4") == ["s1", "s2", "s3", "s4"]
    assert {one.session_type for one in harvest.sessions} == {"Backup", "Replica"}
    assert harvest.info == ServerInfo("12.3.2.4465", "v1.7")
    assert harvest.data_time == 1699999200.5
    assert harvest.endpoints == dict.fromkeys(EVERY_ENDPOINT, True)
    assert (harvest.skipped_rows, harvest.gone, harvest.job_list) == (0, (), True)
    assert harvest.listed_types == {"Backup"}
    assert harvest.jobs == (
        Job(
            JOB,
            "SQL nightly",
            ("Backup",),
            backup_server="vbr01.lab.example",
            enabled=True,
            next_run=1700013600.0,
        ),
    )


async def test_the_queries_as_they_are_sent(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Encoded as the server writes its own links; quoted times in UTC; a steady order."""
    server.answers = server_of(Queries())
    await enterprise_manager().fetch(Window(start=1700000000.9), ())
    rest = "&sortAsc=CreationTime&pageSize=500&page=1"
    ended = "EndTime%3E%3D%222023-11-14T22%3A13%3A20Z%22"
    assert queries_of(server) == [
        "type=Job&format=Entities&sortAsc=Name&pageSize=500&page=1",
        *(
            f"type={entity}&format=Entities&filter={where}{rest}"
            for entity in ("BackupJobSession", "ReplicaJobSession")
            for where in ("State%21%3DStopped", ended)
        ),
    ]
    assert {one.headers["Accept"] for one in server.seen} == {"application/json"}


async def test_pages_are_read_to_the_last(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Also when the server keeps to pages shorter than those that were asked for."""
    rows = [row(f"s{number}") for number in range(25)]
    server.answers = server_of(Queries(ended=rows, size=10))
    told: list[tuple[int, int]] = []
    harvest = await enterprise_manager().fetch(
        WINDOW, (), lambda pages, sessions: told.append((pages, sessions))
    )
    assert len(harvest.sessions) == 25
    pages = [query for query in queries_of(server, "BackupJobSession") if "EndTime" in query]
    assert [query.rpartition("=")[2] for query in pages] == ["1", "2", "3"]
    assert told[-1] == (6, 25)


@pytest.mark.parametrize(("configured", "asked"), [(500, 500), (200, 200), (5000, 1000)])
async def test_the_size_of_a_page_has_a_limit(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, configured: int, asked: int
) -> None:
    """It is always sent: servers differ in what they take for granted."""
    server.answers = server_of(Queries())
    await enterprise_manager(page_size=configured).fetch(WINDOW, ())
    assert all(f"pageSize={asked}&" in query for query in queries_of(server))


async def test_pages_that_shift_bring_each_session_once(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A session that ends while pages are read pushes others to the next page."""
    pages = [[row("s1"), row("s2")], [row("s2"), row("s3")], [row("s4")]]
    answers = [
        Said(v12(query_answer("BackupJobSession", rows, number, 3, size=2)))
        for number, rows in enumerate(pages, 1)
    ]
    await _serve_ended(server, answers)
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert names(harvest.sessions, "s1", "s2", "s3", "s4") == ["s1", "s2", "s3", "s4"]


async def test_pages_that_repeat_fail_the_poll(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A server that ignores the number of the page must not be asked for ever."""
    same = [
        Said(v12(query_answer("BackupJobSession", [row("s1")], number, 9, size=1)))
        for number in range(1, 10)
    ]
    await _serve_ended(server, same)
    with pytest.raises(ParseFailed, match="of BackupJobSession answers the same rows"):
        await enterprise_manager().fetch(WINDOW, ())


@pytest.mark.parametrize("before", [0, 1])
async def test_an_empty_page_that_claims_more_fails_the_poll(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, before: int
) -> None:
    """At once, whatever count it claims; what is missing would never be counted."""
    good = [Said(v12(query_answer("BackupJobSession", [row("s1")], 1, 10**9)))][:before]
    empty = Said(v12(query_answer("BackupJobSession", None, before + 1, 10**9)))
    await _serve_ended(server, [*good, empty])
    with pytest.raises(ParseFailed, match=f" page {before + 1} was answered with no rows"):
        await enterprise_manager().fetch(WINDOW, ())


async def _serve_ended(server: SmallServer, answers: list[Said]) -> None:
    """Serve `answers` one after the other to the query of ended backup sessions."""
    queries = Queries()

    async def handle(request: web.Request) -> web.Response:
        if "type=BackupJobSession" in request.query_string and "EndTime" in request.query_string:
            queries.ended = answers.pop(0)
        return await queries(request)

    server.answers = {**server_of(queries), "GET /api/query": handle}


async def test_a_session_that_ends_between_the_lists_is_finished(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Running ones are read first, so it is in both lists; the later reading wins."""
    server.answers = server_of(Queries(running=[running("s1")], ended=[row("s1")]))
    (session,) = (await enterprise_manager().fetch(WINDOW, ())).sessions
    assert session.result is Result.SUCCESS


async def test_one_logon_serves_many_polls(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Its header goes with every call, and no cookie ever does."""
    server.answers = server_of(Queries())
    source = enterprise_manager()
    await source.fetch(WINDOW, ())
    await source.fetch(WINDOW, ())
    assert len(server.of("/api/sessionMngr/")) == 1
    calls = [one for one in server.seen if one.path != "/api/sessionMngr/"]
    assert {one.headers.get("X-RestSvcSessionId") for one in calls} == {TOKEN}
    assert all("Cookie" not in one.headers for one in server.seen)
    assert source.traffic().logons == 1


async def test_closing_deletes_the_own_session_only(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Once, by its own id; the list of sessions, which shows everybody's, is never asked for."""
    server.answers = server_of(Queries())
    source = enterprise_manager()
    await source.fetch(WINDOW, ())
    await source.close()
    await source.close()
    assert server.paths("DELETE") == [f"/api/logonSessions/{LOGON_ID}"]
    assert "/api/logonSessions" not in server.paths("GET")


async def test_a_session_that_expired_is_renewed_once(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """After 15 minutes without a call the server answers 401, in the middle of a poll too."""
    queries = Queries(ended=[row("s1")])
    server.answers = server_of(queries)
    expired = iter([True])

    async def handle(request: web.Request) -> web.Response:
        if request.query["type"] == "ReplicaJobSession" and next(expired, False):
            return web.Response(status=401)
        return await queries(request)

    server.answers["GET /api/query"] = handle
    source = enterprise_manager()
    harvest = await source.fetch(WINDOW, ())
    assert len(harvest.sessions) == 1
    assert source.traffic().logons == 2


async def test_a_new_session_that_is_rejected_is_an_authentication_failure(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """No loop of logons comes of it."""
    server.answers = server_of(Queries())
    server.answers["GET /api/query"] = Said("", 401)
    source = enterprise_manager()
    with pytest.raises(AuthenticationFailed, match="rejects the token"):
        await source.fetch(WINDOW, ())
    assert len(server.of("/api/sessionMngr/")) == 2


async def test_a_refused_password_is_sent_once(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """The next poll does not try it again: accounts get locked out."""
    server.answers = server_of(Queries())
    server.answers["POST /api/sessionMngr/"] = Said('{"Message": "wrong s3cret-p4ss"}', 401)
    source = enterprise_manager()
    for _ in range(2):
        with pytest.raises(AuthenticationFailed) as caught:
            await source.fetch(WINDOW, ())
        assert "s3cret-p4ss" not in str(caught.value)
    assert len(server.seen) == 1
    source.forget_logon()
    server.answers["POST /api/sessionMngr/"] = logon_answer()
    await source.fetch(WINDOW, ())


async def test_jobs_that_may_not_be_listed_are_no_failure(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A Portal User reads sessions; what is known of jobs comes from them."""
    ended = [row("s1"), row("s2", JobUid=f"urn:veeam:Job:{OTHER_JOB}", JobName="VM nightly")]
    server.answers = server_of(Queries(ended=ended, jobs=FORBIDDEN))
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert harvest.endpoints == {**dict.fromkeys(EVERY_ENDPOINT, True), "jobs": False}
    assert (harvest.job_list, harvest.listed_types) == (False, frozenset())
    assert [(one.name, one.backup_server, one.enabled) for one in harvest.jobs] == [
        ("SQL nightly", "vbr01.lab.example", None),
        ("VM nightly", "vbr01.lab.example", None),
    ]


async def test_jobs_keep_what_was_known_while_their_list_fails(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """And nothing is taken for deleted meanwhile."""
    queries = Queries(jobs=[job()])
    server.answers = server_of(queries)
    source = enterprise_manager()
    before = await source.fetch(WINDOW, ())
    queries.jobs = Said("", 503)
    after = await source.fetch(WINDOW, ())
    assert after.jobs == before.jobs
    assert (before.job_list, after.job_list) == (True, False)


async def test_a_list_of_jobs_with_a_gap_is_not_complete(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A row that could not be read may be any job."""
    server.answers = server_of(Queries(jobs=[job(), job(OTHER_JOB, UID=None)]))
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert (len(harvest.jobs), harvest.job_list) == (1, False)


@pytest.mark.parametrize(
    ("fields", "enabled", "next_run"),
    [
        ({}, True, 1700013600.0),
        ({"ScheduleEnabled": False, "NextRun": None}, False, None),
        ({"ScheduleConfigured": False, "ScheduleEnabled": False, "NextRun": ""}, None, None),
        ({"ScheduleConfigured": None, "ScheduleEnabled": None}, None, 1700013600.0),
    ],
)
async def test_whether_a_job_is_on(
    server: SmallServer,
    enterprise_manager: MakeEnterpriseManager,
    fields: dict[str, Any],
    enabled: bool | None,
    next_run: float | None,
) -> None:
    """A job without a schedule is started by hand: it is neither on nor off."""
    server.answers = server_of(Queries(jobs=[job(**fields)]))
    (one,) = (await enterprise_manager().fetch(WINDOW, ())).jobs
    assert (one.enabled, one.next_run) == (enabled, next_run)


async def test_jobs_of_agents_are_known_from_their_sessions(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """The list of jobs does not name them, and must not make them pass for deleted ones."""
    agent = row("s1", JobType="AgentBackup", JobUid=f"urn:veeam:Job:{OTHER_JOB}", JobName="Laptops")
    deleted = row("s2", JobUid="urn:veeam:Job:deleted", JobName="Old")
    server.answers = server_of(Queries(ended=[agent, deleted], jobs=[job()]))
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert [(one.name, one.session_types) for one in harvest.jobs] == [
        ("SQL nightly", ("Backup",)),
        ("Laptops", ("AgentBackup",)),
    ]
    assert harvest.listed_types == {"Backup"}


async def test_an_empty_list_of_jobs_covers_nothing(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Jobs that are not shown to an account are not deleted."""
    server.answers = server_of(Queries(ended=[row("s1")]))
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert (harvest.job_list, harvest.listed_types) == (True, frozenset())
    assert [one.name for one in harvest.jobs] == ["SQL nightly"]


async def test_a_job_is_named_by_its_whole_sessions(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Those of its parts carry the names of the source jobs as well."""
    part = row("s2", JobType="ImmediateBackupCopyWorker", JobName="Copy\\SQL nightly",
               CreationTimeUTC="2023-11-14T22:00:00Z")  # fmt: skip
    whole = row("s1", JobType="ImmediateBackupCopy", JobName="Copy")
    server.answers = server_of(Queries(ended=[whole, part], jobs=FORBIDDEN))
    (one,) = (await enterprise_manager(session_types=selection(".*")).fetch(WINDOW, ())).jobs
    assert one.name == "Copy"
    assert one.session_types == ("ImmediateBackupCopy", "ImmediateBackupCopyWorker")


async def test_parts_of_jobs_are_left_out_unless_asked_for(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A container and its children both appear; one of them is counted."""
    kinds = ["ImmediateBackupCopy", "ImmediateBackupCopyWorker", "AgentBackup", "AgentManagement"]
    kinds += ["Backup", "BackupCopy", "NasBackup", "TapeBackup"]
    rows = [row(f"s{number}", JobType=kind) for number, kind in enumerate(kinds)]
    server.answers = server_of(Queries(ended=rows))
    by_default = await enterprise_manager().fetch(WINDOW, ())
    assert {one.session_type for one in by_default.sessions} == {
        "ImmediateBackupCopy",
        "AgentBackup",
        "Backup",
        "BackupCopy",
        "NasBackup",
        "TapeBackup",
    }
    children = enterprise_manager(session_types=selection("AgentManagement", ".*Worker"))
    asked_for = await children.fetch(WINDOW, ())
    assert {one.session_type for one in asked_for.sessions} == {
        "ImmediateBackupCopyWorker",
        "AgentManagement",
    }


async def test_replicas_are_not_asked_for_when_they_are_excluded(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Nor where other types are all that is included."""
    server.answers = server_of(Queries())
    await enterprise_manager(session_types=selection(exclude=("Replica",))).fetch(WINDOW, ())
    await enterprise_manager(session_types=selection("Backup")).fetch(WINDOW, ())
    assert queries_of(server, "ReplicaJobSession") == []


async def test_backup_servers_can_be_chosen(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """By the names under which Enterprise Manager knows them; jobs and sessions alike."""
    other = {"Links": links(guid("s2"), "vbr02"), "JobUid": f"urn:veeam:Job:{OTHER_JOB}"}
    jobs = [job(), job(OTHER_JOB, Links=links("x", "vbr02"))]
    server.answers = server_of(Queries(ended=[row("s1"), row("s2", **other)], jobs=jobs))
    options = {"backup_servers": selection(exclude=("vbr01.*",))}
    harvest = await enterprise_manager(options=options).fetch(WINDOW, ())
    assert names(harvest.sessions, "s1", "s2") == ["s2"]
    assert [one.id for one in harvest.jobs] == [OTHER_JOB]


async def test_equal_names_on_two_backup_servers_are_two_jobs(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """They differ by their ids."""
    other = {"Links": links(guid("s2"), "vbr02"), "JobUid": f"urn:veeam:Job:{OTHER_JOB}"}
    server.answers = server_of(Queries(ended=[row("s1"), row("s2", **other)], jobs=FORBIDDEN))
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert {(one.job_id, one.job_name) for one in harvest.sessions} == {
        (JOB, "SQL nightly"),
        (OTHER_JOB, "SQL nightly"),
    }
    assert {(one.id, one.backup_server) for one in harvest.jobs} == {
        (JOB, "vbr01.lab.example"),
        (OTHER_JOB, "vbr02"),
    }


@pytest.mark.parametrize("written", ["v12", "v13", "xml"])
async def test_an_open_session_outside_the_lists_is_asked_for_by_id(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, written: str
) -> None:
    """However long it took."""
    text = {
        "v12": v12(row("s1")),
        "v13": v13(row("s1")),
        "xml": xml_entity(row("s1"), "BackupJobSession", NAMESPACE).encode(),
    }
    server.answers = server_of(Queries())
    server.answers[f"GET /api/backupSessions/{guid('s1')}"] = Said(text[written])
    harvest = await enterprise_manager().fetch(WINDOW, (open_session("s1"),))
    assert [one.result for one in harvest.sessions] == [Result.SUCCESS]
    assert server.of(f"/api/backupSessions/{guid('s1')}")[0].query == "format=Entity"
    assert harvest.endpoints["session"]


async def test_a_replica_is_followed_at_its_own_resource(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """At the other one it would be unknown, and so pass for deleted."""
    server.answers = server_of(Queries())
    path = f"/api/replicaSessions/{guid('s1')}"
    server.answers[f"GET {path}"] = Said(v12(row("s1", "ReplicaJobSession", JobType="Replica")))
    harvest = await enterprise_manager().fetch(WINDOW, (open_session("s1", "Replica"),))
    assert [one.session_type for one in harvest.sessions] == ["Replica"]


async def test_an_open_session_in_a_list_is_not_asked_for(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """The list has told it all."""
    server.answers = server_of(Queries(running=[running("s1")]))
    await enterprise_manager().fetch(WINDOW, (open_session("s1"),))
    assert f"/api/backupSessions/{guid('s1')}" not in server.paths()


async def test_an_open_session_that_is_not_there_any_more_is_gone(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """404 by its id."""
    server.answers = server_of(Queries())
    harvest = await enterprise_manager().fetch(WINDOW, (open_session("s1"),))
    assert harvest.gone == (guid("s1"),)


@pytest.mark.parametrize("answer", [Said("", 500), FORBIDDEN])
async def test_an_open_session_that_cannot_be_read_stays_open(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, answer: Said
) -> None:
    """It is neither gone nor finished."""
    server.answers = server_of(Queries())
    server.answers[f"GET /api/backupSessions/{guid('s1')}"] = answer
    harvest = await enterprise_manager().fetch(WINDOW, (open_session("s1"),))
    assert (harvest.sessions, harvest.gone) == ((), ())
    assert not harvest.endpoints["session"]


async def test_an_open_session_whose_answer_is_unreadable_is_counted(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """As a row that was skipped."""
    server.answers = server_of(Queries())
    server.answers[f"GET /api/backupSessions/{guid('s1')}"] = Said("<html/>")
    harvest = await enterprise_manager().fetch(WINDOW, (open_session("s1"),))
    assert (harvest.sessions, harvest.gone, harvest.skipped_rows) == ((), (), 1)


async def test_a_followed_session_keeps_its_job_when_that_was_deleted(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Its result belongs to the job that it was seen to run for."""
    server.answers = server_of(Queries())
    path = f"GET /api/backupSessions/{guid('s1')}"
    server.answers[path] = Said(v12(row("s1", JobUid=None, JobName=None)))
    (session,) = (await enterprise_manager().fetch(WINDOW, (open_session("s1"),))).sessions
    assert (session.job_id, session.job_name) == (JOB, "SQL nightly")


async def test_open_sessions_that_are_not_wanted_any_more_are_left_alone(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """The configuration may have changed."""
    server.answers = server_of(Queries())
    followed = (open_session("s1", "AgentManagement"),)
    harvest = await enterprise_manager().fetch(WINDOW, followed)
    assert harvest.gone == ()


async def test_a_row_that_cannot_be_read_is_counted_and_named_once(
    server: SmallServer,
    enterprise_manager: MakeEnterpriseManager,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others are there."""
    server.answers = server_of(Queries(ended=[row("s1"), row("s2", UID=None)]))
    source = enterprise_manager()
    with caplog.at_level(logging.WARNING):
        first = await source.fetch(WINDOW, ())
        await source.fetch(WINDOW, ())
    assert (len(first.sessions), first.skipped_rows) == (1, 1)
    (record,) = [one for one in caplog.records if "skipped" in one.getMessage()]
    assert "page 1: BackupJobSession[1]" in facts(record)["place"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Said("", 500), HttpFailed),
        (Said("", 503), HttpFailed),
        (FORBIDDEN, Forbidden),
        (Said("<!DOCTYPE html><html/>"), ParseFailed),
        (Said('{"Entities": {"BackupJobSess'), ParseFailed),
        (Said("<QueryResult><Entities>"), ParseFailed),
        (Said('{"Refs": [{"UID": "x"}], "Entities": null}'), ParseFailed),
        (Said("x" * (17 * 2**20)), SourceError),
    ],
)
@pytest.mark.parametrize("kind", ["running", "ended", "replicas_running", "replicas_ended"])
async def test_a_list_of_sessions_that_cannot_be_read_fails_the_poll(
    server: SmallServer,
    enterprise_manager: MakeEnterpriseManager,
    answer: Said,
    error: type[SourceError],
    kind: str,
) -> None:
    """Whichever of the four it is."""
    queries = Queries(ended=[row("s1")])
    setattr(queries, kind, answer)
    server.answers = server_of(queries)
    with pytest.raises(error):
        await enterprise_manager().fetch(WINDOW, ())


async def test_an_external_entity_is_not_fetched(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """A document type alone refuses the answer."""
    async with small_server({"GET /stolen": Said("x")}) as other:
        text = (
            f'<?xml version="1.0"?><!DOCTYPE q SYSTEM "{other.url}/stolen" '
            f'[<!ENTITY e SYSTEM "{other.url}/stolen">]><QueryResult>&e;</QueryResult>'
        )
        server.answers = server_of(Queries(ended=Said(text)))
        with pytest.raises(ParseFailed, match="document type or entities"):
            await enterprise_manager().fetch(WINDOW, ())
        assert other.seen == []


async def test_links_are_never_followed(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """They carry a host that we did not dial: only what the configuration names is called."""
    async with small_server() as other:
        rows = [row(f"s{number}") for number in range(3)]
        foreign = [{**one, "Href": f"{other.url}/api/backupSessions/x"} for one in rows]
        for one in foreign:
            for link in one["Links"]:
                link["Href"] = f"{other.url}/api/x"
        answers = []
        for number, one in enumerate(foreign, 1):
            value = query_answer("BackupJobSession", [one], number, 3, size=1)
            for link in value["PagingInfo"]["Links"]:
                link["Href"] = f"{other.url}/api/query?page={number + 1}"
            answers.append(Said(v12(value)))
        await _serve_ended(server, answers)
        harvest = await enterprise_manager().fetch(WINDOW, ())
        assert len(harvest.sessions) == 3
        assert other.seen == []


async def test_a_list_of_jobs_with_a_gap_ends_no_job(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Fewer pages than it announces: not for sure all there are."""
    queries = Queries(jobs=[job()])
    server.answers = server_of(queries)
    source = enterprise_manager()
    await source.fetch(WINDOW, ())
    queries.jobs = Said(v12(query_answer("Job", None, 1, 3)))
    harvest = await source.fetch(WINDOW, ())
    assert (harvest.job_list, harvest.endpoints["jobs"]) == (False, False)
    assert [one.id for one in harvest.jobs] == [JOB]


@pytest.mark.parametrize("answer", [FORBIDDEN, Said("", 500), Said("<html/>"), Said("[]")])
async def test_everything_but_the_sessions_is_optional(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, answer: Said
) -> None:
    """What cannot be read shows as an endpoint that is down and is unknown."""
    server.answers = server_of(Queries(ended=[row("s1")], jobs=answer))
    for path in ("/api/backupServers", "/api/systemSessions"):
        server.answers[f"GET {path}"] = answer
    server.answers["GET /api/"] = Said("", 500)
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert len(harvest.sessions) == 1
    assert harvest.endpoints == {**dict.fromkeys(EVERY_ENDPOINT, False), "sessions": True}
    assert (harvest.info, harvest.data_time) == (ServerInfo("", ""), None)


async def test_what_changes_rarely_is_read_rarely(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, clock: StillClock
) -> None:
    """Its last known state is told meanwhile."""
    server.answers = server_of(Queries())
    source = enterprise_manager()
    await source.fetch(WINDOW, ())
    harvest = await source.fetch(WINDOW, ())
    assert harvest.data_time == 1699999200.5
    assert len(server.of("/api/systemSessions")) == 1
    clock.time += REFRESH_AFTER
    await source.fetch(WINDOW, ())
    assert len(server.of("/api/systemSessions")) == 2


async def test_the_last_collection_is_looked_up_before_the_sessions(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """One that ends in between has brought sessions that this poll did not see."""
    server.answers = server_of(Queries(ended=[row("s1")]))
    await enterprise_manager().fetch(WINDOW, ())
    paths = server.paths()
    assert paths.index("/api/systemSessions") < paths.index("/api/query")


async def test_without_a_good_collection_the_last_known_one_stays(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager, clock: StillClock
) -> None:
    """It tells how old the data is, and that grows."""
    server.answers = server_of(Queries())
    source = enterprise_manager()
    await source.fetch(WINDOW, ())
    server.answers["GET /api/systemSessions"] = Said('{"SystemSessions": null}')
    clock.time += REFRESH_AFTER
    assert (await source.fetch(WINDOW, ())).data_time == 1699999200.5


async def test_versions_that_make_no_sense_are_unknown(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """The poll goes on without them."""
    server.answers = server_of(Queries())
    server.answers["GET /api/"] = Said('{"SupportedVersions": null}')
    server.answers["GET /api/backupServers"] = Said('{"BackupServers": [{"Version": "new"}, {}]}')
    assert (await enterprise_manager().fetch(WINDOW, ())).info == ServerInfo("", "")


async def test_a_pinned_version_is_told_as_it_is(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """Whatever else the server knows."""
    server.answers = server_of(Queries())
    harvest = await enterprise_manager(api_version="v1.6").fetch(WINDOW, ())
    assert harvest.info.api_version == "v1.6"
    assert server.of("/api/sessionMngr/")[0].query == "v=v1_6"


async def test_the_servers_own_time_is_told(
    server: SmallServer, enterprise_manager: MakeEnterpriseManager
) -> None:
    """From the date of its answers, while our own clock stands still years ago."""
    server.answers = server_of(Queries())
    harvest = await enterprise_manager().fetch(WINDOW, ())
    assert harvest.server_time == pytest.approx(time.time(), abs=60)
