"""The runs that schedules bring, found by time without computing all of history.

History is cut into slots of equal width. A slot is filled when somebody looks at it and kept from
then on, so a question about one day costs that day.
"""

from bisect import bisect_right
from collections.abc import Iterator

from exporter.simulator.generation import (
    LONGEST_QUEUE,
    LONGEST_RUN,
    Scenario,
    number_at,
    occurrence,
    scheduled_at,
)
from exporter.simulator.profile import HOUR
from exporter.simulator.runs import Job, Run

SLOT = 6 * HOUR
OCCURRENCES_LOOKED_BACK = 60


class Calendar:
    """Runs of scheduled jobs since `horizon` (seconds since the epoch)."""

    def __init__(self, scenario: Scenario, jobs: list[Job], horizon: float) -> None:
        self.horizon = horizon
        self.reach = (LONGEST_RUN + LONGEST_QUEUE) / scenario.speed
        self._scenario = scenario
        self._jobs = jobs
        self._width = SLOT / scenario.speed
        self._occurrences: dict[tuple[int, int], tuple[Run, ...]] = {}
        self._slots: dict[int, list[Run]] = {}
        self._moments: tuple[int, list[float]] = (0, [])
        self._by_id: dict[str, Run] = {}
        self._edited: dict[str, Run | None] = {}

    def newest_first(self, now: float, oldest: float) -> Iterator[Run]:
        """Runs created between `oldest` and `now`, newest first."""
        oldest = max(oldest, self.horizon)
        for slot in range(self._slot(now), self._slot(oldest) - 1, -1):
            runs = self._filled(slot)
            whole = slot * self._width >= oldest and (slot + 1) * self._width <= now
            yield from (runs if whole else [run for run in runs if oldest <= run.created <= now])

    def of_job(self, job: Job, now: float) -> Iterator[Run]:
        """The newest runs of one job that were created by `now`, newest first."""
        if job.template is None:
            return
        newest = number_at(job.template, now, self._scenario.speed)
        for number in range(newest, newest - OCCURRENCES_LOOKED_BACK, -1):
            if scheduled_at(job.template, number, self._scenario.speed) < self.horizon:
                return
            for run in reversed(self._occurrence(job, number)):
                if run.created <= now:
                    yield run

    def by_id(self, run_id: str, now: float) -> Run | None:
        """The run with that id, if it was created by `now`."""
        if run_id not in self._by_id:
            for _run in self.newest_first(now, self.horizon):
                pass
        run = self._edited.get(run_id, self._by_id.get(run_id))
        return run if run is not None and self.horizon <= run.created <= now else None

    def next_moment(self, now: float) -> float:
        """When something starts, goes to work or ends next; at the latest the end of the slot."""
        slot = self._slot(now)
        if self._moments[0] != slot or not self._moments[1]:
            self._moments = (slot, self._moments_of(slot))
        moments = self._moments[1]
        return moments[bisect_right(moments, now)]

    def next_run(self, job: Job, now: float) -> float | None:
        """When the job's schedule starts it next; None while it is paused or has no schedule."""
        if job.template is None or not job.enabled:
            return None
        speed = self._scenario.speed
        return scheduled_at(job.template, number_at(job.template, now, speed) + 1, speed)

    def edit(self, run_id: str, run: Run | None) -> None:
        """Replace a run by a changed one, or take it out of history (None)."""
        self._edited[run_id] = run
        self._occurrences.clear()
        self._forget_slots()

    def reschedule(self, job: Job) -> None:
        """Compute the job's runs anew: its pauses have changed."""
        for key in [key for key in self._occurrences if key[0] == job.index]:
            del self._occurrences[key]
        self._forget_slots()

    def _forget_slots(self) -> None:
        self._slots.clear()
        self._moments = (0, [])

    def _slot(self, moment: float) -> int:
        return int(moment // self._width)

    def _filled(self, slot: int) -> list[Run]:
        """All runs created in a slot, newest first, those of the future too."""
        if slot not in self._slots:
            start, end = slot * self._width, (slot + 1) * self._width
            runs = [
                run
                for job in self._jobs
                for run in self._runs_between(job, start, end)
                if start <= run.created < end
            ]
            self._slots[slot] = sorted(runs, key=_created, reverse=True)
        return self._slots[slot]

    def _runs_between(self, job: Job, start: float, end: float) -> Iterator[Run]:
        assert job.template is not None
        first = number_at(job.template, start, self._scenario.speed)
        last = number_at(job.template, end, self._scenario.speed)
        for number in range(first, last + 1):
            yield from self._occurrence(job, number)

    def _occurrence(self, job: Job, number: int) -> tuple[Run, ...]:
        key = (job.index, number)
        runs = self._occurrences.get(key)
        if runs is None:
            drawn = occurrence(self._scenario, job, number)
            self._by_id.update((run.id, run) for run in drawn)
            edited = (self._edited.get(run.id, run) for run in drawn)
            runs = tuple(run for run in edited if run is not None)
            self._occurrences[key] = runs
        return runs

    def _moments_of(self, slot: int) -> list[float]:
        """Every moment in the slot at which an answer may change, ordered, and the slot's end."""
        start, end = slot * self._width, (slot + 1) * self._width
        earliest = self._slot(start - self.reach)
        moments = {
            moment
            for around in range(earliest, slot + 1)
            for run in self._filled(around)
            for moment in run.turns(self._scenario.profile.words)
            if start <= moment < end
        }
        return [*sorted(moments), end]


def _created(run: Run) -> float:
    return run.created
