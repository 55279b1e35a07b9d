"""Figures, times and foreign text as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.words import (
    LONGEST_TEXT,
    NEVER,
    Moment,
    ago,
    calendar,
    count,
    exact,
    plain,
    shown,
    size,
    span,
    until,
    written,
)
from tests.support.web import NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (7260, "2 h 1 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float | None, text: str) -> None:
    """Nothing is rounded up."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (3.5e9, "3.26 GiB"),
        (2.0**50, "1 PiB"),
        (2.0**62, "4096 PiB"),
    ],
)
def test_bytes_are_told_with_three_digits(amount: float | None, text: str) -> None:
    """The unit grows with the amount, and ends somewhere."""
    assert size(amount) == text


def test_times_are_told_in_words_and_exactly() -> None:
    """What never was is told as never; what is due is told as now."""
    assert ago(NOW - 90, NOW) == Moment("1 min 30 s ago", "2027-01-15T07:58:30Z")
    assert ago(0.0, NOW) == ago(None, NOW) == NEVER
    assert until(NOW + 65, NOW) == Moment("in 1 min 5 s", "2027-01-15T08:01:05Z")
    assert until(NOW - 5, NOW).words == "now"
    assert until(None, NOW) == Moment("")
    assert written(NOW) == "2027-01-15 08:00 UTC"


@pytest.mark.parametrize("seconds", [1e300, -1e300, float("inf"), float("nan"), 1e13, None])
def test_a_time_that_no_calendar_has_is_not_told(seconds: float | None) -> None:
    """A server that says nonsense breaks no page."""
    assert calendar(seconds) is None
    assert exact(seconds) == written(seconds) == ""


def test_numbers_agree_with_their_nouns() -> None:
    """One job, two jobs, and thousands apart by a narrow blank."""
    assert [count(number, "job", "jobs") for number in (0, 1, 5000)] == [
        "0 jobs",
        "1 job",
        "5\u202f000 jobs",
    ]


@given(st.text(st.characters(), max_size=2 * LONGEST_TEXT))
def test_foreign_text_becomes_printable_and_short(text: str) -> None:
    """Whatever it holds: no control character, nothing that UTF-8 cannot carry."""
    seen = shown(text)
    assert len(seen) <= LONGEST_TEXT + 1
    assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in seen)
    assert "\0" not in plain(text).encode().decode()
