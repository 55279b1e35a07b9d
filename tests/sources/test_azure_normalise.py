"""What the words, times and figures of sessions in Azure become."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.ledger.news import run_of
from exporter.model import NO_STATISTICS, Reports, Result, Session, State, Statistics
from exporter.rest.rows import DecodedPage
from exporter.sources import SOURCES
from exporter.sources.azure.rates import figures
from exporter.sources.azure.sessions import DEFAULT_TYPES, normalise
from exporter.sources.azure.wire import (
    ITEMS,
    SESSIONS,
    SessionRow,
    TimedSessionRow,
    follows,
    is_whole,
)
from exporter.sources.azure.words import SESSION_TYPES
from tests.support.azure_answers import POLICY, row

FIXTURES = Path(__file__).parent / "fixtures"

ONE = "a91630ab-1603-47ea-a76c-0525e77a1188"
TWO = "8ada583b-cbc9-401c-875a-140b75d877a4"
NAME = "Backup Policy"
THREE = "4e096ba7-8125-4d5d-804b-581f4e6c8440"

# id, type, job, name, start, end, duration: as the vendor's page shows them.
DOCUMENTED = [
    ("14", "PolicyBackup", ONE, "Policy 1", 1581078064.223155, 1581078142.046855, 77.8237),
    ("13", "PolicySnapshot", ONE, "Policy 1", 1581078064.212935, 1581078121.077103, 56.864168),
    ("12", "PolicyBackup", TWO, "Policy_2", 1581072963.648783, 1581074457.212294, 1493.563511),
    ("11", "PolicySnapshot", TWO, "Policy_2", 1581072963.635623, 1581073032.888621, 69.252998),
    ("10", "PolicyBackup", ONE, "Policy 1", 1581071015.420746, 1581071118.999327, 103.578581),
    ("9", "PolicySnapshot", ONE, "Policy 1", 1581071015.3557, 1581071068.457434, 53.101734),
    ("8", "PolicyBackup", THREE, NAME, 1581069310.63284, 1581069681.35541, 370.72257),
    ("7", "PolicySnapshot", THREE, NAME, 1581069310.627827, 1581069396.458427, 85.8306),
    ("6", "ManualSnapshot", "", "", 1581065010.892836, 1581065081.08057, 70.187734),
    ("4", "PolicyBackup", THREE, NAME, 1581062822.906363, 1581063808.858646, 985.952283),
    ("5", "PolicySnapshot", THREE, NAME, 1581062822.854986, 1581062891.547434, 68.692448),
    ("3", "RepositoryCreation", "1", "Backup Repository", 1581062669.825504, 1581062705.293101,
     35.467597),
    ("2", "LingeringSnapshotRetention", "", "", 1581016270.679602, 1581016273.561972, 2.88237),
    ("1", "LingeringSnapshotRetention", "", "", 1581016216.284158, 1581016219.6246, 3.340442),
]  # fmt: skip


FIELDS = (
    *("id", "type", "status", "executionStartTime", "executionStopTime", "executionDuration"),
    *("backupJobInfo", "repositoryJobInfo"),
)


def sessions(*rows: dict[str, Any]) -> list[Session]:
    page = SESSIONS.decode(json.dumps({"results": rows}).encode())
    assert page.skipped == ()
    return normalise(page.rows, {})


def one(**fields: Any) -> Session:
    return sessions(row("s1", **fields))[0]


def documented(index: int) -> Session:
    id_, kind, job_id, name, started, ended, _ = DOCUMENTED[index]
    result = Result.CANCELED if id_ == "14" else Result.SUCCESS
    return Session(id_, job_id, name, kind, State.FINISHED, result, started, ended)


def test_the_documented_list_is_read_value_by_value() -> None:
    """All fourteen sessions of the vendor's page, one of them canceled."""
    page = SESSIONS.decode((FIXTURES / "azure_v1_sessions.json").read_bytes())
    assert (page.length, page.total, page.skipped) == (14, 14, ())
    assert normalise(page.rows, {}) == [documented(index) for index in range(14)]


@pytest.mark.parametrize("index", range(14))
def test_a_documented_duration_is_exact_to_the_microsecond(index: int) -> None:
    """Stop minus start is what the page says, digit by digit."""
    assert run_of(documented(index), noticed=0.0).duration == DOCUMENTED[index][-1]


def test_the_documented_session_is_read_value_by_value() -> None:
    """A retention, which belongs to no policy."""
    body = (FIXTURES / "azure_v1_session.json").read_bytes()
    (session,) = normalise([SESSIONS.decode_row(body)], {})
    times = (1580900830.002679, 1580900997.775353)
    assert session == Session(
        "39", "", "", "BackupRetention", State.FINISHED, Result.SUCCESS, *times
    )
    assert run_of(session, noticed=0.0).duration == 167.772674


