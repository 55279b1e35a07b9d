"""The judge: compares what Prometheus has stored with what has truly happened. Pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isclose
from typing import NamedTuple

from tests.soak.samples import Break, Key, Point, Series, split
from tests.soak.truth import BOTTLENECK, DURATION, FINISHED, HISTOGRAM, SUM

COUNTERS = re.compile(r"backup_.+_(total|count|sum|bucket)")
"""What must never fall; Prometheus is asked for series with such names."""

VALUED = frozenset(
    {
        FINISHED,
        DURATION,
        BOTTLENECK,
        HISTOGRAM,
        *(SUM.format(name) for name in ("transferred_bytes", "processed_items", "retries")),
    }
)
"""Counters whose every value follows from the sessions; the others count what polling took."""

COUNTS = frozenset({FINISHED, BOTTLENECK, HISTOGRAM})
"""Of these, those that grow by one for each session: what is wrong is missed or double."""

OWN = re.compile(r"backup_exporter_.+")
"""About the process itself: it is not born with a server or job, and errors of a full disk cannot
be written to it: after a kill, that counter may fall."""

UNWRITTEN = frozenset({"backup_exporter_ledger_errors_total"})


class Finding(NamedTuple):
    """Something that is wrong with one series: what, by how much, and in words."""

    kind: str
    key: Key
    amount: float
    words: str


def judge(
    series: Series, truths: Sequence[Mapping[Key, float]], breaks: Sequence[Break]
) -> list[Finding]:
    """Everything that is wrong. `truths` are what was to be counted in each life of the ledger."""
    findings: list[Finding] = []
    for key in sorted({*series, *(key for truth in truths for key in truth)}):
        points = series.get(key, ())
        parts = split(points, breaks)
        for life, (part, truth) in enumerate(zip(parts, truths, strict=True)):
            findings += _judge_life(key, part, truth.get(key, 0.0), f"life {life + 1}")
        findings += [Finding("shown twice", key, 1, words) for words in _twins(points)]
        if key.name in VALUED:
            total = sum(truth.get(key, 0.0) for truth in truths)
            findings += _judge_increase(key, points, total)
    return findings


def _judge_life(key: Key, points: Sequence[Point], expected: float, life: str) -> list[Finding]:
    findings = []
    if points and points[0].value != 0.0 and not OWN.fullmatch(key.name):
        words = f"{life}: first seen at {points[0].value:g}"
        findings.append(Finding("born above zero", key, 1, words))
    if key.name not in UNWRITTEN:
        findings += [Finding("decrease", key, 1, f"{life}: {words}") for words in _falls(points)]
    last = points[-1].value if points else 0.0
    if key.name in VALUED and not _same(last, expected):
        kind = _kind(key, last, expected)
        words = f"{life}: {last:.12g} where {expected:.12g} is true"
        findings.append(Finding(kind, key, abs(last - expected), words))
    return findings


def _kind(key: Key, last: float, expected: float) -> str:
    if key.name not in COUNTS:
        return "wrong sum"
    return "missed" if last < expected else "double"


def _falls(points: Sequence[Point]) -> Iterable[str]:
    for before, after in pairwise(points):
        if after.value < before.value:
            yield f"from {before.value:g} to {after.value:g} at {after.at:.3f}"


def _twins(points: Sequence[Point]) -> Iterable[str]:
    """A renamed job must not stand on one page under both names."""
    for before, after in pairwise(points):
        if after.at == before.at:
            yield f"{before.value:g} and {after.value:g} at {after.at:.3f}"


def _judge_increase(key: Key, points: Sequence[Point], total: float) -> list[Finding]:
    """What `increase()` makes of the raw samples must be what has happened."""
    grown = 0.0
    for before, after in pairwise(points):
        fell = after.value < before.value
        grown += after.value if fell else after.value - before.value
    if _same(grown, total):
        return []
    words = f"rose by {grown:.12g} where {total:.12g} is true"
    return [Finding("wrong increase", key, abs(grown - total), words)]


def _same(left: float, right: float) -> bool:
    """Equal but for rounding: times carry microseconds, and sums of floats their noise."""
    return isclose(left, right, rel_tol=1e-9, abs_tol=1e-3)
