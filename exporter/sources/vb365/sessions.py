"""What the words and figures of a VB365 session mean to us. Pure; sends nothing."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from exporter.model import (
    Bottleneck,
    Reports,
    Result,
    Session,
    State,
    Statistics,
)
from exporter.rest.text import one_line
from exporter.sources.times import timestamp
from exporter.sources.vb365.wire import RestoreRow, RetrievalRow, SessionRow, StatisticsRow
from exporter.sources.words import LONGEST_WORD, WordTable

BACKUP, COPY, RESTORE, RETRIEVAL = "Backup", "Copy", "Restore", "DataRetrieval"
DEFAULT_TYPES = frozenset({BACKUP, COPY})

LONGEST_MESSAGE = 500


class Status(NamedTuple):
    """What a word of `status` says."""

    state: State
    result: Result | None


# Members of an enumeration are looked up slowly; these are compared for every row.
_FINISHED, _UNKNOWN, _STRANGE_BOTTLENECK = State.FINISHED, Result.UNKNOWN, Bottleneck.UNKNOWN

_OPEN = Status(State.RUNNING, None)
_STRANGE = Status(_FINISHED, _UNKNOWN)

STATUSES = WordTable(
    "status",
    {
        "Running": _OPEN,
        "Disconnected": _OPEN,
        "Updating": _OPEN,
        "Queued": Status(State.QUEUED, None),
        "Success": Status(State.FINISHED, Result.SUCCESS),
        "Warning": Status(State.FINISHED, Result.WARNING),
        "Failed": Status(State.FINISHED, Result.FAILED),
        "Stopped": Status(State.FINISHED, Result.CANCELED),
        "NotConfigured": Status(State.FINISHED, Result.UNKNOWN),
    },
    unknown=_STRANGE,
)
RESTORE_STATES = WordTable(
    "status", {"Working": _OPEN, "Stopped": Status(State.FINISHED, None)}, unknown=None
)
RESTORE_RESULTS = WordTable(
    "status",
    {"Success": Result.SUCCESS, "Warning": Result.WARNING, "Failed": Result.FAILED},
    unknown=None,
)
BOTTLENECKS = WordTable(
    "bottleneck",
    {
        "NA": Bottleneck.NONE,
        "None": Bottleneck.NONE,
        "NotDefined": Bottleneck.NONE,
        "Detecting": Bottleneck.DETECTING,
        "Source": Bottleneck.SOURCE,
        "Target": Bottleneck.TARGET,
    },
    unknown=Bottleneck.UNKNOWN,
)
JOB_TYPES = WordTable("session_type", {BACKUP: BACKUP, COPY: COPY}, unknown="")

_JOB_REPORTS = Reports(
    totals=frozenset({"transferred_bytes", "processed_items", "retries"}),
    bottlenecks=(
        Bottleneck.SOURCE,
        Bottleneck.TARGET,
        Bottleneck.NONE,
        Bottleneck.DETECTING,
        Bottleneck.UNKNOWN,
    ),
)
_REPORTS = {
    RESTORE: Reports(),
    RETRIEVAL: Reports(totals=frozenset({"processed_items"})),
}


def reports(session_type: str) -> Reports:
    """Which sums and bottlenecks sessions of this type have."""
    return _REPORTS.get(session_type, _JOB_REPORTS)


class JobName(NamedTuple):
    """What a session must know of its job: name, and type where the session does not tell."""

    id: str
    name: str
    session_type: str


def last_segment(href: str | None) -> str:
    """The id at the end of a link, in lower case; host, query and fragment play no part."""
    path = (href or "").split("?", 1)[0].split("#", 1)[0]
    return path.rstrip("/").rpartition("/")[2].lower()


def normalise(rows: Iterable[SessionRow], jobs: Mapping[str, JobName]) -> list[Session]:
    """The sessions of one page; `jobs` are known ones by lower-case id.

    Before v8 a session names its job only in a link, and before v7 its type not at all.
    """
    met: dict[str, JobName] = {}  # by the id or link as it stands in the rows of this page
    sessions = []
    for row in rows:
        links = row.links
        said = row.job_id or (links.job.href if links and links.job else None) or ""
        job = met.get(said)
        if job is None:
            job = met[said] = _find_job(last_segment(said), jobs)
        sessions.append(_session(row, job))
    return sessions


def _find_job(job_id: str, jobs: Mapping[str, JobName]) -> JobName:
    return jobs.get(job_id) or JobName(job_id, "", BACKUP)


def with_job(session: Session, job: JobName) -> Session:
    """A session of a job that was not known when the session was read.

    A type that was not told was taken for a backup's.
    """
    session_type = job.session_type if session.session_type == BACKUP else session.session_type
    return replace(session, job_name=job.name, session_type=session_type)


def _session(row: SessionRow, job: JobName) -> Session:
    started, ended = timestamp(row.creation_time), timestamp(row.end_time)
    if ended is not None and started is not None and ended < started:
        ended = None
    job_id, job_name, job_type = job
    state, result = STATUSES[row.status]
    session_type = JOB_TYPES[row.job_type] if row.job_type else job_type
    statistics = _statistics(row, row.statistics) if row.statistics else _counts(row)
    unknown: tuple[str, ...] = ()
    if result is _UNKNOWN or not session_type or statistics.bottleneck is _STRANGE_BOTTLENECK:
        unknown = _unknown(row, session_type, statistics)
        session_type = session_type or one_line(row.job_type or "", LONGEST_WORD)
        if "status" in unknown and ended is None:
            state, result = _OPEN  # followed until it has an end or a word that we know
    if state is not _FINISHED:
        ended = None
    message = one_line(row.details, LONGEST_MESSAGE) if row.details else ""
    return Session(
        row.id,
        job_id,
        job_name,
        session_type,
        state,
        result,
        started,
        ended,
        statistics,
        message,
        unknown,
    )


def _unknown(row: SessionRow, session_type: str, statistics: Statistics) -> tuple[str, ...]:
    """The fields of `row` whose word is in no table."""
    checks = (
        ("status", STATUSES[row.status] is STATUSES.unknown),
        ("session_type", not session_type),
        ("bottleneck", statistics.bottleneck is BOTTLENECKS.unknown),
    )
    return tuple(field for field, strange in checks if strange)


def _statistics(row: SessionRow, figures: StatisticsRow) -> Statistics:
    bottleneck = figures.bottleneck
    return Statistics(
        figures.transferredDataBytes,
        figures.processedObjects,
        row.progress,
        row.retry_count,
        figures.processingRateBytesPS,
        figures.readRateBytesPS,
        figures.writeRateBytesPS,
        figures.processingRateItemsPS,
        None,
        BOTTLENECKS[bottleneck] if bottleneck is not None else None,
    )


def _counts(row: SessionRow) -> Statistics:
    return Statistics(processed_objects=row.progress, retries=row.retry_count)


def normalise_restores(rows: Iterable[RestoreRow]) -> list[Session]:
    """Restore sessions: `state` says whether one is over, `result` how."""
    return [_restore(row) for row in rows]


def normalise_retrievals(rows: Iterable[RetrievalRow]) -> list[Session]:
    """Data retrieval sessions, with the statuses of job sessions."""
    return [_retrieval(row) for row in rows]


def _restore(row: RestoreRow) -> Session:
    session = _jobless(row, RESTORE, RESTORE_STATES[row.state])
    if session.state is State.FINISHED and session.result is None:
        result = RESTORE_RESULTS[row.result]
        session = replace(
            session, result=result or Result.UNKNOWN, unknown=("status",) if result is None else ()
        )
    return replace(session, message=one_line(row.details or "", LONGEST_MESSAGE))


def _retrieval(row: RetrievalRow) -> Session:
    status = STATUSES[row.status]
    statistics = Statistics(processed_items=row.processed_objects, processed_objects=row.progress)
    known = None if status is STATUSES.unknown else status
    return replace(_jobless(row, RETRIEVAL, known), statistics=statistics)


def _jobless(row: RestoreRow | RetrievalRow, session_type: str, status: Status | None) -> Session:
    """A session without a job; a `status` of None is a word that we do not know."""
    started, ended = timestamp(row.creation_time), timestamp(row.end_time)
    if ended is not None and started is not None and ended < started:
        ended = None
    state, result = status or (_OPEN if ended is None else _STRANGE)
    return Session(
        id=row.id,
        job_id="",
        job_name="",
        session_type=session_type,
        state=state,
        result=result,
        started=started,
        ended=ended if state is State.FINISHED else None,
        unknown=("status",) if status is None else (),
    )
