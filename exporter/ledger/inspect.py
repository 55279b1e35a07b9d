"""What people may do with a ledger: look at it, check it, forget a part of it.

Looking and checking go through a connection that cannot write and hold no lock that an exporter
would wait for. Forgetting takes the exporter's own lock, so that it never happens beside one.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from exporter.errors import LedgerError
from exporter.ledger import reading, runs, schema
from exporter.ledger.past import RESULTS
from exporter.ledger.reading import Contents, Stored
from exporter.ledger.report import Report, report_of, server_report
from exporter.ledger.state import JobState, Key
from exporter.ledger.store import Store

NAMES_TOLD = 20
"""An error names so many of the names that exist, to be read by a person."""


class Forgotten(NamedTuple):
    """What is not counted any more: the series, and how many open sessions are not followed."""

    server: str
    jobs: tuple[Key, ...]
    open_sessions: int


def show(directory: Path, server: str | None = None, job: str | None = None) -> Report:
    """What is counted, all of it or of one server, or of one job by its id or name.

    Works beside a running exporter and leaves no trace. Raises LedgerError.
    """
    path = _existing(directory)
    with _reading(path) as connection:
        contents = reading.read(connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    chosen = _servers(contents, server)
    report = report_of(str(path), path.stat().st_size, version, contents._replace(servers=chosen))
    if job is None:
        return report
    servers = tuple(
        server_report(name, stored, keys)
        for name, stored in sorted(chosen.items())
        if (keys := _keys(stored, job))
    )
    if not servers:
        raise LedgerError(_unknown("job", job, _job_names(chosen.values())))
    return msgspec.structs.replace(report, servers=servers)


def check(directory: Path) -> list[str]:
    """Everything that is wrong with the file, one sentence each; empty when it is fine.

    Works beside a running exporter. Raises LedgerError when there is no ledger to check, or one
    that this version cannot judge.
    """
    path = _existing(directory)
    try:
        with closing(schema.connect(path, read_only=True)) as connection:
            _refuse_older(connection, path)
            return [f"{path}: {problem}" for problem in _problems(connection)]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return [
            f"{path} is damaged: {error}; restore a backup, or let the next start move it aside"
        ]


def forget(directory: Path, server: str, job: str | None = None) -> Forgotten:
    """Forget a server with everything, or one of its jobs by id or name.

    Of a job all session types and its open sessions go, but the ids of its counted sessions stay:
    none of them is ever counted again. Raises LedgerInUse while an exporter runs, LedgerError for
    names that are not there.
    """
    show(directory, server, job)  # wrong names and damage are told before anything is opened
    with closing(Store(directory)) as store:
        stored = _servers(store.contents, server)[server]
        assert stored.number is not None
        if job is None:
            store.forget_server(stored.number)
            return Forgotten(server, tuple(sorted(stored.jobs)), len(stored.state.open))
        keys = _keys(stored, job)
        ids = {key.job_id for key in keys}
        if len(ids) > 1:
            raise LedgerError(f"several jobs are called {job!r}; name one id of {_some(ids)}")
        followed = {
            id_: item for id_, item in stored.state.open.items() if item.session.job_id not in ids
        }
        state = msgspec.structs.replace(stored.state, open=followed)
        store.forget_jobs(stored.number, keys, state)
        return Forgotten(server, keys, len(stored.state.open) - len(followed))


def _existing(directory: Path) -> Path:
    path = directory / schema.FILE
    if not path.is_file():
        raise LedgerError(f"there is no ledger in {directory}; name the exporter's --storage.path")
    return path


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(schema.connect(path, read_only=True)) as connection:
            _refuse_older(connection, path)
            yield connection
    except sqlite3.Error as error:
        raise LedgerError(f"{path} cannot be read: {error}") from None


def _refuse_older(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < len(schema.MIGRATIONS):
        raise LedgerError(
            f"{path} was written by an older version of this exporter (schema {version}); "
            "start the exporter once to bring it up to date"
        )


def _servers(contents: Contents, server: str | None) -> dict[str, Stored]:
    if server is None:
        return contents.servers
    if server not in contents.servers:
        raise LedgerError(_unknown("server", server, contents.servers))
    return {server: contents.servers[server]}


def _keys(stored: Stored, job: str) -> tuple[Key, ...]:
    """The series of a job, found by its id, else by its name."""
    by_id = sorted(key for key in stored.jobs if key.job_id == job)
    named = (key for key, state in stored.jobs.items() if state.job.name == job)
    return tuple(by_id or sorted(named))


def _job_names(servers: Iterable[Stored]) -> set[str]:
    """Names to choose from; runs without a job have none."""
    names = {
        state.job.name or key.job_id for stored in servers for key, state in stored.jobs.items()
    }
    return names - {""}


def _unknown(kind: str, name: str, existing: Iterable[str]) -> str:
    return f"the ledger knows no {kind} {name!r}; it knows {_some(existing)}"


def _some(names: Iterable[str]) -> str:
    known = sorted(repr(name) for name in names)
    more = len(known) - NAMES_TOLD
    text = ", ".join(known[:NAMES_TOLD]) or "none"
    return f"{text} and {more} more" if more > 0 else text


ORPHANS = {
    "jobs": "SELECT count(*) FROM jobs WHERE server NOT IN (SELECT id FROM servers)",
    "sessions": "SELECT count(*) FROM sessions WHERE server NOT IN (SELECT id FROM servers)",
}
"""Rows of servers that are not there."""


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (verdict,) in connection.execute("PRAGMA integrity_check"):
        if verdict != "ok":
            yield verdict
    for name, state in connection.execute("SELECT name, CAST(state AS BLOB) FROM servers"):
        yield from _undecodable(f"server {name!r}", state, reading.decode_server)
    rows = connection.execute("SELECT job_id, session_type, CAST(state AS BLOB) FROM jobs")
    for job_id, session_type, state in rows:
        place = f"job {job_id!r} ({session_type})"
        problems = list(_undecodable(place, state, reading.decode_job))
        yield from problems or _job_problems(place, reading.decode_job(state))
    for table, query in ORPHANS.items():
        count = connection.execute(query).fetchone()[0]
        if count:
            yield f"{count} rows of {table} belong to no server"
    query = "SELECT count(*) FROM sessions WHERE result NOT BETWEEN 0 AND ?"
    count = connection.execute(query, (len(RESULTS) - 1,)).fetchone()[0]
    if count:
        yield f"{count} rows of sessions have a result that does not exist"


def _undecodable(place: str, state: bytes, decode: Callable[[bytes], object]) -> Iterator[str]:
    try:
        decode(state)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        yield f"{place} cannot be read: {error}"


def _job_problems(place: str, state: JobState) -> Iterator[str]:
    order = [runs.order(run) for run in state.runs]
    if order != sorted(order):
        yield f"{place}: the runs are not in the order of their ends"
    if len({run.id for run in state.runs}) != len(state.runs):
        yield f"{place}: a run is there twice"
    totals = state.totals
    sums = (totals.transferred_bytes, totals.processed_items, totals.retries)
    counts = [*totals.finished.values(), *(totals.bottlenecks or {}).values()]
    if min([*counts, totals.duration_seconds, *(value or 0.0 for value in sums)]) < 0:
        yield f"{place}: a count is negative"
