"""Sums over counted sessions."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger import counting
from exporter.model import Bottleneck, Reports, Result, Statistics
from exporter.view import DURATION_BUCKETS, Run
from tests.ledger.world import REPORTS

floats = st.one_of(st.none(), st.floats())


def run(result: Result = Result.SUCCESS, duration: float | None = None, **figures: object) -> Run:
    return Run("id", 1.0, result, duration=duration, statistics=Statistics(**figures))  # type: ignore[arg-type]


def test_a_new_job_starts_with_every_series_at_zero() -> None:
    """Each result, each sum and each bottleneck that the product reports is there at 0."""
    zero = counting.zero(REPORTS)
    assert zero.finished == dict.fromkeys(Result, 0)
    assert (zero.transferred_bytes, zero.processed_items, zero.retries) == (0.0, 0.0, 0.0)
    assert zero.bottlenecks == dict.fromkeys(REPORTS.bottlenecks, 0)


def test_what_a_product_does_not_report_has_no_series() -> None:
    """Absent is never 0."""
    zero = counting.zero(Reports())
    assert (zero.transferred_bytes, zero.processed_items, zero.retries) == (None, None, None)
    assert zero.bottlenecks is None


def test_sums_add_what_was_told() -> None:
    """Results, durations, figures and bottlenecks are added; what was not told adds nothing."""
    totals = counting.count(
        counting.zero(REPORTS),
        [
            run(Result.FAILED, 10.0, transferred_bytes=5.0, bottleneck=Bottleneck.SOURCE),
            run(Result.FAILED, None, transferred_bytes=None, retries=2.0),
            run(Result.WARNING, 2.5, transferred_bytes=7.0, bottleneck=Bottleneck.SOURCE),
        ],
    )
    assert (totals.finished[Result.FAILED], totals.finished[Result.WARNING]) == (2, 1)
    assert totals.duration_seconds == 12.5
    assert (totals.transferred_bytes, totals.processed_items, totals.retries) == (12.0, 0.0, 2.0)
    assert totals.bottlenecks == {Bottleneck.SOURCE: 2, Bottleneck.TARGET: 0, Bottleneck.UNKNOWN: 0}


def test_an_unexpected_figure_opens_its_series_at_zero() -> None:
    """A sum that nobody announced is seen at 0 first and grows from the next poll on."""
    told = run(transferred_bytes=5.0, bottleneck=Bottleneck.PROXY)
    opened = counting.count(counting.zero(Reports()), [told, told])
    assert (opened.transferred_bytes, opened.bottlenecks) == (0.0, {Bottleneck.PROXY: 0})
    grown = counting.count(opened, [told])
    assert (grown.transferred_bytes, grown.bottlenecks) == (5.0, {Bottleneck.PROXY: 1})


@given(st.lists(st.tuples(floats, floats, floats), max_size=5))
def test_no_sum_ever_falls(figures: list[tuple[float | None, float | None, float | None]]) -> None:
    """Whatever a product reports, negative or no number at all, sums stay or grow, and finite."""
    before = counting.zero(REPORTS)
    told = [run(transferred_bytes=a, processed_items=b, retries=c) for a, b, c in figures]
    for item in told:
        after = counting.count(before, [item])
        for name in counting.SUMS:
            assert getattr(after, name) >= getattr(before, name)
        before = after


@pytest.mark.parametrize("figure", [-1.0, inf, -inf, nan])
def test_impossible_figures_are_left_out(figure: float) -> None:
    """A figure that would spoil the sum for ever adds nothing."""
    assert counting.count(counting.zero(REPORTS), [run(retries=figure)]).retries == 0.0


@pytest.mark.parametrize(
    ("duration", "bucket"),
    [(0.0, 0), (60.0, 0), (60.1, 1), (172800.0, 10), (172800.1, len(DURATION_BUCKETS))],
)
def test_durations_fall_into_their_bucket(duration: float, bucket: int) -> None:
    """A bucket's bound belongs to it; what is longer than all goes to the last."""
    counts = counting.observe({}, "Backup", [run(duration=duration)])["Backup"]
    assert counts.counts.index(1) == bucket
    assert counts.sum == duration


def test_a_run_without_duration_is_in_no_bucket() -> None:
    """An end that was not told gives no duration."""
    assert counting.observe({}, "Backup", [run()])["Backup"] == counting.NO_DURATIONS
