"""Timestamps and time spans of every product, read once at the edge into float seconds.

Products write them with and without a zone, with no to nine digits of a second, and put the year 1,
1900 or 9999 where there is no time. A time without a zone is UTC; the machine's own zone plays no
part.
"""

import re
from datetime import UTC, datetime

EARLIEST = 0.0
"""1970; everything up to it is a sentinel, backup servers are younger."""

LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""Everything from it on is a sentinel."""

_read = datetime.fromisoformat  # looked up once: two times of each session are read

_SLOPPY = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?\s*([Zz]|[+-]\d\d:?\d\d)?\s*", re.ASCII
)

# [-][days.]hours:minutes:seconds[.fraction of up to seven digits], as .NET writes a TimeSpan.
_SPAN = re.compile(
    r"\s*(-?)(?:(\d{1,8})\.)?(\d\d?):([0-5]\d):([0-5]\d)(?:\.(\d{1,7}))?\s*", re.ASCII
)


def timestamp(text: str | None) -> float | None:
    """Seconds since the epoch; None for null, for "no time" sentinels and for what is no time."""
    if not text:
        return None
    try:
        moment = _read(text)
    except ValueError:
        return _sloppy(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return seconds_of(moment)


def seconds_of(moment: datetime) -> float | None:
    """Seconds since the epoch of a time with a zone; None for "no time" sentinels."""
    seconds = moment.timestamp()
    return seconds if EARLIEST < seconds < LATEST else None


def utc_text(seconds: float) -> str:
    """`seconds` as `YYYY-MM-DDTHH:MM:SSZ`, rounded down, for a query parameter."""
    moment = datetime.fromtimestamp(max(0, int(seconds)), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def time_span(text: str | None) -> float | None:
    """Seconds of a time span such as `1.02:03:04.5`, rounded to the microsecond; may be negative.

    None for null and for what is no time span.
    """
    match = _SPAN.fullmatch(text) if text else None
    if match is None:
        return None
    sign, days, hours, minutes, seconds, fraction = match.groups(default="")
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    microseconds = (int(fraction.ljust(7, "0")) + 5) // 10
    span = (whole * 1_000_000 + microseconds) / 1_000_000
    return -span if sign else span


def _sloppy(text: str) -> float | None:
    """The same for spellings that ISO 8601 does not know, such as a small `z`."""
    match = _SLOPPY.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, zone = match.groups(default="")
    tidy = f"{day}T{clock}{fraction[:7]}{zone.upper()}"
    return timestamp(tidy) if tidy != text else None
