"""Which jobs a server has, and what one poll changes of each of them. Pure functions."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from exporter.ledger import counting, runs
from exporter.ledger.news import News
from exporter.ledger.state import JobState, Key
from exporter.model import Harvest, Job, Reports

DROP_AFTER_LISTS = 2
"""A job is gone when so many complete job lists in a row did not name it."""

NO_NEWS = News()


class Policy(NamedTuple):
    """What the configuration and the product say about remembering. Durations are seconds."""

    overlap: float
    forget_after: float
    max_jobs: int
    reports: Callable[[str], Reports]


class Sight(NamedTuple):
    """What one poll saw of the jobs.

    `facts` are the listed jobs by id, `noticed` the server's time, `steady` that time as far as a
    clock that was just set ahead does not exaggerate it.
    """

    by_job: Mapping[Key, News]
    harvest: Harvest
    facts: Mapping[str, Job]
    noticed: float
    steady: float


def update(
    jobs: Mapping[Key, JobState], sight: Sight, policy: Policy
) -> tuple[dict[Key, JobState], int]:
    """Every job state that changed, and how many jobs were left out because of `max_jobs`."""
    wanted = {key: jobs.get(key) for key in _keys(jobs, sight)}
    new = sorted(key for key, before in wanted.items() if before is None)
    admitted = _admit(jobs, new, policy.max_jobs)
    changed = {}
    for key, before in wanted.items():
        if before is None and key.job_id not in admitted:
            continue
        if before is not None and key not in sight.by_job and _settled(before, key, sight):
            continue
        after = _apply(before or _new_job(key, sight, policy), key, sight)
        if after != before:
            changed[key] = after
    return changed, _beyond(admitted, new, sight, policy.max_jobs)


def gone(
    jobs: Mapping[Key, JobState], changed: Mapping[Key, JobState], sight: Sight, policy: Policy
) -> tuple[Key, ...]:
    """Jobs that lose their series: deleted at the product, or silent for too long.

    A job with an open session, or whose last one was counted just now, stays for this poll: its
    last numbers are to be seen once.
    """
    return tuple(
        key
        for key in jobs
        if _is_over(changed.get(key, jobs[key]), key, sight, policy)
        and not _is_busy(sight.by_job.get(key, NO_NEWS))
    )


def _is_over(state: JobState, key: Key, sight: Sight, policy: Policy) -> bool:
    if state.missing >= DROP_AFTER_LISTS:
        return True
    listed = sight.harvest.job_list and key.job_id in sight.facts
    return not listed and sight.steady - state.active > policy.forget_after


def _is_busy(job_news: News) -> bool:
    return bool(job_news.open or job_news.counted)


def _settled(state: JobState, key: Key, sight: Sight) -> bool:
    """Whether a job without news stays exactly as it is: the common case, and a cheap answer."""
    if key.job_id not in sight.facts:
        return not sight.harvest.job_list
    same = sight.facts[key.job_id] == state.job
    return same and (not sight.harvest.job_list or (state.listed and state.missing == 0))


def _keys(jobs: Mapping[Key, JobState], sight: Sight) -> Iterable[Key]:
    """The jobs this poll says something about: known ones, listed ones, those with new sessions.

    A deleted job of which only old sessions are left gets no series.
    """
    yield from jobs
    if sight.harvest.job_list:
        for job in sight.harvest.jobs:
            for session_type in job.session_types:
                yield Key(job.id, session_type)
    for key, job_news in sight.by_job.items():
        if _is_busy(job_news) or (job_news.runs and not _is_deleted(key, sight)):
            yield key


def _is_deleted(key: Key, sight: Sight) -> bool:
    """Whether a complete list that would name the job does not."""
    return _is_covered(key, sight) and bool(key.job_id) and key.job_id not in sight.facts


def _admit(jobs: Mapping[Key, JobState], new: list[Key], max_jobs: int) -> set[str]:
    """Job ids that may have series: those that have, then new ones in the order of their ids."""
    admitted = {key.job_id for key in jobs}
    for key in new:
        if len(admitted) < max_jobs:
            admitted.add(key.job_id)
    return admitted


def _beyond(admitted: set[str], new: list[Key], sight: Sight, max_jobs: int) -> int:
    """How many jobs this poll showed that have no series, whether or not they brought news."""
    if len(admitted) < max_jobs:
        return 0
    shown = {Key(session.job_id, session.session_type) for session in sight.harvest.sessions}
    seen = {key.job_id for key in shown.union(new) if not _is_deleted(key, sight)}
    return len(seen - admitted)


def _new_job(key: Key, sight: Sight, policy: Policy) -> JobState:
    """A job at its first sight: first seen as early as its sessions show, all sums at 0."""
    job_news = sight.by_job.get(key, NO_NEWS)
    starts = [run.started for run in job_news.runs if run.started is not None]
    starts += [session.started for session in job_news.open if session.started is not None]
    return JobState(
        job=sight.facts.get(key.job_id) or Job(key.job_id, job_news.name()),
        first_seen=min([sight.noticed, *starts]),
        active=0.0 if job_news.runs or job_news.open else sight.noticed,
        totals=counting.zero(policy.reports(key.session_type)),
    )


def _apply(state: JobState, key: Key, sight: Sight) -> JobState:
    """A job after what this poll told of it."""
    job_news, facts = sight.by_job.get(key, NO_NEWS), sight.facts.get(key.job_id)
    window, fold = state.runs, state.fold
    if job_news.runs:
        window, fold = runs.remember(window, fold, job_news.runs)
    return msgspec.structs.replace(
        state,
        job=facts or _renamed(state.job, job_news.name(since=state.active)),
        runs=window,
        fold=fold,
        totals=counting.count(state.totals, job_news.counted) if job_news.counted else state.totals,
        active=max(state.active, job_news.active()),
        listed=state.listed or _is_listed(key, sight),
        missing=_missing(state, key, sight),
    )


def _is_listed(key: Key, sight: Sight) -> bool:
    """Whether the product's list names the job; facts of other types come from their sessions."""
    return _is_covered(key, sight) and key.job_id in sight.facts


def _is_covered(key: Key, sight: Sight) -> bool:
    """Whether the jobs of this type are known from a list, of this poll or of one before."""
    harvest = sight.harvest
    known = key.session_type in harvest.listed_types or key.session_type in harvest.kept_types
    return harvest.job_list and known


def _renamed(job: Job, name: str) -> Job:
    return msgspec.structs.replace(job, name=name) if name and name != job.name else job


def _missing(state: JobState, key: Key, sight: Sight) -> int:
    """How many complete job lists in a row have not named the job."""
    if not sight.harvest.job_list or not key.job_id:
        return state.missing
    if key.job_id in sight.facts:
        return 0
    if key.session_type in sight.harvest.kept_types:
        return state.missing
    covered = state.listed or key.session_type in sight.harvest.listed_types
    return min(state.missing + 1, DROP_AFTER_LISTS) if covered else 0
