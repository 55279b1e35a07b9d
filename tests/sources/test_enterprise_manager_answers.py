"""Bodies of every kind, good and bad: what is read, and which sentence says what is wrong."""

import contextlib
import gc
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ParseFailed
from exporter.rest.rows import DecodedPage
from exporter.rest.wire import Response
from exporter.sources.enterprise_manager.answers import (
    BACKUP_SERVERS,
    BACKUP_SESSIONS,
    JOBS,
    REPLICA_SESSIONS,
    SYSTEM_SESSIONS,
    read_entity,
    read_page,
    read_sessions,
)
from exporter.sources.enterprise_manager.sessions import normalise
from exporter.sources.enterprise_manager.wire import SessionRow
from tests.support.enterprise_manager_answers import (
    NAMESPACE,
    WRITERS,
    guid,
    job,
    query_answer,
    row,
    v12,
    v13,
    xml,
    xml_entity,
)

DEEP = 1_000_000
"""Levels of JSON that no Python follows: some count them, those since 3.14 measure the stack."""

FORMATS = sorted(WRITERS)


def answer(body: bytes) -> Response:
    return Response("GET /api/query", 200, {}, body)


def page(body: bytes, number: int = 1) -> DecodedPage[SessionRow]:
    return read_sessions(BACKUP_SESSIONS, answer(body), number)


def ids(found: DecodedPage[SessionRow]) -> list[str]:
    return [one.uid.rpartition(":")[2] for one in found.rows]


@pytest.mark.parametrize("written", FORMATS)
def test_a_byte_order_mark_is_tolerated(written: str) -> None:
    """Enterprise Manager begins its JSON with one."""
    body = WRITERS[written](query_answer("BackupJobSession", [row("s1")]), "BackupJobSession")
    assert ids(page(b"\xef\xbb\xbf" + body)) == [guid("s1")]


@pytest.mark.parametrize("write", [v12, v13])
def test_half_a_character_costs_no_session(write: Callable[[dict[str, Any]], bytes]) -> None:
    """JSON may hold the escape of one, as where a text was cut to a length."""
    sessions = [row("s1"), row("s2", JobName="Mail HALF")]
    body = write(query_answer("BackupJobSession", sessions)).replace(b"HALF", rb"\ud83d")
    found = page(body)
    assert ids(found) == [guid("s1"), guid("s2")]
    assert found.rows[1].job_name == "Mail \ufffd"


@pytest.mark.parametrize("written", FORMATS)
def test_an_empty_list_is_empty(written: str) -> None:
    """A list without a member is null in JSON."""
    body = WRITERS[written](query_answer("BackupJobSession", None), "BackupJobSession")
    found = page(body)
    assert (list(found.rows), found.length, found.has_more(500)) == ([], 0, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"Refs": null, "Entities": null, "PagingInfo": null}',
        b'{"Entities": {"BackupJobSessions": {"BackupJobSessions": null}}}',
        b'{"entities": {}, "pagingInfo": {"pagesCount": 0, "pageNum": 1}}',
        b'{"ENTITIES": {"BACKUPJOBSESSIONS": null}}',
    ],
)
def test_nothing_comes_in_many_shapes(body: bytes) -> None:
    """Null at any level, a list left out, or a count of no pages."""
    found = page(body)
    assert (list(found.rows), found.has_more(500)) == ([], False)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize(("number", "more"), [(1, True), (2, True), (3, False)])
def test_the_count_of_pages_says_whether_another_follows(
    written: str, number: int, more: bool
) -> None:
    """There is no count of sessions."""
    value = query_answer("BackupJobSession", [row("s1")], number, 3, size=1)
    assert page(WRITERS[written](value, "BackupJobSession"), number).has_more(500) is more


@pytest.mark.parametrize("written", [v12, v13])
@pytest.mark.parametrize("number", [1, 2])
def test_without_a_count_the_link_to_a_next_page_says_it(written: Any, number: int) -> None:
    """And nothing of the link is followed but that it is there."""
    value = query_answer("BackupJobSession", [row("s1")], number, 2, size=1)
    del value["PagingInfo"]["PagesCount"]
    assert page(written(value), number).has_more(500) is (number == 1)


