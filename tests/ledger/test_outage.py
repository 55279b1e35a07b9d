"""While the ledger cannot be written polling goes on, new numbers wait, nothing counts twice."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from exporter.errors import LedgerError, TimedOut
from exporter.ledger.entry import Poll
from exporter.ledger.rules import RETENTION
from exporter.ledger.schema import FILE
from exporter.model import Result, Session, Traffic
from tests.ledger.world import DAY, SERVER, Bench, finished, harvest, listed, running, subject


@contextmanager
def full(bench: Bench) -> Iterator[None]:
    """The disk is full: the file may not grow by a page, and no free page is left in it."""
    connection: sqlite3.Connection = bench.ledger._store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def held(bench: Bench) -> Iterator[None]:
    """Another program holds a write lock on the file."""
    bench.ledger._store._connection.execute("PRAGMA busy_timeout = 0")
    assert bench.ledger._store.path is not None
    with sqlite3.connect(bench.ledger._store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
    other.close()


@contextmanager
def read_only(bench: Bench) -> Iterator[None]:
    """The directory has become read-only."""
    connection: sqlite3.Connection = bench.ledger._store._connection
    connection.execute("PRAGMA query_only = 1")
    yield
    connection.execute("PRAGMA query_only = 0")


def wordy_failures(since: float, number: int) -> list[Session]:
    """Sessions that need room in the file."""
    return [
        finished(f"n{n}", since + n / 100, Result.FAILED, message="x" * 900) for n in range(number)
    ]


Outage = Callable[[Bench], "contextmanager[None]"]


@pytest.mark.parametrize("outage", [full, held, read_only])
def test_new_numbers_wait_and_come_once(
    tmp_path: Path, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    """Through three failed commits what was published stays; then each session counts once."""
    caplog.set_level("INFO")
    bench = Bench(tmp_path)
    bench.poll(running("r", bench.clock.now()), jobs=listed("j1"), requests={"200": 1})
    bench.poll(running("r", bench.clock.now()), jobs=listed("j1"))
    plan, jobs, polls = bench.ledger.plan(SERVER), bench.view.jobs, bench.view.polls
    now = bench.clock.now()
    rows = wordy_failures(now, 60)
    with outage(bench):  # type: ignore[operator]
        for _poll in range(3):
            bench.poll(*rows, finished("r", now + 70), jobs=listed("j1"), requests={"200": 5})
            assert (bench.view.jobs, bench.view.polls, bench.view.up) == (jobs, polls, True)
        assert bench.ledger.plan(SERVER) == plan
        assert bench.ledger.errors == 3
    bench.poll(*rows, finished("r", now + 70), jobs=listed("j1"))
    bench.poll(*rows, finished("r", now + 70), jobs=listed("j1"))
    assert (bench.counted(), bench.view.polls, bench.ledger.errors) == (61, polls + 5, 3)
    assert bench.view.requests == {"200": 16}
    assert bench.ledger.sessions == 61
    told = [record.levelname for record in caplog.records if "ledger" in record.message]
    assert told == ["ERROR", "INFO"]
    bench.ledger.close()
    again = Bench(tmp_path, bench.clock)
    assert (again.counted(), again.ledger.errors) == (61, 3)


def test_claims_are_withdrawn_when_the_outage_lasts(tmp_path: Path) -> None:
    """What cannot be remembered cannot be shown: running sessions go when they become stale."""
    bench = Bench(tmp_path)
    bench.poll(running("r", bench.clock.now()))
    with full(bench):
        rows = [
            finished(f"n{n}", bench.clock.now(), Result.FAILED, message="x" * 900)
            for n in range(60)
        ]
        bench.poll(*rows, after=800.0)
        assert bench.job().now is not None
        bench.poll(*rows, after=101.0)
    assert bench.job().now is None


def test_failed_polls_are_counted_after_an_outage(tmp_path: Path) -> None:
    """Failures of polls that could not be written are added when they can be."""
    bench = Bench(tmp_path)
    bench.poll()
    with held(bench):
        bench.fail(TimedOut("no answer"))
        bench.fail(TimedOut("no answer"))
        assert bench.view.failures == {}
        assert bench.view.last_error == "no answer"
    bench.fail(TimedOut("no answer"))
    assert bench.view.failures == {"timeout": 3}


def test_a_server_added_during_an_outage_counts_from_then(tmp_path: Path) -> None:
    """A new server is polled although it cannot be written down yet."""
    bench = Bench(tmp_path)
    about = subject(name="new")
    with held(bench):
        bench.ledger.register(about)
        assert bench.ledger.errors == 1
    started = bench.clock.now()
    bench.subject = about
    for _poll in range(2):
        record(bench, "new", finished("n", started + 30))
    assert sum(bench.job().totals.finished.values()) == 1


def record(bench: Bench, name: str, *sessions: Session) -> None:
    """A complete poll of a server other than the bench's own."""
    bench.clock.advance(60.0)
    now = bench.clock.now()
    brought = harvest(*sessions, at=now)
    bench.view = bench.ledger.record(name, Poll(now, 0.5, Traffic(), brought))


