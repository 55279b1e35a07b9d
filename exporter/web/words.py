"""Figures and foreign text as a person reads them."""

from urllib.parse import quote

SECOND_NAMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
LONGEST_TEXT = 200
CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}
"""Control characters have pictures of their own; the characters themselves are no HTML."""


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


def ago(moment: float | None, now: float) -> str:
    """How long something is over; 0 and None mean that it never was."""
    return f"{span(now - moment)} ago" if moment else "never"


def shown(text: str) -> str:
    """Text from a backup server, cut to a readable length, with nothing invisible left in it."""
    cut = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    visible = cut.translate(CONTROL_PICTURES)
    # A lone surrogate cannot be sent as UTF-8.
    return visible.encode("utf-8", "replace").decode("utf-8")


def in_query(text: str) -> str:
    """Text as a value in the query of a link."""
    return quote(text, safe="", errors="replace")
