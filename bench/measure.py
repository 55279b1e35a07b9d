"""Timing in pairs: A, B, A, B, so that a machine whose speed changes changes both alike."""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """Several measurements of one thing: their median, least and greatest."""

    middle: float
    least: float
    most: float

    def text(self, unit: str = "", scale: float = 1.0, digits: int = 3) -> str:
        """`1.5 (1.2–1.9) ms`, to so many significant digits."""
        low, mid, high = (number(value * scale, digits) for value in (self.least, self[0], self[2]))
        return f"{mid} ({low}–{high}){' ' + unit if unit and unit != '×' else unit}"


class Row(NamedTuple):
    """One line of the table. `met` is None where there was nothing to compare."""

    name: str
    value: str
    target: str
    met: bool | None
    how: str


class Pair(NamedTuple):
    """Seconds of A and of B, and the ratio A to B of each round."""

    first: Spread
    second: Spread
    ratio: Spread


def number(value: float, digits: int = 3) -> str:
    """A number for people: so many significant digits, thousands separated."""
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def spread(values: Sequence[float]) -> Spread:
    """Median, least and greatest."""
    return Spread(median(values), min(values), max(values))


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of the processor for one run in this thread; waiting for it does not count."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def pairs(
    first: Callable[[], object], second: Callable[[], object], rounds: int = 11, repeat: int = 3
) -> Pair:
    """Processor seconds of two works in turn; each round counts the fastest of some repetitions."""
    took: tuple[list[float], list[float]] = ([], [])
    first(), second()
    gc.collect()
    for _ in range(rounds):
        for work, times in zip((first, second), took, strict=True):
            times.append(min(processor_time(work) for _ in range(repeat)))
    ratios = [one / other for one, other in zip(*took, strict=True)]
    return Pair(spread(took[0]), spread(took[1]), spread(ratios))


def skipped(name: str, why: str, target: str = "") -> Row:
    """A line for what could not be measured here."""
    return Row(name, "not measured", target, None, why)
