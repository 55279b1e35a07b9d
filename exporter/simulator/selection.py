"""Which runs a list call asks for, and the runs it gets, read only as far as somebody looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from exporter.simulator.profile import Words
from exporter.simulator.runs import FOREVER, Run


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list call. Bounds are seconds since the epoch by the world's true clock.

    `open_ended` says whether a run without an end passes the bounds on the end. A run that has not
    gone to work passes no bounds on the start. `by_start` orders by start instead of creation,
    those without a start first.
    """

    kinds: frozenset[str]
    job_id: str = ""
    statuses: frozenset[str] = frozenset()
    created_from: float = -FOREVER
    created_until: float = FOREVER
    started_from: float = -FOREVER
    started_until: float = FOREVER
    ended_from: float = -FOREVER
    ended_until: float = FOREVER
    open_ended: bool = True
    by_start: bool = False

    def oldest_creation(self, longest_run: float) -> float:
        """Nothing scheduled that was created before this can be wanted."""
        bounds = (self.started_from - longest_run, self.ended_from - longest_run)
        return max(self.created_from, *bounds)

    def of(self, runs: Iterator[Run], now: float, words: Words) -> Iterator[Run]:
        """The wanted ones of `runs`, which come newest creation first."""
        found = self._filtered(runs, now, words)
        return iter(sorted(found, key=_by_start(now), reverse=True)) if self.by_start else found

    def _filtered(self, runs: Iterator[Run], now: float, words: Words) -> Iterator[Run]:
        for run in runs:
            if run.kind in self.kinds and run.visible_from <= now and self._bounded(run, now):
                if self.job_id and run.job_id != self.job_id:
                    continue
                if self.statuses and run.status_at(now, words) not in self.statuses:
                    continue
                yield run

    def _bounded(self, run: Run, now: float) -> bool:
        if not self.created_from <= run.created <= self.created_until:
            return False
        if not self._start_bounded(run, now):
            return False
        if run.ended is None or run.ended > now:
            return self.open_ended and self.ended_until == FOREVER
        return self.ended_from <= run.ended <= self.ended_until

    def _start_bounded(self, run: Run, now: float) -> bool:
        if self.started_from == -FOREVER and self.started_until == FOREVER:
            return True
        return run.started <= now and self.started_from <= run.started <= self.started_until


def _by_start(now: float) -> Callable[[Run], tuple[bool, float]]:
    return lambda run: (run.started > now, run.started if run.started <= now else run.created)


class Selection:
    """Wanted runs, newest first, valid while time stays in [made, until) and nobody edits."""

    def __init__(self, runs: Iterator[Run], made: float, until: float, revision: int) -> None:
        self._runs = runs
        self._read: list[Run] = []
        self._made = made
        self._until = until
        self._revision = revision

    def holds(self, now: float, revision: int) -> bool:
        """Whether the same question would be answered alike at `now`."""
        return self._made <= now < self._until and revision == self._revision

    def rows(self, offset: int, limit: int) -> list[Run]:
        """At most `limit` runs after the first `offset`."""
        self._read_until(offset + limit)
        return self._read[offset : offset + limit]

    def has_more(self, position: int) -> bool:
        """Whether there is a run after the first `position`."""
        self._read_until(position + 1)
        return len(self._read) > position

    def count(self) -> int:
        """How many there are; reads all."""
        self._read.extend(self._runs)
        return len(self._read)

    def _read_until(self, position: int) -> None:
        missing = position - len(self._read)
        if missing > 0:
            self._read.extend(islice(self._runs, missing))
