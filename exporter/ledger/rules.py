"""Which session counts, and what follows from one poll. Pure: values in, values out.

A finished session is counted once, by its id. It counts when it was followed while open, or when
it ended after this server was first configured; what ended before is history and fills only the
`last_*` facts. Ids are remembered until `floor`; a session older than that is never counted.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from exporter.ledger import counting, runs
from exporter.ledger.news import Known, Moment, News, sort_news
from exporter.ledger.state import DurationCounts, JobState, Key, ServerState, add
from exporter.model import Harvest, Job, OpenSession, Reports

RETENTION = 3 * 86400.0
"""How long ids of counted sessions are remembered at least, in seconds of the server's time."""

SAME_CLOCK = 2.0
"""Two clocks closer than so many seconds are taken as equal."""

DROP_AFTER_LISTS = 2
"""A job is gone when so many complete job lists in a row did not name it."""


class Policy(NamedTuple):
    """What the configuration and the product say about remembering. Durations are seconds."""

    overlap: float
    forget_after: float
    max_jobs: int
    reports: Callable[[str], Reports]


class Memory(NamedTuple):
    """What was remembered before the poll; `known` answers for the ids of the harvest."""

    server: ServerState
    jobs: Mapping[Key, JobState]
    known: Mapping[str, Known]


class Change(NamedTuple):
    """What one poll changes. `remembered` are new or revised sessions of the window of memory."""

    server: ServerState
    jobs: dict[Key, JobState]
    dropped: tuple[Key, ...]
    remembered: list[tuple[str, Known]]
    counted: int
    dropped_jobs: int


def absorb(memory: Memory, harvest: Harvest, policy: Policy, moment: Moment) -> Change:
    """What is true after a complete poll."""
    state = _locate(memory.server, moment)
    jobs, noticed = memory.jobs, moment.noticed
    news = sort_news(state, memory.known, harvest, moment)
    changed, beyond = _update_jobs(jobs, news.by_job, harvest, policy, noticed)
    dropped = _gone(jobs, changed, harvest, policy, noticed)
    for key in dropped:
        changed.pop(key, None)
    floor = _next_floor(state, policy, moment)
    server = msgspec.structs.replace(
        state,
        cursor=noticed,
        absorbed=moment.now,
        floor=floor,
        open=_next_open(state, harvest, news.open_sessions),
        unknown_values=add(state.unknown_values, news.unknown_values),
        durations=_observe(state.durations, news.by_job, changed),
    )
    return Change(
        server,
        changed,
        dropped,
        remembered=[item for item in news.remembered if item[1].ended >= floor],
        counted=sum(len(news.by_job[key].counted) for key in changed if key in news.by_job),
        dropped_jobs=beyond,
    )


def _locate(state: ServerState, moment: Moment) -> ServerState:
    """Fix, at the first complete poll, by the server's clock since when sessions count.

    A `Date` header has whole seconds, so a difference below two seconds means equal clocks.
    """
    if state.counted_from is not None:
        return state
    offset = moment.offset if abs(moment.offset) >= SAME_CLOCK else 0.0
    return msgspec.structs.replace(
        state, counted_from=state.baseline + offset, offset=moment.offset
    )


def _next_floor(state: ServerState, policy: Policy, moment: Moment) -> float:
    """Memory is shortened by as much time as really passed, whatever a clock that jumps says."""
    target = moment.noticed - max(RETENTION, 2 * policy.overlap)
    if state.absorbed is None:
        return target
    return max(state.floor, min(target, state.floor + max(0.0, moment.now - state.absorbed)))


def _next_open(
    state: ServerState, harvest: Harvest, open_sessions: Mapping[str, OpenSession]
) -> dict[str, OpenSession]:
    """Open sessions of this poll, and those that it told nothing about."""
    told = {session.id for session in harvest.sessions}.union(harvest.gone)
    untold = {id_: item for id_, item in state.open.items() if id_ not in told}
    return {**untold, **open_sessions}


def _observe(
    durations: Mapping[str, DurationCounts],
    by_job: Mapping[Key, News],
    changed: Mapping[Key, JobState],
) -> Mapping[str, DurationCounts]:
    for key in changed:
        durations = (
            durations
            if key.session_type in durations
            else {**durations, key.session_type: counting.NO_DURATIONS}
        )
    for key, job in by_job.items():
        if job.counted and key in changed:
            durations = counting.observe(durations, key.session_type, job.counted)
    return durations