def test_without_any_paging_a_full_page_has_another() -> None:
    """As a last resort, rows are counted."""
    value = query_answer("BackupJobSession", [row("s1"), row("s2")])
    value["PagingInfo"] = None
    assert page(v12(value)).has_more(2)
    assert not page(v12(value)).has_more(3)


def test_paging_that_makes_no_sense_is_ignored() -> None:
    """The rows are read all the same."""
    value = query_answer("BackupJobSession", [row("s1")])
    value["PagingInfo"]["PagesCount"] = "many"
    assert ids(page(v12(value))) == [guid("s1")]
    assert not page(v12(value)).has_more(500)


def test_spellings_may_be_mixed() -> None:
    """Whatever the first name of a body promises."""
    value = query_answer("BackupJobSession", [row("s1"), row("s2")])
    for part in ("Entities", "BackupJobSessions", "UID", "JobUid"):
        body = v12(value).replace(f'"{part}"'.encode(), f'"{part.swapcase()}"'.encode())
        found = page(body)
        assert ids(found) == [guid("s1"), guid("s2")]
        assert found.rows[0].job_uid
    value["Entities"] = json.loads(v13(value["Entities"]))
    assert ids(page(v12(value))) == [guid("s1"), guid("s2")]


def test_quoted_figures_are_figures() -> None:
    """Numbers and booleans in quotes are no reason to lose a session."""
    value = query_answer("BackupJobSession", [row("s1", IsRetry="True", Progress="41")])
    (one,) = page(v12(value)).rows
    assert (one.is_retry, one.progress) == (True, 41)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("uid", [None, ""])
def test_a_row_without_an_id_costs_itself_only(written: str, uid: str | None) -> None:
    """It is named with the reason."""
    rows = [row("s1"), row("s2", UID=uid), row("s3")]
    found = page(WRITERS[written](query_answer("BackupJobSession", rows), "BackupJobSession"))
    assert ids(found) == [guid("s1"), guid("s3")]
    assert found.length == 3
    (skipped,) = found.skipped
    assert skipped.place == "BackupJobSession[1]"
    assert "uid" in skipped.problem


@pytest.mark.parametrize("member", ["CreationTimeUTC", "State"])
@pytest.mark.parametrize("written", FORMATS)
def test_a_structure_in_place_of_a_text_costs_the_row(written: str, member: str) -> None:
    """In XML as in JSON: without its state it would be followed, not found, and counted."""
    rows = [row("s1"), row("s2", **{member: "@"}), row("s3")]
    body = WRITERS[written](query_answer("BackupJobSession", rows), "BackupJobSession")
    for text, structure in ((b'"@"', b'{"when": "soon"}'), (b">@<", b"><When>soon</When><")):
        body = body.replace(text, structure)
    found = page(body)
    assert (ids(found), len(found.skipped)) == ([guid("s1"), guid("s3")], 1)


def test_a_row_that_is_no_object_costs_itself_only() -> None:
    """Whatever it is."""
    value = query_answer("BackupJobSession", [])
    value["Entities"]["BackupJobSessions"]["BackupJobSessions"] = [row("s1"), None, 7, "x"]
    found = page(v12(value))
    assert (ids(found), len(found.skipped)) == ([guid("s1")], 3)


@pytest.mark.parametrize(
    "strange",
    [
        {"Progress": "half"},
        {"IsRetry": "perhaps"},
        {"Links": "none"},
        {"FailureMessage": {"text": "x"}},
        {"Links": [None]},
    ],
)
def test_strange_extras_cost_themselves_only(strange: dict[str, Any]) -> None:
    """The session is there without them."""
    found = page(v12(query_answer("BackupJobSession", [row("s1", **strange)])))
    assert (ids(found), found.skipped) == ([guid("s1")], ())
    (sighting,) = normalise(found.rows)
    assert sighting.backup_server == ("" if "Links" in strange else "vbr01.lab.example")


