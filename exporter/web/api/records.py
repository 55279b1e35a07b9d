"""Servers, jobs and sessions as JSON records. Pure functions.

Every record has every field; what is not known is null, never 0. Times are RFC 3339 in UTC. The
comments of the fields are the descriptions in the published schema.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.model import Result, Session, State, Statistics
from exporter.view import JobView, Run, ServerView
from exporter.web.api.parameters import Wishes
from exporter.web.standing import Standing, is_overdue, standings
from exporter.web.words import calendar

Seconds = Annotated[float, Meta(description="Seconds.")]


class ServerRecord(msgspec.Struct, frozen=True):
    """One configured server and its health."""

    name: str
    product: str
    product_version: str | None
    api_version: str | None
    up: Annotated[bool, Meta(description="Whether the last poll was complete.")]
    last_error: Annotated[str | None, Meta(description="Why the last poll was not complete.")]
    last_poll: datetime | None
    last_successful_poll: datetime | None
    next_poll: datetime | None
    poll_interval_seconds: Seconds
    data_time: Annotated[
        datetime | None, Meta(description="How fresh the server's own data is, if it is a cache.")
    ]
    jobs: Annotated[int, Meta(description="Jobs and session types that are known.")]
    open_sessions: int
    dropped_jobs: Annotated[int, Meta(description="Jobs beyond the configured maximum.")]
    endpoints: Annotated[
        Mapping[str, bool], Meta(description="Whether the last call of each endpoint worked.")
    ]
    tls_verified: bool | None
    certificate_expiry: datetime | None


class SessionRecord(msgspec.Struct, frozen=True):
    """One session, open or finished. Statistics are kept of the newest ones only."""

    server: str
    job_id: Annotated[str, Meta(description="Empty for a session that belongs to no job.")]
    job_name: str
    session_type: Annotated[str, Meta(description="In the product's own words.")]
    id: str
    state: State
    result: Annotated[Result | None, Meta(description="Null while the session is open.")]
    started: datetime | None
    ended: datetime | None
    duration_seconds: float | None
    message: str
    statistics: Annotated[
        Statistics, Meta(description="Only what the product reported; the rest is left out.")
    ]


class JobRecord(msgspec.Struct, frozen=True):
    """One job and session type. What it does now is null when that was not heard for too long."""

    server: str
    job_id: str
    job_name: str
    session_type: Annotated[str, Meta(description="In the product's own words.")]
    organization: str
    backup_server: str
    repository: str
    policy_type: str
    enabled: bool | None
    next_run: datetime | None
    first_seen: datetime | None
    last_success: Annotated[datetime | None, Meta(description="Null: never.")]
    objective_max_age_seconds: Annotated[
        float | None, Meta(description="How old the last success may be.")
    ]
    overdue: Annotated[
        bool | None, Meta(description="Whether it is older than that; null without an objective.")
    ]
    consecutive_failures: int
    running_sessions: int | None
    queued_sessions: int | None
    running_session_start: datetime | None
    progress_ratio: Annotated[
        float | None, Meta(description="0 to 1, where the product reports a percentage.")
    ]
    last_session: SessionRecord | None


class ServerList(msgspec.Struct, frozen=True):
    """Every configured server, in configured order."""

    servers: Sequence[ServerRecord]


class JobList(msgspec.Struct, frozen=True):
    """Jobs, in the order of their servers and ids; `total` counts all that match."""

    total: int
    jobs: Sequence[JobRecord]


class SessionList(msgspec.Struct, frozen=True):
    """Open sessions, then finished ones by their end, newest first; `total` counts all."""

    total: int
    sessions: Sequence[SessionRecord]


def server_list(servers: Iterable[ServerView]) -> ServerList:
    """The records of these servers."""
    return ServerList(tuple(map(_server, servers)))


def _server(view: ServerView) -> ServerRecord:
    info = view.info
    return ServerRecord(
        name=view.name,
        product=view.product,
        product_version=(info.product_version or None) if info else None,
        api_version=(info.api_version or None) if info else None,
        up=view.up,
        last_error=view.last_error or None,
        last_poll=calendar(view.last_poll),
        last_successful_poll=calendar(view.last_successful_poll),
        next_poll=calendar(view.next_poll),
        poll_interval_seconds=view.poll_interval,
        data_time=calendar(view.data_time),
        jobs=len(view.jobs),
        open_sessions=view.open_sessions,
        dropped_jobs=view.dropped_jobs,
        endpoints=view.endpoints,
        tls_verified=view.tls_verified,
        certificate_expiry=calendar(view.certificate_expiry),
    )


def wanted_servers(servers: Iterable[ServerView], wishes: Wishes) -> Iterator[ServerView]:
    """Those that are asked for."""
    return (view for view in servers if not wishes.server or view.name in wishes.server)


def job_list(servers: Iterable[ServerView], wishes: Wishes, now: float) -> JobList:
    """The jobs that are asked for."""
    found = [
        job
        for job in standings(wanted_servers(servers, wishes), now)
        if wishes.job_id in (None, job.job.job_id)
        and (not wishes.result or job.result in wishes.result)
    ]
    part = found[wishes.offset : wishes.offset + wishes.limit]
    return JobList(len(found), [_job(job, now) for job in part])


def _job(standing: Standing, now: float) -> JobRecord:
    job, identity, activity = standing.job, standing.identity, standing.job.now
    objective = job.objective_max_age
    return JobRecord(
        server=standing.server,
        job_id=job.job_id,
        job_name=job.job_name,
        session_type=job.session_type,
        organization=identity.organization,
        backup_server=identity.backup_server,
        repository=identity.repository,
        policy_type=identity.policy_type,
        enabled=identity.enabled,
        next_run=calendar(identity.next_run),
        first_seen=calendar(job.first_seen),
        last_success=calendar(job.last_success or None),
        objective_max_age_seconds=objective,
        overdue=None if objective is None else is_overdue(job, now),
        consecutive_failures=job.consecutive_failures,
        running_sessions=activity.running if activity else None,
        queued_sessions=activity.queued if activity else None,
        running_session_start=calendar(activity.oldest_start) if activity else None,
        progress_ratio=activity.oldest.progress_ratio if activity else None,
        last_session=_finished(standing.server, job, job.last) if job.last else None,
    )


def session_list(servers: Iterable[ServerView], wishes: Wishes) -> SessionList:
    """The newest sessions that are asked for."""
    found = list(_places(wanted_servers(servers, wishes), wishes))
    newest = heapq.nlargest(wishes.limit, found, key=lambda place: place[0])
    return SessionList(len(found), [_record(*place[1:]) for place in newest])


Place = tuple[tuple[bool, float], str, JobView, Run | Session]
"""A session with its age: open ones by their start, before finished ones by their end."""


def _places(servers: Iterable[ServerView], wishes: Wishes) -> Iterator[Place]:
    since = float("-inf") if wishes.since is None else wishes.since
    for view in servers:
        for job in view.jobs:
            if wishes.job_id not in (None, job.job_id):
                continue
            for session in job.now.open if job.now else ():
                if not wishes.result or session.state in wishes.result:
                    yield (True, session.started or float("inf")), view.name, job, session
            for run in job.runs:
                if run.ended >= since and (not wishes.result or run.result in wishes.result):
                    yield (False, run.ended), view.name, job, run


def _record(server: str, job: JobView, session: Run | Session) -> SessionRecord:
    if isinstance(session, Run):
        return _finished(server, job, session)
    return SessionRecord(
        server=server,
        job_id=job.job_id,
        job_name=job.job_name,
        session_type=job.session_type,
        id=session.id,
        state=session.state,
        result=None,
        started=calendar(session.started),
        ended=None,
        duration_seconds=None,
        message=session.message,
        statistics=session.statistics,
    )


def _finished(server: str, job: JobView, run: Run) -> SessionRecord:
    return SessionRecord(
        server=server,
        job_id=job.job_id,
        job_name=job.job_name,
        session_type=job.session_type,
        id=run.id,
        state=State.FINISHED,
        result=run.result,
        started=calendar(run.started),
        ended=calendar(run.ended),
        duration_seconds=run.duration,
        message=run.message,
        statistics=run.statistics,
    )
