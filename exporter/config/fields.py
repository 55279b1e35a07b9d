"""The types of the file's values: how each is read, its bounds, and its sentence when wrong.

Every reader raises an error whose words are ours and never show the value of a secret key.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, PlainValidator, Strict
from pydantic_core import PydanticCustomError

from exporter.config.durations import format_duration, parse_duration
from exporter.config.problems import must_be, one_of, shown
from exporter.model import Result

DAY = 86400.0
MAX_NAME = 200
RESULTS = tuple(result.value for result in Result)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What the reference page writes for a value of this type."""

    text: str


def wrong(sentence: str) -> PydanticCustomError:
    """An error whose sentence is ours and is shown as it stands."""
    return PydanticCustomError("ours", "{sentence}", {"sentence": sentence})


def _duration(least: float, most: float) -> Callable[[object], float]:
    """A reader of durations between two bounds, both in seconds and allowed."""

    def read(value: object) -> float:
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise wrong(must_be('a duration such as "90s" or "14d"', value))
        try:
            seconds = parse_duration(str(value))
        except ValueError as error:
            raise wrong(f"{shown(value)} {error}") from None
        if not least <= seconds <= most:
            bounds = f"between {format_duration(least)} and {format_duration(most)}"
            raise wrong(f"{shown(value)} must be {bounds}")
        return seconds

    return read


def _bounded(least: int, most: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if not least <= value <= most:
            raise wrong(f"{value} must be between {least} and {most}")
        return value

    return check


def _pattern(flags: re.RegexFlag) -> Callable[[object], re.Pattern[str]]:
    """A reader of regular expressions; a wrong one is told with its position."""

    def read(value: object) -> re.Pattern[str]:
        if not isinstance(value, str):
            raise wrong(must_be("text", value))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return re.compile(value, flags)
        except re.error as error:
            where = f" at position {error.pos}" if error.pos is not None else ""
            raise wrong(f"{shown(value)} is no regular expression: {error.msg}{where}") from None
        except (RecursionError, OverflowError):
            raise wrong(f"{shown(value)} is too large for a regular expression") from None

    return read


def _name(value: str) -> str:
    """A server's name: it becomes a label value, a file name's part and a query parameter."""
    if not value.strip() or value != value.strip():
        raise wrong("must not be empty, nor begin or end with a space")
    if len(value) > MAX_NAME:
        raise wrong(f"has {len(value)} characters; {MAX_NAME} are allowed")
    if not value.isprintable():
        raise wrong("must not hold control characters")
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("must not be empty")
    return value


def _result(value: str) -> str:
    if value not in RESULTS:
        raise wrong(f"unknown result {shown(value)}; {one_of(value, RESULTS)}")
    return value


def _results(values: list[str]) -> list[str]:
    if not values:
        raise wrong("must name at least one result, or no session would ever be a success")
    return list(dict.fromkeys(values))


def _fingerprint(value: str) -> str:
    digits = value.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        hint = next((words for slip, words in _SLIPS.items() if re.fullmatch(slip, digits)), "")
        raise wrong(f"must be 64 hexadecimal digits, with or without colons{hint}")
    return digits


_SLIPS = {
    ".*=.*": "; of openssl's line only what follows the =",
    "[0-9a-f]{40}": "; 40 are the SHA-1, openssl x509 -sha256 prints the right one",
}
"""What is pasted in place of a fingerprint."""


def _version(value: object) -> str:
    """A version as written: `v8`, `8` or `8.1`, which YAML reads as text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(must_be("a version", value))
    return str(value)


Text = Annotated[str, Strict(), AfterValidator(_filled), Placeholder("<string>")]
SecretText = Annotated[str, Strict(), AfterValidator(_filled), Placeholder("<secret>")]
Name = Annotated[str, Strict(), AfterValidator(_name), Placeholder("<name>")]
Product = Annotated[str, Strict(), Placeholder("<product>")]
Version = Annotated[str, PlainValidator(_version), Placeholder("<version>")]
Url = Annotated[str, Strict(), AfterValidator(_filled), Placeholder("<url>")]
FileName = Annotated[str, Strict(), AfterValidator(_filled), Placeholder("<filename>")]
Boolean = Annotated[bool, Strict(), Placeholder("<boolean>")]
Regex = Annotated[re.Pattern[str], PlainValidator(_pattern(re.DOTALL)), Placeholder("<regex>")]
AnyCaseRegex = Annotated[
    re.Pattern[str], PlainValidator(_pattern(re.DOTALL | re.IGNORECASE)), Placeholder("<regex>")
]
ResultWord = Annotated[str, Strict(), AfterValidator(_result), Placeholder("<result>")]
Results = Annotated[list[ResultWord], AfterValidator(_results)]
Fingerprint = Annotated[str, Strict(), AfterValidator(_fingerprint), Placeholder("<sha256>")]
Interval = Annotated[float, PlainValidator(_duration(1, DAY)), Placeholder("<duration>")]
Timeout = Annotated[float, PlainValidator(_duration(0.001, 3600)), Placeholder("<duration>")]
Overlap = Annotated[float, PlainValidator(_duration(0, 365 * DAY)), Placeholder("<duration>")]
Span = Annotated[float, PlainValidator(_duration(1, 3650 * DAY)), Placeholder("<duration>")]
AnyDuration = Annotated[float, PlainValidator(_duration(0, 3650 * DAY)), Placeholder("<duration>")]
WholeNumber = Annotated[int, Strict(), Placeholder("<int>")]
PageSize = Annotated[int, Strict(), AfterValidator(_bounded(1, 100_000)), Placeholder("<int>")]
JobCount = Annotated[int, Strict(), AfterValidator(_bounded(1, 1_000_000)), Placeholder("<int>")]
