"""Timestamps of every product, read once at the edge into float seconds UTC.

Products write them with and without a zone, with no to nine digits of a second, and put the year 1,
1900 or 9999 where there is no time. A time without a zone is UTC; the machine's own zone plays no
part.
"""

import re
from datetime import UTC, datetime

_EARLIEST = 0.0  # 1970: everything up to it is a sentinel, backup servers are younger
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()

_SLOPPY = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?\s*([Zz]|[+-]\d\d:?\d\d)?\s*", re.ASCII
)


def timestamp(text: str | None) -> float | None:
    """Seconds since the epoch; None for null, for "no time" sentinels and for what is no time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _sloppy(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return seconds_of(moment)


def seconds_of(moment: datetime) -> float | None:
    """Seconds since the epoch of a time with a zone; None for "no time" sentinels."""
    seconds = moment.timestamp()
    return seconds if _EARLIEST < seconds < _LATEST else None


def utc_text(seconds: float) -> str:
    """`seconds` as `YYYY-MM-DDTHH:MM:SSZ`, rounded down, for a query parameter."""
    moment = datetime.fromtimestamp(max(0, int(seconds)), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sloppy(text: str) -> float | None:
    """The same for spellings that ISO 8601 does not know, such as a small `z`."""
    match = _SLOPPY.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, zone = match.groups(default="")
    tidy = f"{day}T{clock}{fraction[:7]}{zone.upper()}"
    return timestamp(tidy) if tidy != text else None
