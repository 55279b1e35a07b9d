"""Figures, times and foreign text as a person reads them."""

from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

SECOND_NAMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
BYTE_NAMES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
LONGEST_TEXT = 200
CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}
"""Control characters have pictures of their own; the characters themselves are no HTML."""


class Moment(NamedTuple):
    """A time in words, and exactly (RFC 3339, empty where there is none) for machines."""

    words: str
    exact: str = ""


NEVER = Moment("never")


def span(seconds: float | None) -> str:
    """A duration in its two largest units: `3 h 20 min`; nothing when it is unknown."""
    if seconds is None:
        return ""
    rest = max(0.0, seconds)
    for index, (size, name) in enumerate(SECOND_NAMES):
        if rest >= size:
            text = f"{int(rest // size)} {name}"
            smaller = SECOND_NAMES[index + 1 : index + 2]
            return text + "".join(
                f" {int(rest % size // unit)} {short}"
                for unit, short in smaller
                if rest % size >= unit
            )
    return "0 s"


def calendar(seconds: float | None) -> datetime | None:
    """The time in UTC; None for None and for what no calendar has."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def exact(seconds: float | None) -> str:
    """RFC 3339 in UTC, to the second; nothing when it is unknown."""
    when = calendar(seconds)
    return "" if when is None else when.strftime("%Y-%m-%dT%H:%M:%SZ")


def written(seconds: float | None) -> str:
    """A time for people, in UTC: `2026-03-01 04:05 UTC`."""
    when = calendar(seconds)
    return "" if when is None else when.strftime("%Y-%m-%d %H:%M UTC")


def ago(moment: float | None, now: float) -> Moment:
    """How long something is over; 0 and None mean that it never was."""
    return Moment(f"{span(now - moment)} ago", exact(moment)) if moment else NEVER


def until(moment: float | None, now: float) -> Moment:
    """How long something is still to come."""
    if moment is None:
        return Moment("")
    return Moment(f"in {span(moment - now)}" if moment - now >= 1 else "now", exact(moment))


def size(amount: float | None) -> str:
    """Bytes with three digits: `1.21 GiB`; nothing when they are unknown."""
    if amount is None:
        return ""
    rest = amount
    for name in BYTE_NAMES[:-1]:
        if rest < 1000:
            return f"{rest:.3g} {name}"
        rest /= 1024
    return f"{rest:.3g} {BYTE_NAMES[-1]}" if rest < 1000 else f"{rest:.0f} {BYTE_NAMES[-1]}"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 job`, `2 jobs`."""
    return f"{number:,} {one if number == 1 else many}".replace(",", "\u202f")


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text from a backup server, cut to a readable length, with nothing invisible left in it."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return plain(cut.translate(CONTROL_PICTURES))


def plain(text: str) -> str:
    """Text that can be sent as UTF-8 and read as HTML: a lone surrogate and NUL cannot."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def in_query(text: str) -> str:
    """Text as a value in the query of a link."""
    return quote(text, safe="", errors="replace")
