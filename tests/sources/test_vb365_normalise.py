"""What the words and figures of VB365 sessions become."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ParseFailed
from exporter.model import Bottleneck, Result, Session, State, Statistics
from exporter.rest.rows import read_page
from exporter.rest.wire import Response
from exporter.sources.vb365 import source as vb365
from exporter.sources.vb365.sessions import (
    JobName,
    last_segment,
    normalise,
    normalise_restores,
    normalise_retrievals,
)
from exporter.sources.vb365.wire import RESTORES, RETRIEVALS, SESSIONS, decode_page
from tests.support.vb365_answers import JOB, row

EXAMPLE = Path(__file__).parent / "fixtures" / "vb365_v6_example.json"
OTHER_JOB = "b7c1cc0b-2b3c-4096-9ba1-2d665b4ae504"
NAMES = {JOB: JobName(JOB, "Mail", "Backup"), OTHER_JOB: JobName(OTHER_JOB, "Sites", "Copy")}


def sessions(*rows: dict[str, Any]) -> list[Session]:
    page = decode_page(json.dumps({"results": rows}).encode())
    return normalise(page.rows, NAMES)


def one(**fields: Any) -> Session:
    return sessions(row("s1", **fields))[0]


def test_the_documented_example_is_read_value_by_value() -> None:
    """The vendor's own page of v6: sessions without jobId and jobType, times of 6 and 7 digits."""
    page = decode_page(EXAMPLE.read_bytes())
    assert page.more is True
    assert page.skipped == ()
    assert normalise(page.rows, NAMES) == [
        Session(
            id="fcb1c775-edbb-4beb-830f-fb051ef9ab1b",
            job_id=JOB,
            job_name="Mail",
            session_type="Backup",
            state=State.FINISHED,
            result=Result.SUCCESS,
            started=1643647164.008771,
            ended=1643647173.402312,
            statistics=Statistics(0, 0, 1, 0, 0, 797001305, 41, 0, None, Bottleneck.TARGET),
            message="Transferred: 0 B (0 items) at 0 B/s (0 items/s)",
        ),
        Session(
            id="8b92cfa3-6b94-4f62-b40a-7ecfa988ae08",
            job_id=OTHER_JOB,
            job_name="Sites",
            session_type="Copy",
            state=State.FINISHED,
            result=Result.WARNING,
            started=1643647139.529374,
            ended=1643647163.684754,
            statistics=Statistics(359459, 0, 0, 3, 30457, 327661, 0, 0, None, Bottleneck.TARGET),
            message="Some objects were processed with warnings",
        ),
        Session(
            id="d5f34eeb-17cc-48f9-bab0-4fc5cee225b5",
            job_id=JOB,
            job_name="Mail",
            session_type="Backup",
            state=State.FINISHED,
            result=Result.SUCCESS,
            started=1643645299.636978,
            ended=1643645515.726347,
            statistics=Statistics(36924, 6, 76, 0, 2484, 0, 17, 0, None, Bottleneck.SOURCE),
            message="Transferred: 36.1 KB (6 items) at 2.4 KB/s (0 items/s)",
        ),
    ]


@pytest.mark.parametrize(
    ("word", "state", "result"),
    [
        ("Success", State.FINISHED, Result.SUCCESS),
        ("WARNING", State.FINISHED, Result.WARNING),
        ("failed", State.FINISHED, Result.FAILED),
        ("Stopped", State.FINISHED, Result.CANCELED),
        ("NotConfigured", State.FINISHED, Result.UNKNOWN),
        ("Running", State.RUNNING, None),
        ("Disconnected", State.RUNNING, None),
        ("Queued", State.QUEUED, None),
    ],
)
def test_each_status_has_its_state_and_result(
    word: str, state: State, result: Result | None
) -> None:
    """No known word is counted as unknown, and an open session has no end."""
    session = one(status=word)
    assert (session.state, session.result, session.unknown) == (state, result, ())
    assert (session.ended is None) == (state is not State.FINISHED)


@pytest.mark.parametrize("word", ["Exploded", None, ...])
def test_a_strange_status_is_over_only_when_there_is_an_end(word: Any) -> None:
    """Otherwise it is followed until it says something we know."""
    over, going_on = one(status=word), one(status=word, endTime=None)
    assert (over.state, over.result) == (State.FINISHED, Result.UNKNOWN)
    assert (going_on.state, going_on.result) == (State.RUNNING, None)
    assert over.unknown == going_on.unknown == ("status",)


