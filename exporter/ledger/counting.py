"""Sums over counted sessions. Pure functions."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import inf

from exporter.ledger.state import DurationCounts
from exporter.model import Bottleneck, Reports, Result
from exporter.view import DURATION_BUCKETS, Run, Totals

SUMS = ("transferred_bytes", "processed_items", "retries")
"""The figures of `Statistics` that are summed up where the product reports them."""

NO_DURATIONS = DurationCounts((0,) * (len(DURATION_BUCKETS) + 1))


def zero(reports: Reports) -> Totals:
    """The totals of a job before its first session: every series it will have, at 0."""
    return zeros(tuple(Result), reports.totals, reports.bottlenecks or None)


@lru_cache(maxsize=256)
def zeros(
    results: tuple[Result, ...], sums: frozenset[str], bottlenecks: tuple[Bottleneck, ...] | None
) -> Totals:
    """Nothing counted yet; one value for all jobs with the same series. `sums` are of `SUMS`."""
    sum_of_none = {name: 0.0 for name in SUMS if name in sums}
    return Totals(
        finished=dict.fromkeys(results, 0),
        bottlenecks=None if bottlenecks is None else dict.fromkeys(bottlenecks, 0),
        **sum_of_none,
    )


def count(totals: Totals, runs: Iterable[Run]) -> Totals:
    """Add finished sessions, each of them once.

    A figure that was not expected opens its series at 0 and is added from the next poll on: what
    appears with a value at once is no increase to Prometheus.
    """
    new = list(runs)
    finished = dict(totals.finished)
    for run in new:
        finished[run.result] = finished.get(run.result, 0) + 1
    return Totals(
        finished=finished,
        duration_seconds=totals.duration_seconds + sum(run.duration or 0.0 for run in new),
        bottlenecks=_count_bottlenecks(totals.bottlenecks, new),
        **{name: _sum(name, getattr(totals, name), new) for name in SUMS},
    )


def _sum(name: str, before: float | None, runs: Iterable[Run]) -> float | None:
    """A sum never falls: figures that are negative or no number are left out."""
    told: list[float | None] = [getattr(run.statistics, name) for run in runs]
    figures = [figure for figure in told if figure is not None]
    if before is None:
        return 0.0 if figures else None
    return before + sum(figure for figure in figures if 0.0 < figure < inf)


def _count_bottlenecks(
    before: Mapping[Bottleneck, int] | None, runs: Iterable[Run]
) -> Mapping[Bottleneck, int] | None:
    known = before or {}
    counts = dict(known)
    for run in runs:
        bottleneck = run.statistics.bottleneck
        if bottleneck is not None:
            counts[bottleneck] = counts.get(bottleneck, 0) + (bottleneck in known)
    return counts or None


def observe(
    durations: Mapping[str, DurationCounts], session_type: str, runs: Iterable[Run]
) -> dict[str, DurationCounts]:
    """Add the durations of counted sessions of one type to the histograms."""
    before = durations.get(session_type, NO_DURATIONS)
    counts, total = list(before.counts), before.sum
    for run in runs:
        if run.duration is not None:
            counts[bisect_left(DURATION_BUCKETS, run.duration)] += 1
            total += run.duration
    return {**durations, session_type: DurationCounts(tuple(counts), total)}
