"""What the words and times of a session in Azure mean to us. Pure; sends nothing."""

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import TypeAlias

import msgspec

from exporter.config.values import ServerConfig
from exporter.model import NO_STATISTICS, Reports, Result, Session, State
from exporter.rest.text import one_line
from exporter.sources.azure.wire import AnySessionRow, Moment
from exporter.sources.azure.words import (
    NEVER_EXECUTED,
    PLAIN_STATUSES,
    RUNNING,
    SESSION_TYPES,
    STATUSES,
    TYPES,
    UNKNOWN_TYPE,
    Status,
)
from exporter.sources.times import EARLIEST, LATEST, seconds_of, time_span, timestamp
from exporter.sources.words import LONGEST_WORD

DEFAULT_TYPES = SESSION_TYPES
"""Every type: a failed restore or retention is worth an alert as well, and each type has series of
its own, so that whoever does not want one excludes it."""

LONGEST_NAME = 256

LONGEST_DURATION = 10 * 366 * 86400.0
"""Seconds; what is said to have lasted longer than ten years has told no duration."""

# Members of an enumeration are looked up slowly; these are compared for every row.
_FINISHED, _UNKNOWN = State.FINISHED, Result.UNKNOWN

_NO_REPORTS = Reports()
_WITH_RATES = Reports(totals=frozenset({"transferred_bytes"}))


def reports(_session_type: str) -> Reports:
    """Nothing but durations: a session tells neither sizes nor bottlenecks."""
    return _NO_REPORTS


def reports_with_options(config: ServerConfig, session_type: str) -> Reports:
    """With `session_rates` also what was transferred, which is asked for session by session."""
    return _WITH_RATES if config.options.get("session_rates") else reports(session_type)


Job: TypeAlias = tuple[str, str]
"""Id and name of the policy or repository of a session. A plain tuple is taken apart fastest."""

_NO_JOB = ("", "")


_SETTLED: Mapping[str | None, Result | None] = {
    word: status.result for word, status in PLAIN_STATUSES.items()
}


def normalise(
    rows: Iterable[AnySessionRow], policy_types: MutableMapping[str, str]
) -> list[Session]:
    """The sessions among `rows`, without those that never ran.

    The type of each policy that they name is noted in `policy_types` by its id. A plain finished
    session, which nearly every row of a history is, is made here without further calls.
    """
    met: dict[str | None, Job] = {}  # the policies of this page, so that each is looked at once
    sessions: list[Session] = []
    for row in rows:
        policy, result = row.backup_job_info, _SETTLED.get(row.status)
        job = None if policy is None else met.get(policy.policy_id)
        if job is None:
            job = _meet(row, policy_types, met)
        start, stop = row.execution_start_time, row.execution_stop_time
        if (
            result is not None
            and isinstance(start, datetime)
            and isinstance(stop, datetime)
            and (session_type := TYPES[row.type])
        ):
            job_id, name = job
            started, ended = start.timestamp(), stop.timestamp()
            if EARLIEST < started <= ended < LATEST:
                sessions.append(
                    Session(row.id, job_id, name, session_type, _FINISHED, result, started, ended)
                )
                continue
        status = STATUSES[row.status]
        if status is not NEVER_EXECUTED:
            sessions.append(_session(row, job, status))
    return sessions


def _meet(
    row: AnySessionRow,
    policy_types: MutableMapping[str, str],
    met: MutableMapping[str | None, Job],
) -> Job:
    """The job of a session, remembered in `met` where it is a policy."""
    policy, job = row.backup_job_info, _find_job(row, policy_types)
    if policy is not None and policy.policy_id:
        met[policy.policy_id] = job
    return job


def _find_job(row: AnySessionRow, policy_types: MutableMapping[str, str]) -> Job:
    """The policy, or else the repository, of a session.

    Restores and retention name neither by an id, so they are runs of their own.
    """
    for policy in (row.backup_job_info, row.health_check_job_info):
        if policy is not None and policy.policy_id:
            if policy.policy_type:
                policy_types[policy.policy_id] = policy.policy_type
            return policy.policy_id, one_line(policy.policy_name or "", LONGEST_NAME)
    repository = row.repository_job_info
    if repository is not None and repository.repository_id not in (None, ""):
        name = one_line(repository.repository_name or "", LONGEST_NAME)
        return str(repository.repository_id), name
    return _NO_JOB


def _session(row: AnySessionRow, job: Job, status: Status) -> Session:
    started, ended = _moment(row.execution_start_time), _moment(row.execution_stop_time)
    job_id, job_name = job
    state, result = status
    session_type = TYPES[row.type]
    unknown: tuple[str, ...] = ()
    if result is _UNKNOWN or not session_type:
        unknown = _unknown(status, session_type)
        session_type = session_type or one_line(row.type or UNKNOWN_TYPE, LONGEST_WORD)
        if "status" in unknown and ended is None:
            state, result = RUNNING  # followed until it has an end or a word that we know
    if state is not _FINISHED:
        ended = None
    elif ended is None or (started is not None and ended < started):
        ended = _end_by_duration(started, row.execution_duration)
    return Session(
        row.id,
        job_id,
        job_name,
        session_type,
        state,
        result,
        started,
        ended,
        NO_STATISTICS,
        "",
        unknown,
    )


def _unknown(status: Status, session_type: str) -> tuple[str, ...]:
    """The fields of a row whose word is in no table."""
    checks = (("status", status is STATUSES.unknown), ("session_type", not session_type))
    return tuple(field for field, strange in checks if strange)


def _moment(told: datetime | str | None) -> float | None:
    """Seconds since the epoch, the same for a text as if it had been read with its page.

    Seven digits of a second are rounded there, and cut off by `timestamp`, which reads the rest.
    """
    try:
        moment: datetime | None = msgspec.convert(told, Moment)
    except msgspec.ValidationError:
        return timestamp(told) if isinstance(told, str) else None
    return None if moment is None else seconds_of(moment)


def _end_by_duration(started: float | None, duration: str | float | None) -> float | None:
    """When a finished session ended that tells no end, or an impossible one.

    Only then the duration that the server tells plays a part.
    """
    lasted = _seconds(duration)
    if started is None or lasted is None or not 0 <= lasted <= LONGEST_DURATION:
        return None
    return round(started + lasted, 6)


def _seconds(duration: str | float | None) -> float | None:
    """A duration in seconds: early documents announce milliseconds, their samples time spans."""
    return duration / 1000 if isinstance(duration, int | float) else time_span(duration)