@pytest.mark.parametrize(
    "end",
    [..., None, "", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z", "2023-11-14T19:00:00Z"],
)
def test_no_end_has_many_spellings(end: Any) -> None:
    """Missing, null, a sentinel, or a time before the start."""
    session = one(endTime=end)
    assert session.ended is None
    assert session.state is State.FINISHED


def test_a_session_without_a_start_has_none() -> None:
    """It is not taken for one of 1970."""
    session = one(creationTime=...)
    assert session.started is None
    assert session.ended is not None


@pytest.mark.parametrize(
    ("fields", "job_id", "name", "kind"),
    [
        ({"jobId": JOB.upper()}, JOB, "Mail", "Backup"),
        ({"jobId": ..., "_links": {"job": {"href": f"/v7/jobs/{JOB}"}}}, JOB, "Mail", "Backup"),
        (
            {
                "jobId": None,
                "_links": {"job": {"href": f"https://in.side:4443/v5/Jobs/{JOB}/?a=b"}},
            },
            JOB,
            "Mail",
            "Backup",
        ),
        (
            {
                "jobId": ...,
                "jobType": ...,
                "_links": {"job": {"href": f"/v6/copyjobs/{OTHER_JOB}"}},
            },
            OTHER_JOB,
            "Sites",
            "Copy",
        ),
        ({"jobId": "gone", "jobType": "copy"}, "gone", "", "Copy"),
        ({"jobId": "gone", "jobType": None}, "gone", "", "Backup"),
        ({"jobId": ..., "_links": {"job": None}}, "", "", "Backup"),
        ({"jobId": ..., "_links": {"job": {"href": None}}}, "", "", "Backup"),
    ],
)
def test_a_session_finds_its_job_in_every_version(
    fields: dict[str, Any], job_id: str, name: str, kind: str
) -> None:
    """By id or by the end of a link, whatever its host, query and case."""
    session = one(**fields)
    assert (session.job_id, session.job_name, session.session_type) == (job_id, name, kind)


def test_a_new_session_type_keeps_its_word_and_is_named_unknown() -> None:
    """Cut to one short line, because it becomes a label."""
    session = one(jobType="Archive\n" + "x" * 100)
    assert session.session_type.startswith("Archive x")
    assert len(session.session_type) <= 64
    assert session.unknown == ("session_type",)


@pytest.mark.parametrize(
    ("word", "meaning", "unknown"),
    [
        ("NA", Bottleneck.NONE, ()),
        ("none", Bottleneck.NONE, ()),
        ("NotDefined", Bottleneck.NONE, ()),
        ("Detecting", Bottleneck.DETECTING, ()),
        ("Source", Bottleneck.SOURCE, ()),
        ("Target", Bottleneck.TARGET, ()),
        ("Moon", Bottleneck.UNKNOWN, ("bottleneck",)),
        (None, None, ()),
    ],
)
def test_each_bottleneck_has_its_word(
    word: str | None, meaning: Bottleneck | None, unknown: tuple[str, ...]
) -> None:
    """What is not reported is None, not "none"."""
    session = one(statistics={"bottleneck": word})
    assert session.statistics.bottleneck is meaning
    assert session.unknown == unknown


def test_figures_that_are_absent_are_none_and_zeros_stay_zero() -> None:
    """Absent is never 0."""
    session = one(statistics={"processedObjects": 0}, retryCount=..., progress=...)
    assert session.statistics == Statistics(processed_items=0)


def test_a_session_without_statistics_has_its_counts() -> None:
    """`progress` is a count of objects and never a ratio."""
    session = one(statistics=None, progress=118, retryCount=2)
    assert session.statistics == Statistics(processed_objects=118, retries=2)


@pytest.mark.parametrize("figure", ["-1", "1e400", "99999999999999999999", "-9e99"])
def test_absurd_figures_are_not_reported(figure: str) -> None:
    """One impossible number costs neither its row nor its page."""
    rows = json.dumps([row("s1"), row("s2", progress=777777)]).replace("777777", figure)
    page = decode_page(rows.encode())
    assert page.skipped == ()
    first, second = normalise(page.rows, NAMES)
    assert first.statistics.processed_objects == 12
    assert second.statistics.processed_objects is None
    assert second.statistics.transferred_bytes == 1024


def test_a_message_is_one_line_of_at_most_500_characters() -> None:
    """Error texts have no bound of their own."""
    session = one(details="Failed:\r\n\x1b[31m" + "é" * 1000)
    assert session.message.startswith("Failed: [31mé")
    assert len(session.message) == 500
    assert one(details=None).message == ""


@pytest.mark.parametrize(
    "bad",
    [
        {"id": None},
        {"id": ""},
        {"id": ...},
        {"id": 5},
        {"creationTime": 5},
        {"statistics": "none"},
        {"progress": "12"},
        {"statistics": {"bottleneck": 1}},
    ],
)
def test_a_malformed_row_is_skipped_and_told_and_the_others_are_read(bad: dict[str, Any]) -> None:
    """One bad row fails neither the page nor the poll."""
    body = json.dumps({"results": [row("s1"), row("s2", **bad), row("s3")], "limit": 3})
    page = decode_page(body.encode())
    assert [one.id for one in page.rows] == ["s1", "s3"]
    assert [one.place for one in page.skipped] == ["results[1]"]
    assert page.length == 3
    assert page.has_more(3)


def test_a_row_with_bytes_that_are_no_text_is_skipped() -> None:
    """Invalid UTF-8 costs its own row only."""
    body = json.dumps([row("s1"), row("s2", details="@@")]).encode().replace(b"@@", b"\xff")
    assert [one.id for one in decode_page(body).rows] == ["s1"]


def test_a_row_that_is_null_is_skipped() -> None:
    """Even a row that is none."""
    assert len(decode_page(b'{"results": [null, 5, {"id": "s"}]}').rows) == 1


def test_arrays_null_results_and_byte_order_marks_are_pages() -> None:
    """Shapes differ between versions."""
    assert len(decode_page(json.dumps([row("s1")]).encode()).rows) == 1
    assert decode_page(b'{"results": null}').rows == []
    assert decode_page(b'\xef\xbb\xbf{"results": []}').rows == []


@pytest.mark.parametrize(
    "body", [b"{}", b'{"message": "no"}', b"5", b'{"results": 5}', b'{"results": [', b""]
)
def test_what_is_no_page_is_an_error(body: bytes) -> None:
    """An object without rows is not an empty page."""
    with pytest.raises(ParseFailed, match=r"^GET /x was answered with"):
        read_page(SESSIONS, Response("GET /x", 200, {}, body))


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["id", "jobId", "status", "creationTime", "endTime", "progress", "statistics"]
            ),
            st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False)),
        ),
        max_size=5,
    )
)
def test_no_rows_whatever_break_the_reading(rows: list[dict[str, Any]]) -> None:
    """Each row is either read or told; every figure that is read is a sane one."""
    page = decode_page(msgspec.json.encode({"results": rows}))
    assert len(page.rows) + len(page.skipped) == len(rows)
    for session in normalise(page.rows, {}):
        objects = session.statistics.processed_objects
        assert objects is None or 0 <= objects <= 2**63