def test_the_documented_export_says_that_it_is_shortened() -> None:
    """Three rows of six: such an answer is not taken for the whole list."""
    page = SESSIONS.decode((FIXTURES / "azure_v1_export.json").read_bytes())
    assert normalise(page.rows, {}) == [documented(8), documented(9), documented(11)]
    assert not is_whole(page)


@pytest.mark.parametrize(
    ("word", "state", "result"),
    [
        ("Success", State.FINISHED, Result.SUCCESS),
        ("WARNING", State.FINISHED, Result.WARNING),
        ("Error", State.FINISHED, Result.FAILED),
        ("Canceled", State.FINISHED, Result.CANCELED),
        ("Unknown", State.FINISHED, Result.UNKNOWN),
        ("Running", State.RUNNING, None),
        ("RunningWithWarning", State.RUNNING, None),
        ("RunningWithError", State.RUNNING, None),
        ("canceling", State.RUNNING, None),
        ("Pending", State.QUEUED, None),
    ],
)
def test_each_status_has_its_state_and_result(
    word: str, state: State, result: Result | None
) -> None:
    """No documented word is counted as unknown, and an open session has no end."""
    session = one(status=word)
    assert (session.state, session.result, session.unknown) == (state, result, ())
    assert (session.ended is None) == (state is not State.FINISHED)


def test_what_never_ran_is_no_session() -> None:
    """Whatever its case."""
    rows = [row("s1", status="NeverExecuted"), row("s2"), row("s3", status="neverexecuted")]
    assert [session.id for session in sessions(*rows)] == ["s2"]


@pytest.mark.parametrize("word", ["Failed", "Exploded", "", None, ...])
def test_a_strange_status_is_over_only_when_there_is_an_end(word: Any) -> None:
    """`Failed` is no word of this product. Without an end the session is followed on."""
    over, going_on = one(status=word), one(status=word, executionStopTime=None)
    assert (over.state, over.result) == (State.FINISHED, Result.UNKNOWN)
    assert (going_on.state, going_on.result, going_on.ended) == (State.RUNNING, None, None)
    assert over.unknown == going_on.unknown == ("status",)


@pytest.mark.parametrize("start", [None, ..., "", "0001-01-01T00:00:00Z"])
def test_a_waiting_session_may_have_no_start(start: Any) -> None:
    """It is not taken for one of year 1."""
    session = one(status="Pending", executionStartTime=start, executionStopTime=start)
    assert (session.state, session.started, session.ended) == (State.QUEUED, None, None)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("1.02:03:04.5", 93784.5),
        ("00:00:00", 0.0),
        (77824, 77.824),
        (1.5, 0.0015),
        ("-00:00:01", None),
        (-1, None),
        ("9999999.00:00:00", None),
        (1e300, None),
        ("soon", None),
        (None, None),
        (..., None),
    ],
)
def test_a_duration_fills_in_for_a_missing_stop(duration: Any, seconds: float | None) -> None:
    """A time span or milliseconds; one that cannot be true fills nothing."""
    start = 1699995600.25
    session = one(executionStopTime=None, executionDuration=duration)
    assert session.started == start
    assert session.ended == (None if seconds is None else pytest.approx(start + seconds, abs=1e-6))


def test_a_missing_start_stays_missing() -> None:
    """Whatever the duration says."""
    session = one(executionStartTime=None)
    assert (session.started, session.ended) == (None, 1699996200.75)


@pytest.mark.parametrize("duration", ["00:00:01", 5, "-00:10:00"])
def test_a_duration_plays_no_part_where_both_times_are_told(duration: Any) -> None:
    """The two times are the truth."""
    session = one(executionDuration=duration)
    assert (session.started, session.ended) == (1699995600.25, 1699996200.75)


@pytest.mark.parametrize(
    "stop", ["9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00", "2023-11-14T20:00:00Z", ""]
)
def test_an_impossible_stop_is_none(stop: str) -> None:
    """A sentinel, or a time before the start."""
    session = one(executionStopTime=stop, executionDuration=None)
    assert (session.state, session.ended) == (State.FINISHED, None)
    assert one(executionStopTime=stop, executionDuration="00:00:02").ended == 1699995602.25


def test_a_session_that_tells_no_times_has_none() -> None:
    """Not even with a duration."""
    session = one(executionStartTime=None, executionStopTime=None)
    assert (session.started, session.ended) == (None, None)


