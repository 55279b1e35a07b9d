"""The file: what survives, what is refused with a sentence, and what is moved aside."""

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.errors import LedgerError, LedgerInUse
from exporter.ledger import schema
from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.ledger.schema import APPLICATION_ID, FILE, LOCK, MIGRATIONS, migrate
from exporter.model import Bottleneck, Result, Statistics, Traffic
from tests.ledger.world import (
    DAY,
    SERVER,
    START,
    Bench,
    HandClock,
    finished,
    harvest,
    listed,
    running,
    subject,
)


def lived_in(directory: Path, clock: HandClock | None = None) -> Bench:
    """A ledger with history, counted sessions, an open one, and operations."""
    bench = Bench(directory, clock)
    bench.poll(finished("h", START - DAY), jobs=listed("j1", "j2"), requests={"200": 2}, logons=1)
    full = Statistics(transferred_bytes=5.0, bottleneck=Bottleneck.SOURCE, progress_ratio=0.5)
    now = bench.clock.now()
    bench.poll(
        finished("a", now + 1, statistics=full),
        finished("b", now + 2, Result.FAILED, message="no space"),
        running("c", now + 3, job="j2", statistics=full),
        jobs=listed("j1", "j2"),
    )
    bench.poll(running("c", now + 3, job="j2", statistics=full), jobs=listed("j1", "j2"))
    return bench