@pytest.mark.parametrize(
    ("fields", "state", "result", "unknown"),
    [
        ({"state": "Working"}, State.RUNNING, None, ()),
        ({"state": "Stopped", "result": "Failed"}, State.FINISHED, Result.FAILED, ()),
        ({"state": "Stopped"}, State.FINISHED, Result.UNKNOWN, ("status",)),
        ({"state": "Odd"}, State.RUNNING, None, ("status",)),
        (
            {"state": "Odd", "endTime": "2023-11-14T21:00:00Z"},
            State.FINISHED,
            Result.UNKNOWN,
            ("status",),
        ),
    ],
)
def test_restore_sessions_have_a_state_and_a_result(
    fields: dict[str, str], state: State, result: Result | None, unknown: tuple[str, ...]
) -> None:
    """They belong to no job."""
    body = json.dumps([{"id": "r", "creationTime": "2023-11-14T20:00:00Z", **fields}])
    (session,) = normalise_restores(RESTORES.decode(body.encode()).rows)
    assert (session.state, session.result, session.unknown) == (state, result, unknown)
    assert (session.job_id, session.session_type) == ("", "Restore")


@pytest.mark.parametrize(
    ("status", "state", "result"),
    [
        ("Success", State.FINISHED, Result.SUCCESS),
        ("Running", State.RUNNING, None),
        ("Odd", State.RUNNING, None),
    ],
)
def test_retrievals_count_items_and_objects(
    status: str, state: State, result: Result | None
) -> None:
    """With the statuses of job sessions."""
    body = json.dumps([{"id": "d", "progress": 12, "processedObjects": 48211, "status": status}])
    (session,) = normalise_retrievals(RETRIEVALS.decode(body.encode()).rows)
    assert (session.state, session.result) == (state, result)
    assert session.statistics == Statistics(processed_items=48211, processed_objects=12)


@pytest.mark.parametrize(
    ("href", "segment"),
    [(None, ""), ("", ""), ("/v6/jobs/A-1", "a-1"), ("a-1/?x=/y#/z", "a-1")],
)
def test_the_last_segment_of_a_link_is_the_id(href: str | None, segment: str) -> None:
    """In lower case."""
    assert last_segment(href) == segment


def test_each_type_reports_its_own_sums() -> None:
    """Restores report none, so no counter of theirs is seeded."""
    reports = vb365.PRODUCT.reports
    assert reports("Backup").totals == {"transferred_bytes", "processed_items", "retries"}
    assert Bottleneck.DETECTING in reports("Copy").bottlenecks
    assert reports("DataRetrieval").totals == {"processed_items"}
    assert reports("Restore").totals == frozenset()
    assert reports("Restore").bottlenecks == ()
