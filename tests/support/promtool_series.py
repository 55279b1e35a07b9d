"""The samples of promtool's unit tests as lists, to take some away as a restart or a gap would."""

import re
from collections.abc import Iterator
from typing import Any

LOST = "_"
NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
TIMES = re.compile(
    rf"(?P<first>{LOST}|stale|{NUMBER})(?P<step>[+-]{NUMBER[2:]})?(?:x(?P<count>\d+))?"
)


def samples(notation: str | int) -> list[str]:
    """Every sample of promtool's notation, `_` for a missing one.

    `3x2` is three times 3, `1+2x2` is 1 3 5, but `_x2` is missing twice. Raises ValueError.
    """
    return [sample for word in str(notation).split() for sample in _word(word)]


def _word(word: str) -> Iterator[str]:
    found = TIMES.fullmatch(word)
    if found is None:
        raise ValueError(f"not in promtool's notation: {word}")
    count = int(found["count"] or 0)
    if found["first"] in (LOST, "stale"):
        yield from [found["first"]] * max(count, 1)
        return
    first, step = float(found["first"]), float(found["step"] or 0)
    yield from (f"{first + step * index:.17g}" for index in range(count + 1))


def without(test: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    """A unit test in which the exporter told nothing from one sample to another, both missing.

    `up` stays: Prometheus writes it itself, also for an exporter that is away.
    """
    rows = test["input_series"]
    told = [row if row["series"].startswith("up{") else _gap(row, first, last) for row in rows]
    return {**test, "input_series": told}


def _gap(row: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    kept = [
        LOST if first <= index <= last and sample != "stale" else sample
        for index, sample in enumerate(samples(row["values"]))
    ]
    return {**row, "values": " ".join(kept)}
