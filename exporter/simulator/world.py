"""A simulated world: jobs and their runs, generated, scripted, or both.

Everything a test changes is changed here; what a product shows of it is the product's affair.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from heapq import merge
from typing import Any, TypedDict, Unpack

from exporter.clock import Clock
from exporter.simulator.calendar import Calendar
from exporter.simulator.generation import Scenario, identifier, session_id
from exporter.simulator.population import populate
from exporter.simulator.profile import Profile, Words
from exporter.simulator.runs import FOREVER, SMALL_RUN, Figures, Job, Run
from exporter.simulator.script import ScriptedRuns
from exporter.simulator.selection import Selection, Wanted

REMEMBERED_SELECTIONS = 64


class SessionDetails(TypedDict, total=False):
    """What a script may say of a run beside job, start and end."""

    id: str
    kind: str
    status: str | None
    queued_for: float
    figures: Figures | Mapping[str, object]
    retry: int
    main_id: str
    will_retry: bool
    full: bool
    message: str
    visible_from: float
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Build:
    """How to make a world: `jobs` None is the product's own set, `history` is seconds."""

    seed: int = 0
    speed: float = 1.0
    jobs: int | None = None
    history: float = 0.0


class World:
    """Jobs and runs of one backup server, at any moment that `clock` tells.

    `revision` counts changes by hand, `job_revision` those of names and of what is listed.
    """

    def __init__(self, profile: Profile, build: Build, clock: Clock) -> None:
        self.profile = profile
        self.revision = 0
        self.speed = build.speed
        self.job_revision = 0
        self._clock = clock
        self._seed = build.seed
        scenario = Scenario(profile, build.seed, build.speed)
        scheduled = populate(profile, build.seed, build.jobs)
        self._jobs = {job.id: job for job in scheduled}
        self._schedules: dict[str, list[Job]] = defaultdict(list)
        for job in scheduled:
            self._schedules[job.owner_id].append(job)
        self._calendar = Calendar(scenario, scheduled, clock.now() - build.history)
        self._scripted = ScriptedRuns()
        self._deleted: dict[str, Run] = {}
        self._selections: dict[Wanted, Selection] = {}

    @property
    def words(self) -> Words:
        """The product's own words."""
        return self.profile.words

    def now(self) -> float:
        """The world's true time, seconds since the epoch."""
        return self._clock.now()

    def jobs(self) -> list[Job]:
        """The jobs that the product lists."""
        return [job for job in self._jobs.values() if job.listed]

    def job(self, job_id: str) -> Job | None:
        """A job by its id, also a deleted one: its runs still know its name."""
        return self._jobs.get(job_id)

    def select(self, wanted: Wanted) -> Selection:
        """The runs asked for, newest first; kept as long as nothing could have changed."""
        now = self.now()
        kept = self._selections.get(wanted)
        if kept is not None and kept.holds(now, self.revision):
            return kept
        if len(self._selections) >= REMEMBERED_SELECTIONS:
            self._selections.clear()
        oldest = wanted.oldest_creation(self._calendar.reach)
        runs = wanted.of(self._newest_first(now, oldest), now, self.words)
        made = Selection(runs, now, self._next_moment(now), self.revision)
        self._selections[wanted] = made
        return made

    def find(self, run_id: str) -> Run | None:
        """A run by its id, also one that lists do not show yet."""
        run = self._scripted.get(run_id)
        if run is not None:
            return run if run.created <= self.now() else None
        return self._calendar.by_id(run_id, self.now())

    def runs_of(self, job: Job) -> Iterator[Run]:
        """The newest runs of a job so far, newest first."""
        now = self.now()
        scheduled = [self._calendar.of_job(part, now) for part in self._schedules.get(job.id, ())]
        scripted = self._scripted.of_job(job.id, now)
        return merge(scripted, *scheduled, key=_created, reverse=True)

    def next_run(self, job: Job) -> float | None:
        """When the job starts next, None if nothing is planned."""
        return job.next_run if job.template is None else self._calendar.next_run(job, self.now())

    def finished(self, *, everything: bool = False) -> list[Run]:
        """All finished runs, oldest end first; `everything` adds hidden and deleted ones."""
        now = self.now()
        runs = list(self._newest_first(now, -FOREVER))
        if everything:
            runs.extend(self._deleted.values())
        over = [
            run
            for run in runs
            if run.finished_at(now, self.words) and (everything or run.visible_from <= now)
        ]
        return sorted(over, key=lambda run: (run.ended or run.created, run.id))

    def deleted(self, run_id: str) -> bool:
        """Whether the run was deleted by a script."""
        return run_id in self._deleted

    def add_job(
        self, name: str, *, kind: str = "", job_id: str = "", organization: str = ""
    ) -> Job:
        """A job without a schedule; its runs are written by `add_session`."""
        number = len(self._jobs)
        job = Job(
            id=job_id or identifier(self._seed, "scripted job", number),
            index=number,
            name=name,
            kind=kind or self.profile.templates[0].kind,
            organization=organization or self.profile.organizations[0],
            repository=self.profile.repositories[0],
        )
        self._jobs[job.id] = job
        self._changed()
        return job

    def rename_job(self, job_id: str, name: str) -> None:
        """Give a job another name. Raises KeyError for an unknown job."""
        self._jobs[job_id].name = name
        self.job_revision += 1
        self._changed()

    def enable_job(self, job_id: str, enabled: bool) -> None:
        """Switch a job's schedule on or off from now on. Raises KeyError for an unknown job."""
        now = self.now()
        for job in self._schedules.get(job_id) or [self._jobs[job_id]]:
            closed = [(start, min(until, now)) for start, until in job.pauses]
            job.pauses = closed if enabled else [*closed, (now, FOREVER)]
            self._calendar.reschedule(job)
        self._changed()

    def delete_job(self, job_id: str) -> None:
        """Take a job out of the list; its history stays. Raises KeyError for an unknown job."""
        self.enable_job(job_id, False)
        self._jobs[job_id].deleted = True
        self.job_revision += 1

    def add_session(
        self,
        job: Job | str | None,
        started: float,
        ended: float | None = None,
        **details: Unpack[SessionDetails],
    ) -> Run:
        """Write a run of a job (None: of no job) into history. Raises KeyError for an unknown job.

        Times are seconds since the epoch. Without an end the run goes on until it is changed.
        """
        owner = self._jobs[job] if isinstance(job, str) else job
        said: dict[str, Any] = dict(details)
        run = Run(
            id=session_id(self.profile, self._seed, "scripted", self.revision),
            job_id=owner.id if owner else "",
            kind=owner.kind if owner else self.profile.templates[0].kind,
            created=started,
            started=started + said.pop("queued_for", 0.0),
            ended=ended,
            status=None,
            figures=_figures(said.pop("figures", SMALL_RUN)),
            organization=owner.organization if owner else "",
            repository=owner.repository if owner else self.profile.repositories[0],
        )
        run = _with(run, said)
        self._scripted.put(run)
        self._changed()
        return run

    def change_session(self, run_id: str, **changes: object) -> Run:
        """Change fields of a run, also of a generated one.

        Raises KeyError for an unknown run and ValueError for an unknown field.
        """
        changed = _with(self._existing(run_id), changes)
        if run_id in self._scripted:
            self._scripted.put(changed)
        else:
            self._calendar.edit(run_id, changed)
        self._changed()
        return changed

    def delete_session(self, run_id: str) -> None:
        """Remove a run from history. Raises KeyError for an unknown one."""
        self._deleted[run_id] = self._existing(run_id)
        if run_id in self._scripted:
            self._scripted.remove(run_id)
        else:
            self._calendar.edit(run_id, None)
        self._changed()

    def _existing(self, run_id: str) -> Run:
        run = self._scripted.get(run_id) or self.find(run_id)
        if run is None:
            raise KeyError(run_id)
        return run

    def _changed(self) -> None:
        self.revision += 1
        self._selections.clear()

    def _newest_first(self, now: float, oldest: float) -> Iterator[Run]:
        generated = self._calendar.newest_first(now, oldest)
        return merge(self._scripted.newest_first(now), generated, key=_created, reverse=True)

    def _next_moment(self, now: float) -> float:
        return min(self._scripted.next_moment(now, self.words), self._calendar.next_moment(now))


def _created(run: Run) -> float:
    return run.created


def _figures(value: object) -> Figures:
    if isinstance(value, Figures):
        return value
    assert isinstance(value, Mapping)
    return replace(SMALL_RUN, **value)


def _with(run: Run, changes: Mapping[str, Any]) -> Run:
    unknown = changes.keys() - {known.name for known in fields(Run)}
    if unknown:
        raise ValueError(f"a session has no {', '.join(sorted(unknown))}")
    given = dict(changes)
    if "figures" in given:
        given["figures"] = _figures(given["figures"])
    return replace(run, **given)
