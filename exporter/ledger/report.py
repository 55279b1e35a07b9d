"""What a ledger holds, as values for scripts and as text for people. Pure functions."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from exporter.ledger import runs
from exporter.ledger.reading import Contents, Stored
from exporter.ledger.state import JobState, Key
from exporter.model import OpenSession, Result

TIMES = frozenset(
    {"first_seen", "last_end", "started", "seen", "counted_since", "last_complete_poll", "cursor"}
)
"""Names of the fields that are seconds since the epoch; people and scripts get RFC 3339."""

NEVER = "-"


class JobReport(msgspec.Struct, frozen=True):
    """One job and session type: what is counted, true sums that may not be published yet."""

    job_id: str
    job_name: str
    session_type: str
    first_seen: float
    finished: Mapping[Result, int]
    last_result: Result | None
    last_end: float | None
    consecutive_failures: int


class OpenReport(msgspec.Struct, frozen=True):
    """One session that is followed by its id until it has a result."""

    id: str
    job_id: str
    session_type: str
    state: str
    started: float | None
    seen: float


class ServerReport(msgspec.Struct, frozen=True):
    """One server: since when its sessions count, how far it was read, what is open."""

    name: str
    counted_since: float
    last_complete_poll: float | None
    cursor: float | None
    open_sessions: tuple[OpenReport, ...]
    jobs: tuple[JobReport, ...]


class Report(msgspec.Struct, frozen=True):
    """A ledger file. `errors` is how often it could not be read or written."""

    path: str
    schema: int
    size_bytes: int
    errors: int
    remembered_sessions: int
    servers: tuple[ServerReport, ...]


def server_report(name: str, stored: Stored, jobs: Iterable[Key]) -> ServerReport:
    """What is told of a server, limited to some of its jobs."""
    state, keys = stored.state, frozenset(jobs)
    return ServerReport(
        name=name,
        counted_since=state.baseline,
        last_complete_poll=state.absorbed,
        cursor=state.cursor,
        open_sessions=tuple(
            _open_report(id_, item)
            for id_, item in sorted(state.open.items())
            if keys == stored.jobs.keys()
            or Key(item.session.job_id, item.session.session_type) in keys
        ),
        jobs=tuple(_job_report(key, stored.jobs[key]) for key in sorted(keys)),
    )


def _open_report(id_: str, item: OpenSession) -> OpenReport:
    session = item.session
    return OpenReport(
        id_, session.job_id, session.session_type, session.state, session.started, item.seen
    )


def _job_report(key: Key, state: JobState) -> JobReport:
    last = state.runs[-1] if state.runs else None
    return JobReport(
        job_id=key.job_id,
        job_name=state.job.name,
        session_type=key.session_type,
        first_seen=state.first_seen,
        finished=state.totals.finished,
        last_result=last.result if last else None,
        last_end=last.ended if last else None,
        consecutive_failures=runs.consecutive_failures(state.runs, state.fold),
    )


def report_of(path: str, size: int, schema: int, contents: Contents) -> Report:
    """The whole file."""
    return Report(
        path=path,
        schema=schema,
        size_bytes=size,
        errors=contents.own.errors,
        remembered_sessions=contents.sessions,
        servers=tuple(
            server_report(name, stored, stored.jobs)
            for name, stored in sorted(contents.servers.items())
        ),
    )


def report_as_dict(report: Report) -> dict[str, Any]:
    """The report for `json.dumps`; times are RFC 3339, UTC."""
    plain = _with_times(msgspec.to_builtins(report))
    assert isinstance(plain, dict)
    return plain


def _with_times(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: _time(item) if name in TIMES and item is not None else _with_times(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_with_times(item) for item in value]
    return value


def _time(seconds: float | None) -> str:
    """RFC 3339 to the second; a time that no calendar has is told as a number."""
    if seconds is None:
        return NEVER
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}"


def render_report(report: Report) -> str:
    """The report as aligned text, ending in a line feed."""
    lines = [
        f"{report.path}: schema {report.schema}, {report.size_bytes} bytes, "
        f"{report.remembered_sessions} sessions remembered, {report.errors} errors"
    ]
    for server in report.servers:
        lines += ["", *_server_lines(server)]
    return "\n".join(lines) + "\n"


def _server_lines(server: ServerReport) -> list[str]:
    lines = [
        server.name,
        f"  counted since       {_time(server.counted_since)}",
        f"  last complete poll  {_time(server.last_complete_poll)}",
        f"  read up to          {_time(server.cursor)}",
        f"  open sessions       {len(server.open_sessions)}",
    ]
    if server.open_sessions:
        lines += ["", *_table(OPEN_COLUMNS, [_open_cells(item) for item in server.open_sessions])]
    if server.jobs:
        lines += ["", *_table(JOB_COLUMNS, [_job_cells(job) for job in server.jobs])]
    return lines


OPEN_COLUMNS = ("OPEN SESSION", "JOB ID", "TYPE", "STATE", "STARTED", "SEEN")
JOB_COLUMNS = (
    "JOB",
    "JOB ID",
    "TYPE",
    *(result.upper() for result in Result),
    "LAST RESULT",
    "LAST END",
    "FAILED IN A ROW",
)


def _open_cells(item: OpenReport) -> tuple[str, ...]:
    times = (_time(item.started), _time(item.seen))
    return (item.id, item.job_id, item.session_type, item.state, *times)


def _job_cells(job: JobReport) -> tuple[str, ...]:
    return (
        job.job_name,
        job.job_id,
        job.session_type,
        *(str(job.finished.get(result, 0)) for result in Result),
        job.last_result or NEVER,
        _time(job.last_end),
        str(job.consecutive_failures),
    )


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows under their heads, each column as wide as it must be. Empty cells show as a dash."""
    table = [columns, *(tuple(_printable(cell) or NEVER for cell in row) for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _printable(text: str) -> str:
    """A name without control characters: it comes from the backup server, not from us."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
