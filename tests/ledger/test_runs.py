"""The runs of a job: which are kept, and what is said of all of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger import runs
from exporter.ledger.past import Past
from exporter.ledger.state import Fold
from exporter.model import NO_STATISTICS, Result, Statistics
from exporter.view import Run

F, S, W = Result.FAILED, Result.SUCCESS, Result.WARNING


def run(number: int, result: Result = S, ended: float | None = None) -> Run:
    return Run(f"r{number:03}", float(number if ended is None else ended), result)


def remember(*new: Run) -> tuple[Past, Fold]:
    return runs.remember(Past(), Fold(), new)


@pytest.mark.parametrize(
    ("results", "failures"),
    [
        ([], 0),
        ([S], 0),
        ([F], 1),
        ([S, F, F], 2),
        ([F, F, S], 0),
        ([F, S, F], 1),
        ([F, W], 0),
        ([F, Result.CANCELED, F], 1),
        ([F, Result.UNKNOWN], 0),
        ([F] * 40, 40),
        ([S] + [F] * 40, 40),
        ([F] * 40 + [S], 0),
        ([F] * 5 + [S] + [F] * 30, 30),
        ([F] * 5 + [S] + [F] * 31, 31),
    ],
)
def test_failures_in_a_row_end_at_any_other_result(results: list[Result], failures: int) -> None:
    """Consecutive failures count back to the last other result, however long ago that was."""
    kept = remember(*(run(number, result) for number, result in enumerate(results, 1)))
    assert runs.consecutive_failures(*kept) == failures


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_the_newest_thirty_are_kept_one_by_one(chunk: int) -> None:
    """Beyond thirty runs the oldest fall into the fold, in whatever portions they come."""
    window, fold = Past(), Fold()
    everything = [run(number) for number in range(1, 101)]
    for start in range(0, 100, chunk):
        window, fold = runs.remember(window, fold, everything[start : start + chunk])
    assert [item.id for item in window] == [f"r{number:03}" for number in range(71, 101)]
    assert fold == Fold(70.0, 0, {S: 70.0})


def test_a_run_that_is_known_is_replaced() -> None:
    """The same id again takes the place of what was said before."""
    window, fold = remember(run(1), run(2))
    window, fold = runs.remember(window, fold, [run(1, F, ended=3.0)])
    assert [(item.id, item.result) for item in window] == [("r002", S), ("r001", F)]


def test_ties_are_settled_by_start_and_id() -> None:
    """Runs that end at the same moment have one order, whatever order they came in."""
    tied = [Run("b", 5.0, S, 1.0), Run("a", 5.0, S, 1.0), Run("c", 5.0, F, 0.5), Run("d", 5.0, S)]
    assert [item.id for item in remember(*tied)[0]] == ["d", "c", "a", "b"]


def test_only_the_newest_keep_their_statistics() -> None:
    """Figures of older runs are shown nowhere and cost no memory."""
    full = Statistics(transferred_bytes=1.0)
    window, _fold = remember(*(Run(str(n), float(n), S, statistics=full) for n in range(5)))
    assert [item.statistics for item in window] == [NO_STATISTICS] * 3 + [full] * 2


def test_an_old_run_that_comes_late_breaks_no_row_of_failures() -> None:
    """A success older than everything remembered does not hide forty failures."""
    window, fold = remember(*(run(number, F) for number in range(10, 50)))
    window, fold = runs.remember(window, fold, [run(1, S)])
    assert runs.consecutive_failures(window, fold) == 40
    assert runs.result_ends(window, fold)[S] == 1.0


def test_results_that_never_were_end_at_zero() -> None:
    """Every result has an end; 0 says never."""
    ends = runs.result_ends(*remember(run(7, F)))
    assert ends == {**dict.fromkeys(Result, 0.0), F: 7.0}


@pytest.mark.parametrize(
    ("accepted", "newest"), [(["success", "warning"], 2.0), (["success"], 1.0), ([], 0.0)]
)
def test_last_success_follows_the_configured_results(accepted: list[str], newest: float) -> None:
    """Which results leave something to restore from is the configuration's word."""
    ends = runs.result_ends(*remember(run(1, S), run(2, W), run(3, F)))
    assert runs.last_success(ends, accepted) == newest


histories = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(Result)), unique_by=lambda row: row[0]
)


@given(histories, st.integers(0, 999))
def test_order_of_arrival_does_not_matter(rows: list[tuple[int, Result]], seed: int) -> None:
    """What is kept and said of up to a window of runs is the same in every order."""
    told = [run(number, result) for number, result in rows[: runs.WINDOW]]
    shuffled = random.Random(seed).sample(told, len(told))
    window, fold = Past(), Fold()
    for item in shuffled:
        window, fold = runs.remember(window, fold, [item])
    assert (window, fold) == remember(*told)


@given(st.lists(st.sampled_from(Result), max_size=120), st.integers(1, 50))
def test_long_histories_are_told_as_if_all_were_kept(results: list[Result], chunk: int) -> None:
    """In order of their ends, window and fold say what the whole list would say."""
    told = [run(number, result) for number, result in enumerate(results, 1)]
    window, fold = Past(), Fold()
    for start in range(0, len(told), chunk):
        window, fold = runs.remember(window, fold, told[start : start + chunk])
    failures, ends = 0, dict.fromkeys(Result, 0.0)
    for item in told:
        failures = failures + 1 if item.result is F else 0
        ends[item.result] = item.ended
    assert runs.consecutive_failures(window, fold) == failures
    assert runs.result_ends(window, fold) == ends
    assert window == tuple(told[-runs.WINDOW :])