@pytest.mark.parametrize("word", sorted(SESSION_TYPES))
def test_every_documented_type_is_known_and_in_the_default_set(word: str) -> None:
    """In any case, and under the vendor's own spelling."""
    session = one(type=word.upper())
    assert (session.session_type, session.unknown) == (word, ())
    assert word in DEFAULT_TYPES


def test_there_are_as_many_types_as_the_versions_document() -> None:
    """63 of v8.1, and two that only v1 to v3 have."""
    assert len(SESSION_TYPES) == 65
    assert {"AutoBackup", "LingeringSnapshotRetention"} < SESSION_TYPES


def test_a_new_type_keeps_its_word_and_is_named_unknown() -> None:
    """Cut to one short line, because it becomes a label; a missing one is the vendor's Unknown."""
    session = one(type="OraclePolicy\nBackup" + "x" * 100)
    assert session.session_type.startswith("OraclePolicy Backupx")
    assert len(session.session_type) <= 64
    assert session.unknown == ("session_type",)
    missing = one(type=None, status="Odd")
    assert (missing.session_type, missing.unknown) == ("Unknown", ("status", "session_type"))


@pytest.mark.parametrize(
    ("fields", "job_id", "name"),
    [
        ({}, POLICY, "vm-gold"),
        ({"backupJobInfo": {"policyId": POLICY, "policyRemoved": True}}, POLICY, ""),
        (
            {
                "backupJobInfo": None,
                "healthCheckJobInfo": {"policyId": "p2", "policyName": "checked\nby night"},
            },
            "p2",
            "checked by night",
        ),
        (
            {"backupJobInfo": ..., "repositoryJobInfo": {"repositoryId": 1, "repositoryName": "r"}},
            "1",
            "r",
        ),
        ({"backupJobInfo": {}, "repositoryJobInfo": {"repositoryId": "5-a"}}, "5-a", ""),
        ({"backupJobInfo": None, "repositoryJobInfo": {"repositoryName": "gone"}}, "", ""),
        (
            {"backupJobInfo": None, "restoreJobInfo": {"backupPolicyDisplayName": "vm-gold"}},
            "",
            "",
        ),
        ({"backupJobInfo": {"policyId": "", "policyName": "nameless"}}, "", ""),
    ],
)
def test_a_session_belongs_to_a_policy_a_repository_or_to_nothing(
    fields: dict[str, Any], job_id: str, name: str
) -> None:
    """A restore names its policy without an id, so it is a run of its own."""
    session = one(**fields)
    assert (session.job_id, session.job_name) == (job_id, name)


def test_the_types_of_policies_are_noted() -> None:
    """By id, for what is told of a policy."""
    page = SESSIONS.decode(json.dumps({"results": [row("s1"), row("s2")]}).encode())
    types: dict[str, str] = {}
    normalise(page.rows, types)
    assert types == {POLICY: "VirtualMachines"}


@pytest.mark.parametrize(
    "bad",
    [
        {"id": None},
        {"id": ""},
        {"id": ...},
        {"executionStartTime": 5},
        {"executionDuration": {}},
        {"backupJobInfo": "none"},
        {"status": 3},
    ],
)
def test_a_malformed_row_is_skipped_and_told_and_the_others_are_read(bad: dict[str, Any]) -> None:
    """One bad row fails neither the page nor the poll."""
    body = json.dumps({"results": [row("s1"), row("s2", **bad), row("s3")], "totalCount": 3})
    page = SESSIONS.decode(body.encode())
    assert [one.id for one in page.rows] == ["s1", "s3"]
    assert [one.place for one in page.skipped] == ["results[1]"]
    assert (page.length, page.total) == (3, 3)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first list may take its time
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(FIELDS),
            st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False)),
        ),
        max_size=5,
    )
)
def test_no_rows_whatever_break_the_reading(rows: list[dict[str, Any]]) -> None:
    """Each row is either read or told."""
    page = SESSIONS.decode(msgspec.json.encode({"results": rows}))
    assert len(page.rows) + len(page.skipped) == len(rows)
    for session in normalise(page.rows, {}):
        assert (session.result is None) == (session.state is not State.FINISHED)


# A second row with such a time makes the page be read in the slow way.
SENTINEL = row("s2", executionStopTime="0001-01-01T00:00:00")