def test_several_strange_extras_cost_all_extras() -> None:
    """And still not the session."""
    strange = {"Progress": "half", "IsRetry": "perhaps"}
    found = page(v12(query_answer("BackupJobSession", [row("s1", **strange)])))
    assert (ids(found), found.skipped) == ([guid("s1")], ())


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00", "2026-07-02T00:00:03", "soon"])
def test_a_time_that_is_not_as_documented_costs_nothing_else(written: str, time: str) -> None:
    """Its session keeps the backup server, and the other sessions their times."""
    rows = [row("s1", EndTimeUTC=time), row("s2")]
    found = page(WRITERS[written](query_answer("BackupJobSession", rows), "BackupJobSession"))
    odd, plain = normalise(found.rows)
    expected = normalise(page(v12(query_answer("BackupJobSession", [row("s1"), row("s2")]))).rows)
    assert odd.backup_server == plain.backup_server == "vbr01.lab.example"
    assert plain == expected[1]
    assert odd.session.started == expected[0].session.started


@pytest.mark.parametrize("body", [xml(query_answer("BackupJobSession", [row("s1")])), b"<broken"])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(body: bytes, enabled: bool) -> None:
    """After a good page as after a bad one."""
    (gc.enable if enabled else gc.disable)()
    try:
        with contextlib.suppress(ParseFailed):
            page(body)
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_a_number_beyond_all_bounds_costs_no_page() -> None:
    """JSON has no largest number."""
    body = v12(query_answer("BackupJobSession", [row("s1")]))
    found = page(body.replace(b'"Progress": 100', b'"Progress": 1e999'))
    assert ids(found) == [guid("s1")]


HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><QueryResult>&b;</QueryResult>'
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty body"),
        (b"   ", "an empty body"),
        (HTML, "an HTML page"),
        (b"<html><body/></html>", "an HTML page"),
        (b'<?xml version="1.0"?><html/>', "an HTML page"),
        (BOMB, "a document type or entities, which is refused"),
        (b"<!DOCTYPE x><QueryResult/>", "which is refused"),
        (b"<QueryResult>&undefined;</QueryResult>", "not well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><QueryResult/>', "not well-formed"),
        (b'<?xml version="1.0" encoding="shift_jis"?><QueryResult/>', "not well-formed"),
        (b"<QueryResult>\xff</QueryResult>", "not well-formed"),
        (b"<Error Message='x'/>", "XML of another kind (error)"),
        (b'{"Refs": null', "cut off"),
        (b"not JSON", "not JSON"),
        (b"[]", "JSON that is no BackupJobSession"),
        (b"null", "JSON that is no BackupJobSession"),
        (b"{}", "JSON without BackupJobSession"),
        (b'{"results": []}', "JSON without BackupJobSession"),
        (b'{"Entities": {"BackupJobSessions": "x"}}', "are no list"),
        (b'{"Refs": [{"UID": "x"}], "Entities": null}', "references instead of entities"),
        (b'{"Refs": [{"UID": "x"}], "Entities": "", "x": 1}', "are no list"),
        (b'{"x": ' + b"[" * DEEP, "nested too deeply"),
        (b'{"Entities": "\xff"}', "not JSON"),
    ],
)
def test_a_bad_body_is_described(body: bytes, said: str) -> None:
    """In one sentence that tells what came in place of sessions."""
    with pytest.raises(ParseFailed, match="GET /api/query was answered with") as caught:
        page(body)
    assert said in str(caught.value)


def test_references_are_noticed_without_case() -> None:
    """Also where the row-by-row way reads them."""
    body = b'{"REFS": [{"UID": "x"}], "ENTITIES": null}'
    with pytest.raises(ParseFailed, match="references instead of entities"):
        page(body)


@pytest.mark.parametrize("written", FORMATS)
def test_a_body_that_is_cut_off_is_refused(written: str) -> None:
    """Wherever it ends: half a list must never pass for a whole one."""
    value = query_answer("BackupJobSession", [row("s1"), row("s2")])
    body = WRITERS[written](value, "BackupJobSession")
    for end in range(1, len(body), 97):
        with pytest.raises(ParseFailed):
            page(body[:end])


