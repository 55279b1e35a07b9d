"""Durations as Prometheus writes them: `90s`, `1h30m`, `14d`, `500ms`.

Units stand in falling order, each at most once; a day is always 24 hours, a year 365 days. See
https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations.
"""

import re

_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_WRITTEN = ("d", "h", "m", "s", "ms")
_DURATION = re.compile("".join(f"(?:([0-9]{{1,12}}){unit})?" for unit in _MILLISECONDS))
_HINT = 'write a number with its unit, such as "90s", "1h30m" or "14d"'


def parse_duration(text: str) -> float:
    """The seconds that `text` says; `0` needs no unit.

    Raises ValueError with the rest of a sentence that begins with the text and ends in the remedy.
    """
    if text == "0":
        return 0.0
    if text.isdecimal():
        raise ValueError(f"has no unit; {_HINT}")
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"is not a duration; {_HINT}")
    counts = zip(found.groups(), _MILLISECONDS.values(), strict=True)
    return sum(int(count or 0) * unit for count, unit in counts) / 1000


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back, to the millisecond (`1d2h`, `0s`)."""
    rest = round(seconds * 1000)
    parts = []
    for unit in _WRITTEN:
        count, rest = divmod(rest, _MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
