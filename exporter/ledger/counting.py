"""Sums over counted sessions. Pure functions."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from exporter.ledger.state import DurationCounts
from exporter.model import Bottleneck, Reports, Result
from exporter.view import DURATION_BUCKETS, Run, Totals

SUMS = ("transferred_bytes", "processed_items", "retries")
"""The figures of `Statistics` that are summed up where the product reports them."""

NO_DURATIONS = DurationCounts((0,) * (len(DURATION_BUCKETS) + 1))


def zero(reports: Reports) -> Totals:
    """The totals of a job before its first session: every series it will have, at 0."""
    return Totals(
        finished=dict.fromkeys(Result, 0),
        bottlenecks=dict.fromkeys(reports.bottlenecks, 0) if reports.bottlenecks else None,
        transferred_bytes=_start("transferred_bytes", reports),
        processed_items=_start("processed_items", reports),
        retries=_start("retries", reports),
    )


def _start(name: str, reports: Reports) -> float | None:
    return 0.0 if name in reports.totals else None


def count(totals: Totals, runs: Iterable[Run]) -> Totals:
    """Add finished sessions, each of them once."""
    finished = dict(totals.finished)
    sums = {name: getattr(totals, name) for name in SUMS}
    bottlenecks = dict(totals.bottlenecks or {})
    duration = totals.duration_seconds
    for run in runs:
        finished[run.result] = finished.get(run.result, 0) + 1
        duration += run.duration or 0.0
        for name in SUMS:
            value = getattr(run.statistics, name)
            if value is not None:
                sums[name] = (sums[name] or 0.0) + value
        if run.statistics.bottleneck is not None:
            _count_bottleneck(bottlenecks, run.statistics.bottleneck)
    return Totals(
        finished=finished,
        duration_seconds=duration,
        transferred_bytes=sums["transferred_bytes"],
        processed_items=sums["processed_items"],
        retries=sums["retries"],
        bottlenecks=bottlenecks or None,
    )


def _count_bottleneck(bottlenecks: dict[Bottleneck, int], bottleneck: Bottleneck) -> None:
    bottlenecks[bottleneck] = bottlenecks.get(bottleneck, 0) + 1


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