def test_replicas_have_lists_of_their_own() -> None:
    """In either format."""
    value = query_answer("ReplicaJobSession", [row("s1", "ReplicaJobSession")])
    for body in (v12(value), v13(value), xml(value, "ReplicaJobSession")):
        found = read_sessions(REPLICA_SESSIONS, answer(body), 1)
        assert ids(found) == [guid("s1")]
    assert not read_sessions(REPLICA_SESSIONS, answer(v12({"Entities": {}})), 1).rows


def test_jobs_are_read_in_every_format() -> None:
    """They are always read row by row."""
    value = query_answer("Job", [job()])
    for written in FORMATS:
        (one,) = read_page(JOBS, answer(WRITERS[written](value, "Job"))).rows
        assert (one.name, one.schedule_enabled, one.links is not None) == (
            "SQL nightly",
            True,
            True,
        )


def test_plain_lists_are_read_in_both_formats() -> None:
    """Those that are no answer of a query have a single level."""
    servers = [{"Name": "a", "Version": "12.3"}]
    written = f"<BackupServers xmlns='{NAMESPACE}'>{_element('BackupServer', servers[0])}"
    for body in (v12({"BackupServers": servers}), f"{written}</BackupServers>".encode()):
        assert [one.version for one in read_page(BACKUP_SERVERS, answer(body)).rows] == ["12.3"]
    assert read_page(BACKUP_SERVERS, answer(b'{"backupServers": null}')).rows == []


def test_a_nested_result_is_left_out() -> None:
    """A system session has an object where other sessions have a word."""
    inner = "<Result><Result>CompletedSuccessfully</Result></Result><State>Failed</State>"
    body = f"<SystemSessions><SystemSession>{inner}</SystemSession></SystemSessions>".encode()
    (one,) = read_page(SYSTEM_SESSIONS, answer(body)).rows
    assert one.state == "Failed"


def _element(name: str, fields: dict[str, str]) -> str:
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f"<{name}>{inside}</{name}>"


@pytest.mark.parametrize("body", [v12(row("s1")), v13(row("s1")), b"xml"])
def test_one_entity_is_read_in_every_format(body: bytes) -> None:
    """By its id a session is answered alone."""
    text = xml_entity(row("s1"), "BackupJobSession", NAMESPACE).encode()
    found = read_entity(BACKUP_SESSIONS, answer(text if body == b"xml" else body))
    assert found.uid.endswith(guid("s1"))


@pytest.mark.parametrize(
    "body", [b"{}", b'{"uid": ""}', b"[]", b"<BackupJobSession/>", b"<Error/>", b"", b"<a", b"7"]
)
def test_something_that_is_no_entity_is_refused(body: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ParseFailed):
        read_entity(BACKUP_SESSIONS, answer(body))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                ["Entities", "BackupJobSessions", "UID", "Refs", "PagingInfo", "Links"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    """No body ends in anything but a page or a sentence."""
    _read_or_refuse(json.dumps(value).encode())


@given(JSON)
def test_any_json_in_the_place_of_rows_is_read_or_refused(value: Any) -> None:
    """Rows that cannot be read cost themselves only."""
    _read_or_refuse(v12({"Entities": {"BackupJobSessions": {"BackupJobSessions": [value]}}}))


@given(st.dictionaries(st.sampled_from(sorted(row())), JSON, max_size=6))
def test_any_value_of_any_field_is_read_or_refused(fields: dict[str, Any]) -> None:
    """A session with strange fields is one row, read or skipped."""
    found = page(v12(query_answer("BackupJobSession", [row("s1", **fields)])))
    assert len(found.rows) + len(found.skipped) == 1


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"<Q>" + tail))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """As JSON or as XML."""
    _read_or_refuse(body)


def _read_or_refuse(body: bytes) -> None:
    try:
        found = page(body)
    except ParseFailed:
        return
    assert len(found.rows) + len(found.skipped) == found.length
