"""What stands in a ledger file, read through any connection to it.

The exporter reads through its own, people's commands through one that cannot write. A row that
does not decode is damage to the file like a broken page: new words in a state (another result,
another field without a default) therefore need a new version of the schema.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from exporter.ledger import schema
from exporter.ledger.past import Past
from exporter.ledger.state import DurationCounts, JobState, Key, ServerState
from exporter.view import Run


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the ledger counts of itself."""

    errors: int = 0
    commits: DurationCounts = DurationCounts(())


class Stored(NamedTuple):
    """One server as it was found in the file; without a number when it is not in it yet."""

    number: int | None
    state: ServerState
    jobs: dict[Key, JobState]


class Contents(NamedTuple):
    """Everything but the session ids, of which only the number is told."""

    servers: dict[str, Stored]
    own: Own
    sessions: int


def _past(_kind: type, value: object) -> Past:
    """Runs stand in the file one by one. Raises msgspec.ValidationError for what are none."""
    return Past(msgspec.convert(value, tuple[Run, ...]))


decode_server = msgspec.json.Decoder(ServerState).decode
decode_job = msgspec.json.Decoder(JobState, dec_hook=_past).decode
decode_own = msgspec.json.Decoder(Own).decode


def read(connection: sqlite3.Connection) -> Contents:
    """Read it all at one moment. Raises sqlite3.DatabaseError, also when a row does not decode."""
    with _one_moment(connection), _damage_told():
        return Contents(_servers(connection), _own(connection), count_sessions(connection))


def count_sessions(connection: sqlite3.Connection) -> int:
    """How many sessions are remembered by id."""
    count: int = connection.execute("SELECT count(*) FROM sessions").fetchone()[0]
    return count


def _servers(connection: sqlite3.Connection) -> dict[str, Stored]:
    servers, names = {}, {}
    for number, name, state in connection.execute("SELECT id, name, state FROM servers"):
        names[number] = name
        servers[name] = Stored(number, decode_server(state), {})
    rows = connection.execute("SELECT server, job_id, session_type, state FROM jobs")
    for number, job_id, session_type, state in rows:
        if number in names:
            servers[names[number]].jobs[Key(job_id, session_type)] = decode_job(state)
    return servers


def _own(connection: sqlite3.Connection) -> Own:
    row = connection.execute("SELECT value FROM exporter WHERE name = 'own'").fetchone()
    return decode_own(row[0]) if row else Own()


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """A read transaction, so that a poll committed meanwhile is seen wholly or not at all."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise schema.damage(f"a row cannot be read: {error}") from error
