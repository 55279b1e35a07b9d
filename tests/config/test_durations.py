"""Durations are read and written as Prometheus does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("14d", 14 * 86400),
        ("1w", 7 * 86400),
        ("1y", 365 * 86400),
        ("500ms", 0.5),
        ("1y2w3d4h5m6s7ms", 365 * 86400 + 17 * 86400 + 4 * 3600 + 306.007),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_reads(text: str, seconds: float) -> None:
    """Every unit counts for what it is worth."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "1.5h", "-1s", "1m1h", "1s1s", " 1s", "1 s", "1S", "²s", "1h ", "1s\n"]
)
def test_refuses(text: str) -> None:
    """What is no duration is refused with an example of one."""
    with pytest.raises(ValueError, match=r'is not a duration; .* "90s"'):
        parse_duration(text)


@pytest.mark.parametrize("text", ["60", "00"])
def test_bare_number(text: str) -> None:
    """A number without a unit is refused with the way to write it."""
    with pytest.raises(ValueError, match="has no unit; write"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (90, "1m30s"), (14 * 86400, "14d"), (26 * 3600, "1d2h"), (0.25, "250ms")],
)
def test_writes(seconds: float, text: str) -> None:
    """The text is the shortest in days, hours, minutes, seconds and milliseconds."""
    assert format_duration(seconds) == text


@given(st.integers(0, 10**13))
def test_round_trip(milliseconds: int) -> None:
    """What is written is read back to the millisecond."""
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is a duration of at least nothing, or a ValueError."""
    said = "write a number with its unit"
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        said = str(error)
    assert "write a number with its unit" in said
