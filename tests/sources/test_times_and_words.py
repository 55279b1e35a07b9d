"""Times of every spelling, and words of every case."""

import logging
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.times import time_span, timestamp, utc_text
from exporter.sources.words import WordTable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2022-01-31T16:39:24Z", 1643647164.0),
        ("2022-01-31T16:39:24.5Z", 1643647164.5),
        ("2022-01-31T16:39:24.1234567Z", 1643647164.123456),
        ("2022-01-31T16:39:24.123456789Z", 1643647164.123456),
        ("2022-01-31T16:39:24", 1643647164.0),
        ("2022-01-31 16:39:24", 1643647164.0),
        ("2022-01-31t16:39:24z", 1643647164.0),
        (" 2022-01-31T16:39:24 Z ", 1643647164.0),
        ("2022-01-31T09:39:24-07:00", 1643647164.0),
        ("2022-01-31T09:39:24-0700", 1643647164.0),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("1900-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("2022-02-30T00:00:00Z", None),
        ("2022-01-31t25:00:00z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_timestamp_is_utc_seconds_or_nothing(text: str | None, seconds: float | None) -> None:
    """Missing zones are UTC, sentinels and rubbish are no time."""
    assert timestamp(text) == seconds


def test_the_zone_of_the_machine_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is the same moment everywhere."""
    import time  # noqa: PLC0415  # beside the only test that turns the machine's zone

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert timestamp("2022-01-31T16:39:24") == 1643647164.0
        assert utc_text(1643647164.9) == "2022-01-31T16:39:24Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(8999, 1, 1)),
    st.integers(-12 * 60, 14 * 60),
)
def test_every_moment_with_a_zone_is_read_back(moment: datetime, minutes: int) -> None:
    """Across years, fractions and zones."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert timestamp(aware.isoformat()) == aware.timestamp()


@given(st.text())
def test_no_text_crashes_the_reader(text: str) -> None:
    """Rubbish is None, and what is a time is a bounded one."""
    seconds = timestamp(text)
    assert seconds is None or 0 < seconds < 253402300800


@given(st.floats(-1e9, 4e9))
def test_a_query_time_is_whole_seconds_and_never_later(seconds: float) -> None:
    """A window must not begin later than asked for."""
    text = utc_text(seconds)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
    back = datetime.fromisoformat(text).astimezone(UTC).timestamp()
    assert back <= max(seconds, 0)


def as_time_span(span: timedelta) -> str:
    """A span as .NET writes it: days and fraction only where there are any."""
    ahead, sign = (span, "") if span >= timedelta() else (-span, "-")
    clock = timedelta(seconds=ahead.seconds)
    days = f"{ahead.days}." if ahead.days else ""
    fraction = f".{ahead.microseconds:06d}0" if ahead.microseconds else ""
    return f"{sign}{days}{clock!s:0>8}{fraction}"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:01:17.8237000", 77.8237),
        ("1.02:03:04.5", 93784.5),
        ("-00:00:01", -1.0),
        ("-1.00:00:00.0000001", -86400.0),
        ("00:00:00.0000005", 0.000001),
        ("00:00:00.9999999", 1.0),
        ("0:00:07", 7.0),
        (" 00:00:07 ", 7.0),
        ("10675199.02:48:05.4775807", 922337203685.477581),
        ("00:60:00", None),
        ("00:00:60", None),
        ("00:00", None),
        ("00:00:00.12345678", None),
        ("77823", None),
        ("PT77S", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_span_is_seconds_or_nothing(text: str | None, seconds: float | None) -> None:
    """To the microsecond, with days and sign."""
    assert time_span(text) == seconds


@given(st.timedeltas(timedelta(days=-10_000_000), timedelta(days=10_000_000)))
def test_every_time_span_is_read_back(span: timedelta) -> None:
    """Exactly as Python itself counts the seconds of it."""
    assert time_span(as_time_span(span)) == span.total_seconds()


@given(st.text(alphabet="0123456789:.- ", max_size=20))
def test_no_text_crashes_the_reader_of_time_spans(text: str) -> None:
    """Rubbish is None."""
    span = time_span(text)
    assert span is None or abs(span) < 1e14


def table() -> WordTable[int]:
    return WordTable("status", {"Success": 1, "Failed": 2}, unknown=0)


@pytest.mark.parametrize("word", ["Success", "success", "SUCCESS", " success "])
def test_words_are_compared_without_case(word: str) -> None:
    """Versions differ in capitals."""
    assert table()[word] == 1


@pytest.mark.parametrize("word", ["Succeeded", "", None])
def test_any_other_word_is_unknown(word: str | None) -> None:
    """Null included."""
    assert table()[word] == 0


def test_a_new_word_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """On one line, however it is made up."""
    words = table()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert words["Half\nDone"] == 0
    assert [record.getMessage() for record in caplog.records] == [
        'unknown status "Half Done"; it is counted as unknown'
    ]


def test_a_server_that_invents_words_without_end_fills_no_memory() -> None:
    """Beyond a limit new words are not remembered."""
    words = table()
    for number in range(1000):
        assert words[f"word {number}"] == 0
    assert len(words) < 300
