"""The durable side of the ledger: SQLite, one transaction for each poll.

Ids of sessions are kept as 16-byte digests, so that a remembered session costs about 40 bytes
whatever its id looks like. States are kept as JSON, which a person can read with any SQLite tool.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from exporter.errors import LedgerError
from exporter.ledger import reading, schema
from exporter.ledger.news import Known
from exporter.ledger.past import NUMBERS, RESULTS
from exporter.ledger.reading import Contents, Own
from exporter.ledger.state import JobState, Key, ServerState
from exporter.model import Result

CHUNK = 500


class Write(NamedTuple):
    """What one poll of one server writes. `forget_before` prunes ids of sessions ended earlier."""

    state: ServerState
    jobs: Mapping[Key, JobState]
    dropped: tuple[Key, ...] = ()
    remembered: Mapping[str, Known] = {}
    forget_before: float | None = None


def digest(session_id: str) -> bytes:
    """The 16 bytes that stand for a session id."""
    return hashlib.blake2b(session_id.encode("utf-8", "replace"), digest_size=16).digest()


class Store:
    """An open ledger file, or a ledger in memory when `directory` is None."""

    def __init__(self, directory: Path | None) -> None:
        """Open or create. Raises LedgerError with one sentence when that cannot be."""
        self.path = schema.prepare(directory) if directory is not None else None
        self._lock = schema.lock(directory) if directory is not None else None
        self.moved_aside = False
        self._connection, self.contents = self._open()

    def _open(self) -> tuple[sqlite3.Connection, Contents]:
        try:
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if self.path is None or not schema.is_damage(error):
                    raise
            schema.move_aside(self.path)
            self.moved_aside = True
            return self._connect()
        except LedgerError:
            self._unlock()
            raise
        except (sqlite3.Error, OSError) as error:
            self._unlock()
            raise LedgerError(
                f"the ledger {self.path} cannot be opened ({error}); see that there is room on its "
                "disk and that this user may write there"
            ) from None

    def _connect(self) -> tuple[sqlite3.Connection, Contents]:
        connection = schema.connect(self.path)
        try:
            return connection, reading.read(connection)
        except BaseException:
            connection.close()
            raise

    def replace_damaged(self) -> None:
        """Move a file that broke while in use aside and begin a new one.

        Raises sqlite3.Error, OSError or LedgerError when that cannot be; then it may be tried again
        and until then every use of this store fails with sqlite3.Error.
        """
        assert self.path is not None
        self._connection.close()
        if self.path.exists():
            schema.move_aside(self.path)
        self._connection = schema.connect(self.path)

    def add_server(self, name: str, state: ServerState) -> int:
        """Remember a new server; the number it has in the file."""
        with self._transaction():
            cursor = self._connection.execute(
                "INSERT INTO servers (name, state) VALUES (?, ?)", (name, _json(state))
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def known(self, server: int, ids: Iterable[str]) -> dict[str, Known]:
        """Which of these sessions are remembered, with their result and end."""
        wanted = {digest(id_): id_ for id_ in ids}
        digests, found = list(wanted), {}
        for start in range(0, len(digests), CHUNK):
            chunk = digests[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            for key, result, ended in self._connection.execute(
                # Only question marks are put into the text of the query.
                f"SELECT digest, result, ended FROM sessions WHERE server = ? "  # noqa: S608
                f"AND digest IN ({marks})",
                (server, *chunk),
            ):
                found[wanted[key]] = Known(_result(result), ended)
        return found

    def commit(self, server: int, write: Write, own: Own) -> int:
        """One poll, whole or not at all; how many remembered sessions were pruned."""
        rows = sorted(
            (server, digest(id_), NUMBERS[fact.result], fact.ended)
            for id_, fact in write.remembered.items()
        )
        execute, execute_many = self._connection.execute, self._connection.executemany
        with self._transaction():
            execute_many("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", rows)
            pruned = 0
            if write.forget_before is not None:
                pruned = execute(
                    "DELETE FROM sessions WHERE server = ? AND ended < ?",
                    (server, write.forget_before),
                ).rowcount
            execute_many(
                "INSERT INTO jobs VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET state = excluded.state",
                ((server, *key, _json(state)) for key, state in write.jobs.items()),
            )
            execute_many(
                "DELETE FROM jobs WHERE server = ? AND job_id = ? AND session_type = ?",
                ((server, *key) for key in write.dropped),
            )
            execute("UPDATE servers SET state = ? WHERE id = ?", (_json(write.state), server))
            execute("INSERT OR REPLACE INTO exporter VALUES ('own', ?)", (_json(own),))
        return pruned

    def forget_server(self, server: int) -> None:
        """Drop a server with everything that was counted for it."""
        with self._transaction():
            for table, column in (("sessions", "server"), ("jobs", "server"), ("servers", "id")):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608 - names from above
                    (server,),
                )

    def forget_jobs(self, server: int, keys: Iterable[Key], state: ServerState) -> None:
        """Drop jobs of a server, which is `state` without them; session ids stay remembered."""
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM jobs WHERE server = ? AND job_id = ? AND session_type = ?",
                ((server, *key) for key in keys),
            )
            self._connection.execute(
                "UPDATE servers SET state = ? WHERE id = ?", (_json(state), server)
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file and let others have it."""
        self._connection.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()


def _json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=list).decode()  # of a job's past


def _result(number: int) -> Result:
    if not 0 <= number < len(RESULTS):
        raise schema.damage(f"{number} is no result of a session")
    return RESULTS[number]