def damage_row(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def facts(bench: Bench) -> object:
    """What must be the same after a restart: all but what is said of this process."""
    view = bench.view
    return (view.jobs, view.identities, view.durations, view.polls, view.requests, view.logons)


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Every fact and number is the same after closing and opening."""
    before = lived_in(tmp_path)
    before.ledger.close()
    after = Bench(tmp_path, before.clock)
    assert facts(after) == facts(before)
    assert (after.counted(), after.view.open_sessions) == (2, 1)
    assert after.ledger.sessions == before.ledger.sessions
    assert after.ledger.commits() == before.ledger.commits()
    assert after.ledger.plan(SERVER) == before.ledger.plan(SERVER)


def test_what_was_counted_is_not_counted_after_a_restart(tmp_path: Path) -> None:
    """The same rows read again after the restart are known; what is new counts."""
    before = lived_in(tmp_path)
    before.ledger.close()
    after = Bench(tmp_path, before.clock)
    now = after.clock.now()
    after.poll(
        finished("a", START + 61), finished("b", START + 62, Result.FAILED), finished("d", now + 1)
    )
    assert after.counted() == 3


def test_servers_do_not_share_ids(tmp_path: Path) -> None:
    """The same session id on two servers is two sessions."""
    bench = Bench(tmp_path)
    other = subject(name="other")
    bench.ledger.register(other)
    bench.poll()
    row = finished("same", bench.clock.now() + 1)
    bench.poll(row)
    told = Poll(bench.clock.now(), 0.5, Traffic(), harvest(row, at=bench.clock.now()))
    bench.ledger.record("other", told)
    assert bench.ledger.sessions == 2


def test_a_server_that_leaves_the_configuration_is_kept(tmp_path: Path) -> None:
    """When it comes back, also after a restart, it goes on where it was; generations still grow."""
    bench = lived_in(tmp_path)
    generation = bench.view.generation
    bench.ledger.unregister(SERVER)
    again = bench.ledger.register(bench.subject)
    assert again.generation == generation + 1
    assert again.jobs == bench.view.jobs


def test_memory_only_writes_nothing(tmp_path: Path) -> None:
    """Without a directory the ledger counts and leaves nothing."""
    bench = Bench(None)
    bench.poll()
    bench.poll(finished("a", bench.clock.now() + 1))
    bench.poll()
    assert bench.counted() == 1
    assert list(tmp_path.iterdir()) == []


# ---- who may have it ----


def test_a_second_exporter_is_refused(tmp_path: Path) -> None:
    """Two exporters on one directory would count each other's sessions away."""
    first = Ledger(tmp_path, HandClock())
    with pytest.raises(LedgerInUse, match="another exporter uses the ledger"):
        Ledger(tmp_path, HandClock())
    first.close()
    Ledger(tmp_path, HandClock()).close()


def test_a_failed_start_frees_the_lock(tmp_path: Path) -> None:
    """After a refusal the directory is free for who can use it."""
    damage_row(tmp_path / FILE, "CREATE TABLE foreign_table (x)")
    for _attempt in range(2):
        with pytest.raises(LedgerError, match="another program"):
            Ledger(tmp_path, HandClock())


def occupied_file(directory: Path) -> Path:
    path = directory / "file"
    path.write_text("x")
    return path


def below_a_file(directory: Path) -> Path:
    return occupied_file(directory) / "deeper"


def directory_as_ledger(directory: Path) -> Path:
    (directory / FILE).mkdir()
    return directory


def directory_as_lock(directory: Path) -> Path:
    (directory / LOCK).mkdir()
    return directory


def rubbish_as_lock(directory: Path) -> Path:
    (directory / LOCK).write_bytes(b"rubbish" * 1000)
    return directory


@pytest.mark.parametrize(
    ("arrange", "sentence"),
    [
        (occupied_file, "is a file; name a directory"),
        (below_a_file, "cannot be created: Not a directory"),
        (directory_as_ledger, "is a directory; move it away"),
        (directory_as_lock, "cannot be locked"),
        (rubbish_as_lock, "cannot be locked"),
    ],
)
def test_places_that_cannot_be_used(
    tmp_path: Path, arrange: Callable[[Path], Path], sentence: str
) -> None:
    """What is in the way is named in one sentence."""
    with pytest.raises(LedgerError, match=sentence) as caught:
        Ledger(arrange(tmp_path), HandClock())
    assert "\n" not in str(caught.value)


def test_a_directory_is_made(tmp_path: Path) -> None:
    """A path that does not exist is created with its parents."""
    Ledger(tmp_path / "a" / "b", HandClock()).close()
    assert (tmp_path / "a" / "b" / FILE).is_file()


# ---- versions ----


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    """An older exporter does not touch what it cannot understand."""
    lived_in(tmp_path).ledger.close()
    damage_row(tmp_path / FILE, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(LedgerError, match="newer version of this exporter"):
        Ledger(tmp_path, HandClock())
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_older_schema_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """From each version that ever was, opening leads to the newest."""
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    migrate(connection, MIGRATIONS[:version])
    connection.close()
    lived_in(tmp_path).ledger.close()
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    connection.close()


def test_a_migration_keeps_what_is_there(tmp_path: Path) -> None:
    """A later script finds the rows of the version before; a failing one leaves them alone."""
    lived_in(tmp_path).ledger.close()
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    broken = (*MIGRATIONS, "ALTER TABLE jobs ADD COLUMN x TEXT; SELECT * FROM nothing;")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, broken)
    connection.close()
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    migrate(connection, (*MIGRATIONS, "ALTER TABLE jobs ADD COLUMN x TEXT;"))
    assert connection.execute("SELECT count(*), count(x) FROM jobs").fetchone() == (2, 0)
    connection.close()


# ---- damage ----


def random_bytes(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(20_000))


def all_zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def cut(share: float) -> Callable[[Path], None]:
    def truncate(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return truncate


def cut_to(size: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, size)


def row(statement: str) -> Callable[[Path], None]:
    return lambda path: damage_row(path, statement)


@pytest.mark.parametrize(
    "spoil",
    [
        random_bytes,
        all_zeros,
        cut(0.9),
        cut(0.5),
        cut(0.2),
        cut_to(4096),
        cut_to(100),
        cut_to(20),
        row("UPDATE servers SET state = '{'"),
        row('UPDATE servers SET state = \'{"baseline": "x"}\''),
        row("UPDATE jobs SET state = CAST(x'ff' AS TEXT)"),
        row("UPDATE exporter SET value = '[]'"),
    ],
)
def test_a_damaged_file_is_moved_aside(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """It is kept under another name, counters begin at 0, and the error counter says so."""
    lived_in(tmp_path).ledger.close()
    spoil(tmp_path / FILE)
    spoiled = (tmp_path / FILE).read_bytes()
    bench = Bench(tmp_path)
    assert bench.ledger.errors == 1
    (aside,) = tmp_path.glob(f"{FILE}.damaged-*[0-9Z]")
    assert aside.read_bytes() == spoiled
    assert bench.view.jobs == ()
    bench.poll()
    bench.poll(finished("n", bench.clock.now() + 1))
    bench.poll()
    assert bench.counted() == 1
    bench.ledger.close()
    assert Bench(tmp_path).counted() == 1


def test_an_empty_file_is_a_new_ledger(tmp_path: Path) -> None:
    """That is what is left when a process dies while it creates the file: nothing to keep."""
    (tmp_path / FILE).touch()
    assert Bench(tmp_path).ledger.errors == 0


def test_damaged_files_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """Two within one second have two names."""
    for number in range(3):
        (tmp_path / FILE).write_bytes(bytes([65 + number]) * 5000)
        assert schema.move_aside(tmp_path / FILE).read_bytes()[0] == 65 + number
    assert len(list(tmp_path.iterdir())) == 3


def fill(path: Path, rows: int = 80_000) -> None:
    """More remembered sessions than SQLite keeps in its cache."""
    chance = random.Random(2)
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO sessions VALUES (1, ?, 0, ?)",
            ((chance.randbytes(16), START) for _row in range(rows)),
        )
    connection.close()


def spoil_while_open(path: Path) -> None:
    """Overwrite the greater part of the file behind the exporter's back."""
    with path.open("r+b") as file:
        file.seek(64 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 64 * 4096))


def breaking(directory: Path) -> Bench:
    """A ledger that has been damaged while it is open."""
    bench = lived_in(directory)
    bench.ledger.close()
    fill(directory / FILE)
    bench = Bench(directory, bench.clock)
    spoil_while_open(directory / FILE)
    return bench


def test_damage_while_open_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that breaks under a running exporter is replaced, said once, and polling goes on."""
    caplog.set_level("INFO")
    bench = breaking(tmp_path)
    generation = bench.view.generation
    bench.poll(*(finished(f"n{number}", bench.clock.now() + 1) for number in range(50)))
    assert bench.ledger.errors == 1
    assert len(list(tmp_path.glob(f"{FILE}.damaged-*[0-9Z]"))) == 1
    assert (bench.view.jobs, bench.view.up) == ((), True)
    bench.poll()
    bench.poll(finished("later", bench.clock.now() + 1))
    bench.poll()
    assert bench.counted() == 1
    assert bench.view.generation > generation
    bench.ledger.close()
    assert Bench(tmp_path).counted() == 1
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "INFO"]


def test_a_poll_that_was_under_way_is_no_first_poll_of_a_new_ledger(tmp_path: Path) -> None:
    """It was planned for the lost ledger and has not read the history that the new one wants."""
    bench = breaking(tmp_path)
    bench.ledger.register(subject(name="other"))
    recent = Poll(bench.clock.now(), 0.5, Traffic(), harvest(at=bench.clock.now()))
    bench.ledger.record("other", recent)
    under_way, _open = bench.ledger.plan("other")
    bench.poll(*(finished(f"n{number}", bench.clock.now() + 1) for number in range(50)))
    assert bench.ledger.errors == 1
    bench.ledger.record("other", recent)
    afterwards, _open = bench.ledger.plan("other")
    assert (under_way.first, afterwards.first) == (False, True)
    bench.ledger.record("other", recent)
    assert bench.ledger.record("other", recent).polls == 3


def test_damage_that_cannot_be_replaced_waits(tmp_path: Path) -> None:
    """While not even a new file can be made, what was published stays."""
    bench = breaking(tmp_path)
    jobs = bench.view.jobs
    hidden = tmp_path.with_name("elsewhere")
    tmp_path.rename(hidden)
    for expected in (1, 2):
        bench.poll(*(finished(f"n{number}", bench.clock.now() + 1) for number in range(50)))
        assert (bench.ledger.errors, bench.view.jobs) == (expected, jobs)
    hidden.rename(tmp_path)
    bench.poll()
    bench.poll()
    bench.poll(finished("later", bench.clock.now() + 1))
    bench.poll()
    assert (bench.ledger.errors, bench.counted()) == (3, 1)


def test_a_result_that_does_not_exist_is_damage(tmp_path: Path) -> None:
    """A flipped byte in a row of memory is noticed when it is read."""
    bench = lived_in(tmp_path)
    damage_row(tmp_path / FILE, "UPDATE sessions SET result = 99")
    bench.poll(finished("a", START + 61))
    assert bench.ledger.errors == 1
    assert list(tmp_path.glob(f"{FILE}.damaged-*"))
