"""From what is remembered to what is shown: one frozen view of a server. Pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec

from exporter.config.values import ServerConfig
from exporter.ledger import counting, runs
from exporter.ledger.state import DurationCounts, JobState, Key, Operations, ServerState
from exporter.model import NO_STATISTICS, OpenSession, Reports, Session, State
from exporter.view import (
    DURATION_BUCKETS,
    HistogramView,
    JobIdentity,
    JobNow,
    JobView,
    ServerView,
    Totals,
)

UNKNOWN_FIELDS = ("status", "session_type", "bottleneck", "session")
"""Where a word that we do not know, or a row that cannot be read, may turn up; seeded with 0."""

MOST_OPEN = 30
"""So many open sessions of a job are shown one by one: restores may be many at a time."""
POLLING = "polling"
"""The name under which the counters that every server has are announced together: they are there
from the first page on, so that even a first poll that fails is an increase."""

IDLE = JobNow()
"""Most jobs, most of the time."""


class Subject(NamedTuple):
    """A configured server as the ledger needs to know it.

    `admits` tells of a job's name and a session type whether the configuration wants to see it,
    `max_age` which objective it has.
    """

    config: ServerConfig
    reports: Callable[[str], Reports]
    max_age: Callable[[str, str], float | None]
    admits: Callable[[str, str], bool]


def server_view(
    subject: Subject,
    state: ServerState,
    jobs: Mapping[Key, JobState],
    generation: int,
    now: float,
) -> ServerView:
    """What is said of a server at `now`, by our clock.

    Facts about the past stay; claims about now are left out when the last complete poll is older
    than `stale_after`.
    """
    config = subject.config
    # A clock that was set back must not keep claims alive for as long as it was set back.
    fresh = state.absorbed is not None and abs(now - state.absorbed) <= config.stale_after
    shown = {key: job for key, job in sorted(jobs.items()) if _is_admitted(subject, key, job)}
    polling = state.operations if POLLING in state.announced else Operations()
    open_by_job = _by_job(state.open.values())
    return ServerView(
        name=config.name,
        product=config.product,
        generation=generation,
        poll_interval=config.poll_interval,
        polls=polling.polls,
        failures=polling.failures,
        requests=_zero_first(state, "code", state.operations.requests),
        logons=polling.logons,
        open_sessions=len(state.open),
        unknown_values=_zero_first(state, "field", _unknown_values(state)),
        durations=_durations(state, jobs, shown),
        identities=_identities(shown, fresh),
        jobs=tuple(
            _job_view(subject, key, job, open_by_job.get(key, ()) if fresh else None)
            for key, job in shown.items()
        ),
        **msgspec.structs.asdict(state.observed),  # the two share their names and meanings
    )


def _is_admitted(subject: Subject, key: Key, job: JobState) -> bool:
    return subject.admits(job.job.name, key.session_type)


def server_series(state: ServerState) -> set[str]:
    """Names of the server-wide counters that must be seen at 0 before they grow."""
    codes = {f"code:{code}" for code in state.operations.requests}
    fields = {f"field:{field}" for field in _unknown_values(state)}
    types = {f"type:{name}" for name in state.durations}
    return {POLLING, *codes, *fields, *types}


def _unknown_values(state: ServerState) -> dict[str, int]:
    return {**dict.fromkeys(UNKNOWN_FIELDS, 0), **state.unknown_values}


def _durations(
    state: ServerState, jobs: Mapping[Key, JobState], shown: Mapping[Key, JobState]
) -> dict[str, HistogramView]:
    """The histogram of each type, but for types of which the configuration shows no job."""
    hidden = _types(jobs) - _types(shown)
    return {
        name: _histogram(counts if f"type:{name}" in state.announced else counting.NO_DURATIONS)
        for name, counts in state.durations.items()
        if name not in hidden
    }


def _types(jobs: Iterable[Key]) -> set[str]:
    return {key.session_type for key in jobs}


def _zero_first(state: ServerState, kind: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name: count if f"{kind}:{name}" in state.announced else 0 for name, count in counts.items()
    }


def _histogram(counts: DurationCounts) -> HistogramView:
    return HistogramView(DURATION_BUCKETS, tuple(accumulate(counts.counts)), counts.sum)


def _by_job(items: Iterable[OpenSession]) -> dict[Key, list[Session]]:
    sessions: dict[Key, list[Session]] = {}
    for item in items:
        session = item.session
        sessions.setdefault(Key(session.job_id, session.session_type), []).append(session)
    return sessions


def _identities(jobs: Mapping[Key, JobState], fresh: bool) -> tuple[JobIdentity, ...]:
    """One for each job id; where its session types disagree the most recently active speaks."""
    speakers: dict[str, JobState] = {}
    for key, state in jobs.items():
        before = speakers.get(key.job_id)
        if key.job_id and (before is None or state.active > before.active):
            speakers[key.job_id] = state
    return tuple(
        JobIdentity(
            job_id=job.id,
            job_name=job.name,
            organization=job.organization,
            backup_server=job.backup_server,
            repository=job.repository,
            policy_type=job.policy_type,
            enabled=job.enabled if fresh else None,
            next_run=job.next_run if fresh else None,
        )
        for job in (state.job for state in speakers.values())
    )


def _job_view(
    subject: Subject, key: Key, state: JobState, open_sessions: Sequence[Session] | None
) -> JobView:
    ends = runs.result_ends(state.runs, state.fold)
    return JobView(
        job_id=key.job_id,
        job_name=state.job.name,
        session_type=key.session_type,
        first_seen=state.first_seen,
        totals=state.totals if state.announced else _zeros(state.totals),
        last_success=runs.last_success(ends, subject.config.success_results),
        last_result_ends=ends,
        consecutive_failures=runs.consecutive_failures(state.runs, state.fold),
        objective_max_age=subject.max_age(state.job.name, key.session_type),
        last=state.runs[-1] if state.runs else None,
        runs=state.runs,
        now=None if open_sessions is None else _now(open_sessions),
        bottlenecks=subject.reports(key.session_type).bottlenecks,
    )


def _zeros(totals: Totals) -> Totals:
    """The same series as the totals have, all at 0."""
    told = frozenset(name for name in counting.SUMS if getattr(totals, name) is not None)
    bottlenecks = None if totals.bottlenecks is None else tuple(totals.bottlenecks)
    return counting.zeros(tuple(totals.finished), told, bottlenecks)


def _now(sessions: Sequence[Session]) -> JobNow:
    """What a job's open sessions are doing; the oldest running one speaks for progress."""
    if not sessions:
        return IDLE
    by_age = sorted(sessions, key=_start)
    running = [session for session in by_age if session.state is State.RUNNING]
    queued = sum(session.state is State.QUEUED for session in sessions)
    newest = tuple(by_age[-MOST_OPEN:])
    if not running:
        return JobNow(queued=queued, open=newest)
    oldest = running[0]
    return JobNow(len(running), queued, oldest.started, oldest.statistics or NO_STATISTICS, newest)


def _start(session: Session) -> float:
    """Sessions whose start is unknown count as the newest."""
    return float("inf") if session.started is None else session.started