TIMES = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        (
            *("", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999Z"),
            *("1970-01-01T00:00:00Z", "2023-11-14T21:00:00.12345678Z", "2023-11-14 21:00:00z"),
            *("2023-11-14T21:00:00.9999996Z", "2023-11-14T21:00:60Z", "2023-11-14T24:00:00Z"),
        )
    ),
    st.builds(
        "{:%Y-%m-%dT%H:%M:%S}{}{}".format,
        st.datetimes(min_value=datetime(1969, 1, 1), max_value=datetime(9100, 1, 1)),
        st.from_regex(r"(\.[0-9]{1,9})?", fullmatch=True),
        st.sampled_from(("Z", "z", "", "+00:00", "-05:30", "+0530", "+14:00", "+05")),
    ),
)


@given(TIMES, TIMES, st.sampled_from(("Success", "Error", "error", "Running", "Unknown", "Odd")))
def test_both_ways_of_reading_times_tell_the_same(
    start: str | None, stop: str | None, status: str
) -> None:
    """Whether a page is read at once, or after a sentinel in another row, or a row by its id."""
    told = row("s1", executionStartTime=start, executionStopTime=stop, status=status)
    alone, accompanied = sessions(told), sessions(told, SENTINEL)
    body = json.dumps(told).encode()
    assert alone == accompanied[:1] == normalise([SESSIONS.decode_row(body)], {})


def test_the_two_ways_are_two() -> None:
    """A page without sentinels has its times read with it, another has them as text."""
    pages = [[row("s1")], [row("s1"), SENTINEL], [row("s1"), row("s2", id=5)]]
    read = [SESSIONS.decode(json.dumps({"results": rows}).encode()).rows[0] for rows in pages]
    assert [type(one) for one in read] == [TimedSessionRow, SessionRow, SessionRow]
    assert len({normalise([one], {})[0] for one in read}) == 1


def test_the_seventh_digit_of_a_second_is_rounded() -> None:
    """In both ways."""
    times = {"executionStartTime": "2023-11-14T21:00:00.0000006Z"}
    assert one(**times).started == 1699995600.000001
    assert sessions(row("s1", **times), SENTINEL)[0].started == 1699995600.000001


@pytest.mark.parametrize(
    ("length", "limit", "total", "offset", "more"),
    [
        (30, 30, 87, 0, True),
        (27, 30, 87, 60, False),
        (14, 30, 14, 0, False),
        (30, 30, 30, 0, True),  # the rows of this page, says one page of the reference
        (30, 30, None, 0, True),
        (29, 30, None, 0, False),
        (100, None, None, 0, True),
        (6, -1, 6, 0, False),
        (10, 10, 25, 10, True),
        (0, 10, 25, 20, True),
    ],
)
def test_whether_another_page_follows(
    length: int, limit: int | None, total: int | None, offset: int, more: bool
) -> None:
    """By the total where it must be one, else by the length of the page."""
    page: DecodedPage[object] = DecodedPage((), length, limit, None, total=total)
    assert follows(page, offset, asked=100) is more


def test_nothing_but_durations_is_reported() -> None:
    """So no other counter is seeded."""
    assert SOURCES["azure"].reports("PolicyBackup") == Reports()


def items(*runs: dict[str, Any] | None) -> Any:
    body = {"results": [{"resource": {"name": f"vm{n}"}, "runs": [run] if run else None}
                        for n, run in enumerate(runs)]}  # fmt: skip
    return ITEMS.decode(json.dumps(body).encode()).rows


def run(session_id: str | None, sent: float, processed: float, rate: float) -> dict[str, Any]:
    rates = {
        "transferredDataBytes": sent,
        "processedDataBytes": processed,
        "processingRateBytesPerSecond": rate,
    }
    return {"jobSessionId": session_id, "rates": rates}


def test_bytes_of_items_are_added_and_rates_weighed() -> None:
    """Runs of other sessions and items without figures play no part."""
    read = items(
        run("s1", 100, 3000, 10), run(None, 50, 1000, 50), run("s0", 9, 9, 9), None, {"rates": None}
    )
    assert figures(read, "s1") == Statistics(transferred_bytes=150, processing_bytes_per_second=20)


def test_rates_without_bytes_are_averaged() -> None:
    """Nothing was processed, so nothing weighs more."""
    read = items(run("s1", 0, 0, 10), run("s1", 0, 0, 30))
    assert figures(read, "s1") == Statistics(transferred_bytes=0, processing_bytes_per_second=20)


def test_a_session_without_items_has_no_figures() -> None:
    """Absent is never 0."""
    assert figures([], "s1") == NO_STATISTICS


def test_an_absurd_figure_costs_only_itself() -> None:
    """One impossible number in a list of runs."""
    (item,) = items(run("s1", -5, 100, 10))
    assert figures([item], "s1") == Statistics(processing_bytes_per_second=10)