def _update_jobs(
    jobs: Mapping[Key, JobState],
    by_job: Mapping[Key, News],
    harvest: Harvest,
    policy: Policy,
    noticed: float,
) -> tuple[dict[Key, JobState], int]:
    """Every job state that changed, and how many jobs were left out because of `max_jobs`."""
    facts = {job.id: job for job in harvest.jobs}
    wanted = {key: jobs.get(key) for key in _keys(jobs, by_job, harvest, facts)}
    new = sorted(key for key, before in wanted.items() if before is None)
    admitted, beyond = _admit(jobs, new, policy.max_jobs)
    changed = {}
    for key, before in wanted.items():
        if before is None and key.job_id not in admitted:
            continue
        if before is not None and key not in by_job and _settled(before, key, facts, harvest):
            continue
        job_news = by_job.get(key, NO_NEWS)
        base = before or _new_job(key, job_news, facts.get(key.job_id), policy, noticed)
        after = _apply(base, key, job_news, facts.get(key.job_id), harvest)
        if after != before:
            changed[key] = after
    return changed, beyond


NO_NEWS = News()


def _settled(state: JobState, key: Key, facts: Mapping[str, Job], harvest: Harvest) -> bool:
    """Whether a job without news stays exactly as it is: the common case, and a cheap answer."""
    if key.job_id not in facts:
        return not harvest.job_list
    same = facts[key.job_id] == state.job
    return same and (not harvest.job_list or (state.listed and state.missing == 0))


def _keys(
    jobs: Mapping[Key, JobState],
    by_job: Mapping[Key, News],
    harvest: Harvest,
    facts: Mapping[str, Job],
) -> Iterable[Key]:
    """The jobs this poll says something about: known ones, listed ones, those with new sessions.

    A job that is not in the product's complete list and of which only old sessions are left was
    deleted before we came: it gets no series.
    """
    yield from jobs
    if harvest.job_list:
        for job in harvest.jobs:
            for session_type in job.session_types:
                yield Key(job.id, session_type)
    for key, job_news in by_job.items():
        deleted = (
            harvest.job_list
            and key.session_type in harvest.listed_types
            and key.job_id not in facts
            and not job_news.counted
            and not job_news.open
        )
        if not deleted and (job_news.runs or job_news.open):
            yield key


def _admit(jobs: Mapping[Key, JobState], new: list[Key], max_jobs: int) -> tuple[set[str], int]:
    """Job ids that may have series: those that have, then new ones in the order of their ids."""
    admitted = {key.job_id for key in jobs}
    beyond = set()
    for key in new:
        if key.job_id in admitted or len(admitted) < max_jobs:
            admitted.add(key.job_id)
        else:
            beyond.add(key.job_id)
    return admitted, len(beyond)


def _new_job(
    key: Key, job_news: News, facts: Job | None, policy: Policy, noticed: float
) -> JobState:
    """A job at its first sight: first seen as early as its sessions show, all sums at 0."""
    reports = policy.reports(key.session_type)
    starts = [run.started for run in job_news.runs if run.started is not None]
    starts += [session.started for session in job_news.open if session.started is not None]
    return JobState(
        job=facts or Job(key.job_id, job_news.name()),
        first_seen=min([noticed, *starts]),
        active=0.0 if job_news.runs or job_news.open else noticed,
        totals=counting.zero(reports),
        bottlenecks=reports.bottlenecks,
    )


def _apply(
    state: JobState, key: Key, job_news: News, facts: Job | None, harvest: Harvest
) -> JobState:
    """A job after what this poll told of it."""
    window, fold = state.runs, state.fold
    if job_news.runs:
        window, fold = runs.remember(window, fold, job_news.runs)
    listed = harvest.job_list and facts is not None
    return msgspec.structs.replace(
        state,
        job=facts or _renamed(state.job, job_news.name()),
        runs=window,
        fold=fold,
        totals=counting.count(state.totals, job_news.counted) if job_news.counted else state.totals,
        active=max(state.active, job_news.active()),
        listed=state.listed or listed,
        missing=_missing(state, key, facts, harvest),
    )


def _renamed(job: Job, name: str) -> Job:
    return msgspec.structs.replace(job, name=name) if name and name != job.name else job


def _missing(state: JobState, key: Key, facts: Job | None, harvest: Harvest) -> int:
    """How many complete job lists in a row have not named the job."""
    if not harvest.job_list or not key.job_id:
        return state.missing
    if facts is not None:
        return 0
    covered = state.listed or key.session_type in harvest.listed_types
    return min(state.missing + 1, DROP_AFTER_LISTS) if covered else 0


def _gone(
    jobs: Mapping[Key, JobState],
    changed: Mapping[Key, JobState],
    harvest: Harvest,
    policy: Policy,
    noticed: float,
) -> tuple[Key, ...]:
    """Jobs that lose their series: deleted at the product, or silent for too long."""
    listed = {job.id for job in harvest.jobs} if harvest.job_list else set()
    busy = {
        (session.job_id, session.session_type)
        for session in harvest.sessions
        if session.result is None
    }
    gone = []
    for key in jobs:
        state = changed.get(key, jobs[key])
        silent = noticed - state.active > policy.forget_after and key.job_id not in listed
        if (state.missing >= DROP_AFTER_LISTS or silent) and key not in busy:
            gone.append(key)
    return tuple(gone)
