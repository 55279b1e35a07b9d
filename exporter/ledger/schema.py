"""The ledger's file: where it lies, who may have it open, and what its tables are.

A file that cannot be read is moved aside, never deleted. A file of another program, or of a newer
version of this one, is refused with a sentence and left alone.
"""

import logging
import os
import sqlite3
import time
from pathlib import Path

from exporter.errors import LedgerError, LedgerInUse

FILE = "ledger.db"
LOCK = "ledger.lock"
APPLICATION_ID = 0x42534558  # "BSEX" in the header of the file: this ledger and no other database

LOG_SIZE = 4 * 1024 * 1024
"""The write-ahead log is cut back to so many bytes after it had to grow beyond them."""

MIGRATIONS = (
    """
    CREATE TABLE servers (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL
    );
    CREATE TABLE jobs (
        server INTEGER NOT NULL,
        job_id TEXT NOT NULL,
        session_type TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (server, job_id, session_type)
    );
    CREATE TABLE sessions (
        server INTEGER NOT NULL,
        digest BLOB NOT NULL,
        result INTEGER NOT NULL,
        ended REAL NOT NULL,
        PRIMARY KEY (server, digest)
    ) WITHOUT ROWID;
    CREATE TABLE exporter (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""One script for each version of the schema; a ledger is brought up to date by those it lacks."""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

log = logging.getLogger(__name__)


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file itself is broken, rather than the disk full."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in DAMAGED


def damage(problem: str) -> sqlite3.DatabaseError:
    """An error that says of the file what SQLite did not notice itself."""
    error = sqlite3.DatabaseError(problem)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def prepare(directory: Path) -> Path:
    """Make the directory; the path of the ledger in it. Raises LedgerError with the reason."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise LedgerError(f"--storage.path {directory} is a file; name a directory") from None
    except OSError as error:
        raise LedgerError(
            f"--storage.path {directory} cannot be created: {error.strerror}; "
            "name a directory that this user may write"
        ) from None
    path = directory / FILE
    if path.is_dir():
        raise LedgerError(f"{path} is a directory; move it away or choose another --storage.path")
    if not os.access(directory, os.W_OK):
        raise LedgerError(
            f"--storage.path {directory} cannot be written by this user; "
            "change its owner, or name another directory"
        )
    return path


def lock(directory: Path) -> sqlite3.Connection:
    """Hold the directory for this process. The operating system frees it when the process dies.

    An exclusive transaction on a small database is the one lock that works alike on every system.
    """
    path, connection = directory / LOCK, None
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = MEMORY")  # nothing is written, so no file for it
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _not_locked(error, path) from None
    return connection


def _not_locked(error: sqlite3.Error, path: Path) -> LedgerError:
    """Why the lock is not ours, with what a person can do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return LedgerInUse(
            f"another exporter uses the ledger in {path.parent}; stop it, "
            "or give this one its own --storage.path"
        )
    return LedgerError(
        f"{path} cannot be locked ({error}); make the directory writable for this user, "
        "or remove what lies there under that name"
    )


def connect(path: Path | None, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file and bring its schema up to date; None is a ledger in memory."""
    if read_only:
        assert path is not None
        connection = sqlite3.connect(_read_only(path), uri=True, isolation_level=None)
    else:
        name = ":memory:" if path is None else str(path)
        connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes.decode  # raises UnicodeDecodeError, which tells of damage
    try:
        _verify(connection, path)
        if not read_only:
            # FULL: a committed number survives a power cut, so no counter falls after one.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE}")
            migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_only(path: Path) -> str:
    """How to open a ledger without leaving a trace.

    Beside an exporter, or after it was killed, there is a write-ahead log and its index is shared.
    Without a log nothing is being written; then SQLite is told so, or it would create a log that
    belongs to whoever looks and that the exporter's user cannot write.
    """
    quiet = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    return f"{path.resolve().as_uri()}?mode=ro{quiet}"


def _verify(connection: sqlite3.Connection, path: Path | None) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise LedgerError(
            f"{path} is a database of another program; move it away or choose another "
            "--storage.path"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path} was written by a newer version of this exporter (schema {version}, this one "
            f"knows {len(MIGRATIONS)}); upgrade, or choose another --storage.path"
        )
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise damage(problem)


def migrate(connection: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Apply the scripts that the file has not seen, each with its version in one transaction."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {number};\nCOMMIT;"
        )


def move_aside(path: Path) -> Path:
    """Put a damaged ledger, with its write-ahead log, out of the way; where it lies now."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    os.replace(path, aside)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            os.replace(companion, aside.with_name(aside.name + suffix))
    log.error("the ledger was damaged and has been moved aside", extra={"path": str(aside)})
    return aside
