"""The runs of one job: a window of the newest, and a fold of all that fell out of it.

Everything said of a job's past follows from the two, whatever the order in which the sessions
became known. Pure functions.
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from exporter.ledger.past import NUMBERS, Past
from exporter.ledger.state import Fold
from exporter.model import NO_STATISTICS, Result
from exporter.view import Run

WINDOW = 30
"""How many finished sessions of a job are kept one by one."""

DETAILED = 2
"""How many of the newest runs keep all their statistics; only the last one's are exposed."""

FAILED = bytes((NUMBERS[Result.FAILED],))


def order(run: Run) -> tuple[float, float, str]:
    """Newest means newest by end; start and id settle ties so that the order is total."""
    return (run.ended, run.started or 0.0, run.id)


def remember(runs: Past, fold: Fold, new: Iterable[Run]) -> tuple[Past, Fold]:
    """Add runs, or replace those with the same id; the oldest beyond the window are folded in."""
    added = list(new)
    ids = {run.id for run in added}
    kept = [run for run in runs if run.id not in ids]
    if len(added) == 1:
        insort(kept, added[0], key=order)
    else:
        kept = sorted(kept + added, key=order)
    excess = max(0, len(kept) - WINDOW)
    return Past(_slim(kept[excess:])), fold_in(fold, kept[:excess])


def _slim(runs: list[Run]) -> list[Run]:
    """Statistics of all but the newest runs are dropped: they are shown nowhere."""
    for index in range(len(runs) - DETAILED):
        if runs[index].statistics is not NO_STATISTICS:
            runs[index] = msgspec.structs.replace(runs[index], statistics=NO_STATISTICS)
    return runs


def fold_in(fold: Fold, runs: Sequence[Run]) -> Fold:
    """Take runs, oldest first, into the fold.

    A run older than what was folded before says nothing about the failures in a row.
    """
    if not runs:
        return fold
    ended, failures = fold.ended, fold.failures
    ends = dict(fold.result_ends)
    for run in runs:
        ends[run.result] = max(ends.get(run.result, 0.0), run.ended)
        if run.ended >= ended:
            ended = run.ended
            failures = failures + 1 if run.result is Result.FAILED else 0
    return Fold(ended, failures, ends)


def result_ends(runs: Past, fold: Fold) -> dict[Result, float]:
    """For every result the end of the newest session that had it; 0 = never."""
    ends = {result: fold.result_ends.get(result, 0.0) for result in Result}
    results = runs.results()
    for result, number in NUMBERS.items():
        newest = results.rfind(number)
        if newest >= 0:
            ends[result] = max(ends[result], runs.ended(newest))
    return ends


def last_success(ends: Mapping[Result, float], success_results: Iterable[str]) -> float:
    """The end of the newest session that left something to restore from; 0 = never."""
    return max((ends[Result(result)] for result in success_results), default=0.0)


def consecutive_failures(runs: Past, fold: Fold) -> int:
    """Failed sessions since the last one with any other result."""
    results = runs.results()
    others = results.rstrip(FAILED)
    failures = len(results) - len(others)
    return failures if others else failures + fold.failures
