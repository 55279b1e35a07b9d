"""What may stand behind the `?` of an address of the API: one table for reading and describing it.

https://spec.openapis.org/oas/v3.1.0#parameter-object
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from exporter.config.durations import parse_duration
from exporter.model import Result, State

Schema = Mapping[str, Any]

LIMIT = re.compile(r"[0-9]{1,6}")
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
DURATION = (
    r"^(0|(?=[0-9])([0-9]{1,12}y)?([0-9]{1,12}w)?([0-9]{1,12}d)?([0-9]{1,12}h)?"
    r"([0-9]{1,12}m)?([0-9]{1,12}s)?([0-9]{1,12}ms)?)$"
)
MOST_SESSIONS = 1000
MOST_JOBS = 5000
RESULTS = tuple(result.value for result in Result)
OPEN_STATES = (State.RUNNING.value, State.QUEUED.value)


class BadParameter(Exception):
    """An address that cannot be answered; its text is one sentence without what was sent."""


class Wishes(msgspec.Struct, frozen=True):
    """What an address asks for. Empty sets and None leave nothing out; `since` is in seconds."""

    server: frozenset[str] = frozenset()
    job_id: str | None = None
    result: frozenset[str] = frozenset()
    since: float | None = None
    limit: int = 100
    offset: int = 0


class Parameter(NamedTuple):
    """One parameter: `read` turns its text into a value at `now`, or raises BadParameter."""

    name: str
    about: str
    schema: Schema
    read: Callable[[str, float], Any]
    many: bool = False


def _text(text: str, _now: float) -> str:
    return text


def _one_of(*values: str) -> Callable[[str, float], str]:
    def read(text: str, _now: float) -> str:
        if text not in values:
            raise BadParameter(f"The result is one of {', '.join(values)}.")
        return text

    return read


def _whole(name: str, least: int, most: int) -> Callable[[str, float], int]:
    def read(text: str, _now: float) -> int:
        if not LIMIT.fullmatch(text) or not least <= int(text) <= most:
            raise BadParameter(f"The {name} is a whole number from {least} to {most}.")
        return int(text)

    return read


def _since(text: str, now: float) -> float:
    """A moment, or so long before now."""
    try:
        if RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).timestamp()
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        raise BadParameter(
            'The start is a time such as "2026-03-01T04:05:06Z" or a duration such as "24h"; '
            'in an address a "+" is written "%2B".'
        ) from None


def _limit(most: int, default: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(
        "limit", "How many records are sent at most.", schema, _whole("limit", 1, most)
    )


def _results(about: str, *values: str) -> Parameter:
    schema = {"type": "string", "enum": list(values)}
    return Parameter("result", f"{about} Repeat it for several.", schema, _one_of(*values), True)


SERVER = Parameter(
    "server",
    "Only this server, by its configured name. Repeat it for several; an unknown one is a 404.",
    {"type": "string", "minLength": 1},
    _text,
    many=True,
)
JOB_ID = Parameter(
    "job_id",
    "Only this job. Empty means sessions that belong to none.",
    {"type": "string"},
    _text,
)
OFFSET = Parameter(
    "offset",
    "How many records are left out at the beginning.",
    {"type": "integer", "minimum": 0, "maximum": 999_999, "default": 0},
    _whole("offset", 0, 999_999),
)
SINCE = Parameter(
    "since",
    "Only sessions that were alive since then: a time of RFC 3339, or a duration before now.",
    {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "string", "pattern": DURATION},
        ]
    },
    _since,
)

NO_PARAMETERS: tuple[Parameter, ...] = ()
JOB_PARAMETERS = (
    SERVER,
    JOB_ID,
    _results("Only jobs whose last finished session ended so; none: never ran.", *RESULTS, "none"),
    _limit(MOST_JOBS, 1000),
    OFFSET,
)
SESSION_PARAMETERS = (
    SERVER,
    JOB_ID,
    _results("Only sessions that ended so, or are still open.", *RESULTS, *OPEN_STATES),
    SINCE,
    _limit(MOST_SESSIONS, 100),
)


def read_parameters(
    query: Iterable[tuple[str, str]], parameters: tuple[Parameter, ...], now: float
) -> Wishes:
    """What an address asks for. Raises BadParameter for the first thing that is not understood."""
    known = {parameter.name: parameter for parameter in parameters}
    given: dict[str, list[Any]] = {}
    for name, text in query:
        if name not in known:
            raise BadParameter(_unknown(known))
        given.setdefault(name, []).append(known[name].read(text, now))
    values: dict[str, Any] = {
        parameter.name: parameter.schema["default"]
        for parameter in parameters
        if "default" in parameter.schema
    }
    for name, several in given.items():
        if not known[name].many and len(several) > 1:
            raise BadParameter(f"The parameter {name} is given more than once.")
        values[name] = frozenset(several) if known[name].many else several[0]
    return Wishes(**values)


def _unknown(known: Iterable[str]) -> str:
    names = ", ".join(known)
    if not names:
        return "This address takes no parameters."
    return f"There is an unknown parameter; this address takes {names}."
