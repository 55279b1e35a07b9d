"""What the words and figures of Enterprise Manager's sessions mean to us. Pure; sends nothing."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from exporter.model import NO_STATISTICS, Reports, Result, Session, State, Statistics
from exporter.rest.text import one_line
from exporter.sources.enterprise_manager.wire import Link, SessionRow
from exporter.sources.times import seconds_of, timestamp
from exporter.sources.words import LONGEST_WORD, WordTable

REPLICA = "Replica"
CHILD_TYPES = frozenset({"ImmediateBackupCopyWorker", "AgentManagement"})
"""Sessions of a part of a job; the session that contains them tells the same as a whole."""

DEFAULT_TYPES = frozenset({"Backup", "BackupCopy", "ImmediateBackupCopy", "AgentBackup"}) | {
    "NasBackup",
    REPLICA,
}

LONGEST_NAME = 256
LONGEST_MESSAGE = 500

# Members of an enumeration are looked up slowly; these are compared for every row.
_FINISHED, _RUNNING, _UNKNOWN = State.FINISHED, State.RUNNING, Result.UNKNOWN

STATES: WordTable[State | None] = WordTable(
    "status",
    {
        "Stopped": State.FINISHED,
        "Starting": State.QUEUED,
        "Working": State.RUNNING,
        "Stopping": State.RUNNING,
        "Pausing": State.RUNNING,
        "Resuming": State.RUNNING,
        "Idle": State.RUNNING,
    },
    unknown=None,
)
RESULTS: WordTable[Result | None] = WordTable(
    "status",
    {
        "Success": Result.SUCCESS,
        "Warning": Result.WARNING,
        "Failed": Result.FAILED,
        "None": Result.UNKNOWN,
        "": Result.UNKNOWN,
    },
    unknown=None,
)
SESSION_TYPES = WordTable(
    "session_type", {word: word for word in DEFAULT_TYPES | CHILD_TYPES}, unknown=""
)

_RETRIES = {
    None: NO_STATISTICS,
    False: Statistics(retries=0.0),
    True: Statistics(retries=1.0),
}
_SERVER_LINK = "BackupServerReference"
_REPORTS = Reports(totals=frozenset({"retries"}))


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A session, and the backup server that it ran on; empty where the answer does not say."""

    session: Session
    backup_server: str


class _Identifiers(dict[str | None, str]):
    """The identifiers of jobs by their names; a page names the same jobs again and again."""

    def __missing__(self, urn: str | None) -> str:
        known = self[urn] = identifier(urn)
        return known


class _Names(dict[str | None, str]):
    """Names fit for a label, by what was sent; a page holds the same ones again and again."""

    def __missing__(self, sent: str | None) -> str:
        known = self[sent] = one_line(sent or "", LONGEST_NAME)
        return known


def reports(_session_type: str) -> Reports:
    """Enterprise Manager knows no sizes, rates or bottlenecks, of no type of session."""
    return _REPORTS


def identifier(urn: str | None) -> str:
    """The GUID at the end of `urn:veeam:Job:<guid>` in lower case; some have a space before it."""
    return (urn or "").rpartition(":")[2].strip().lower()


def backup_server(links: Iterable[Link] | None) -> str:
    """The backup server's name as it was registered, from the link that names it."""
    for link in links or ():
        if link.type == _SERVER_LINK:
            return one_line(link.name or "", LONGEST_NAME)
    return ""


def normalise(rows: Iterable[SessionRow], session_type: str = "") -> list[Sighting]:
    """The sessions of one page; `session_type` is for lists whose rows are all of one type."""
    job_ids, names = _Identifiers(), _Names()
    sightings = []
    for row in rows:
        job_id, kind = job_ids[row.job_uid], session_type or SESSION_TYPES[row.job_type]
        session = _session(row, job_id, names[row.job_name] if job_id else "", kind)
        server = ""
        for link in row.links or ():  # as backup_server() does, for every row
            if link.type == _SERVER_LINK:
                server = names[link.name]
                break
        sightings.append(Sighting(session, server))
    return sightings


def _session(row: SessionRow, job_id: str, job_name: str, session_type: str) -> Session:
    state, started, message = STATES[row.state], _seconds(row.creation_time), row.failure_message
    result, ended, statistics = None, None, _RETRIES[row.is_retry]
    unknown: tuple[str, ...] = ()
    if state is _FINISHED:
        result, ended = RESULTS[row.result], _seconds(row.end_time)
        if ended is not None and started is not None and ended < started:
            ended = None
    if state is None or not session_type or (state is _FINISHED and result is None):
        unknown = _unknown(state, result, session_type)
        session_type = session_type or one_line(row.job_type or "", LONGEST_WORD)
        state = state or _RUNNING  # followed until it has a state that we know
        result = _UNKNOWN if state is _FINISHED and result is None else result
    return Session(
        row.uid.rpartition(":")[2].strip().lower(),  # as identifier() does, for every row
        job_id,
        job_name,
        session_type,
        state,
        result,
        started,
        ended,
        statistics if state is not _RUNNING else _running(row),
        one_line(message, LONGEST_MESSAGE) if message else "",
        unknown,
    )


def _seconds(moment: datetime | str | None) -> float | None:
    return seconds_of(moment) if isinstance(moment, datetime) else timestamp(moment)


def _unknown(state: State | None, result: Result | None, session_type: str) -> tuple[str, ...]:
    """The fields whose word is in no table."""
    strange_status = state is None or (state is _FINISHED and result is None)
    checks = (("status", strange_status), ("session_type", not session_type))
    return tuple(field for field, strange in checks if strange)


def _running(row: SessionRow) -> Statistics:
    """With the progress, which is told reliably only while a session runs."""
    percent = row.progress
    if percent is None or not 0.0 <= percent <= 100.0:
        return _RETRIES[row.is_retry]
    retries = None if row.is_retry is None else float(row.is_retry)
    return Statistics(retries=retries, progress_ratio=percent / 100.0)