def small_disk(directory: Path) -> None:
    """In a process of its own: poll until the disk is full, make room, poll on. Told by prints."""
    bench = Bench(directory)
    bench.poll()
    ballast = directory / "ballast"
    free = shutil.disk_usage(directory).free
    ballast.write_bytes(bytes(max(0, free - 64 * 1024)))
    now = bench.clock.now()
    rows = wordy_failures(now, 3000)
    bench.poll(*rows)
    sys.stdout.write(f"{bench.ledger.errors} ")
    ballast.unlink()
    bench.poll(*rows)
    bench.poll(*rows)
    sys.stdout.write(f"{bench.counted()} {bench.ledger.errors}")
    bench.ledger.close()


@pytest.fixture
def small_mount(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, where this user may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount, and not everywhere")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_disk_that_is_really_full(small_mount: Path) -> None:
    """On a file system without a free block the same holds, and room heals it."""
    code = "import sys, pathlib; from tests.ledger.test_outage import small_disk;"
    run = subprocess.run(
        [sys.executable, "-c", code + "small_disk(pathlib.Path(sys.argv[1]))", str(small_mount)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "1 3000 1"


def test_no_start_on_a_full_disk(small_mount: Path) -> None:
    """Starting is refused with the reason: nothing could be remembered from the first poll on."""
    Bench(small_mount).ledger.close()
    with (small_mount / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(bytes(4096)):
            pass
    with pytest.raises(LedgerError, match="room on its disk"):
        Bench(small_mount)


def small_files(directory: Path) -> None:
    """In a process of its own: files may not grow beyond a limit for a while."""
    bench = Bench(directory)
    bench.poll()
    now = bench.clock.now()
    rows = wordy_failures(now, 3000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, resource.RLIM_INFINITY))
    bench.poll(*rows)
    sys.stdout.write(f"{bench.ledger.errors} ")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    bench.poll(*rows)
    bench.poll(*rows)
    sys.stdout.write(f"{bench.counted()} {bench.ledger.errors}")
    bench.ledger.close()


def test_a_write_that_breaks_off_in_the_middle(tmp_path: Path) -> None:
    """A commit that the system cuts short leaves nothing half done."""
    code = (
        "import sys, pathlib, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from tests.ledger.test_outage import small_files; small_files(pathlib.Path(sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "1 3000 1"
    assert (tmp_path / FILE).is_file()


def test_a_cache_that_was_not_refreshed_is_read_from_where_it_stood(tmp_path: Path) -> None:
    """What ended meanwhile comes with its own times: it is read, and counts, also later."""
    bench = Bench(tmp_path)
    refreshed = bench.clock.now() - 300.0
    for _poll in range(5):
        stale = harvest(running("r", refreshed), jobs=listed("j1"), at=bench.clock.now())
        bench.hand_over(msgspec.structs.replace(stale, data_time=refreshed), Traffic())
        bench.clock.advance(3600.0)
    bench.ledger.close()
    bench = Bench(tmp_path, bench.clock)  # a restart changes nothing about it
    window, _open = bench.ledger.plan(SERVER)
    assert window.start == refreshed - bench.subject.config.overlap
    ended = refreshed + 900.0
    now = bench.clock.now()
    late = harvest(finished("late", ended), finished("r", ended), jobs=listed("j1"), at=now)
    bench.hand_over(msgspec.structs.replace(late, data_time=now - 60.0), Traffic())
    assert bench.counted() == 2
    assert bench.ledger.plan(SERVER)[0].start == now - 60.0 - bench.subject.config.overlap


def test_a_cache_that_is_never_refreshed_is_read_as_far_as_memory_reaches(tmp_path: Path) -> None:
    """What it shows of older times could not be told from what was counted."""
    bench = Bench(tmp_path)
    refreshed = bench.clock.now()
    for _day in range(9):
        stale = harvest(jobs=listed("j1"), at=bench.clock.now())
        bench.hand_over(msgspec.structs.replace(stale, data_time=refreshed), Traffic())
        bench.clock.advance(DAY)
    window, _open = bench.ledger.plan(SERVER)
    last = bench.clock.now() - DAY
    assert window.start == last - RETENTION - bench.subject.config.overlap
