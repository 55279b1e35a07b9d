"""Memory is bounded: a year of polls leaves a file that does not grow."""

import sqlite3
from pathlib import Path

from exporter.ledger import rules
from exporter.ledger.ledger import PRUNE_STEP
from exporter.ledger.news import Known
from exporter.ledger.reading import Own
from exporter.ledger.schema import FILE
from exporter.ledger.state import ServerState
from exporter.ledger.store import Store, Write
from exporter.model import Result, Session
from tests.ledger.world import DAY, HOUR, SERVER, START, Bench, finished, listed

JOBS = 100
STEP = 6
"""Hours between two polls."""


def size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob(f"{FILE}*"))


def due(bench: Bench, hours: int) -> list[Session]:
    """Every job runs once a day, each in its own hour; the window begins before the last poll."""
    return [
        finished(
            f"4f1c2a7e-{hour:08}-{job:04}",
            START + hour * HOUR + 1800.0,
            Result.FAILED if (hour + job) % 11 == 0 else Result.SUCCESS,
            job=f"j{job}",
            message="the target has no space left",
        )
        for hour in range(hours - STEP - 1, hours)
        if hour >= 0
        for job in range(hour % 24, JOBS, 24)
    ]


def test_a_year_does_not_make_the_file_grow(tmp_path: Path) -> None:
    """Polls of a hundred daily jobs: after the first months the size stays the same."""
    bench = Bench(tmp_path)
    bench.ledger._store._connection.execute("PRAGMA synchronous = OFF")  # for speed alone
    jobs = listed(*(f"j{job}" for job in range(JOBS)))
    bench.poll(jobs=jobs, after=0.0)
    sizes: list[int] = []
    most = 0
    for hours in range(STEP, 365 * 24 + 1, STEP):
        bench.poll(*due(bench, hours), jobs=jobs, after=STEP * HOUR)
        most = max(most, bench.ledger.sessions)
        if hours % (30 * 24) == 0:
            sizes.append(size(tmp_path))
    assert most <= JOBS * (rules.RETENTION + PRUNE_STEP) / DAY + STEP * JOBS / 24
    assert max(sizes[2:]) <= sizes[1] * 1.05
    assert bench.ledger.sessions == count_in_file(bench)
    assert sum(bench.counted(f"j{job}") for job in range(JOBS)) == counted_in(365 * 24)


def count_in_file(bench: Bench) -> int:
    """What the file says."""
    row = bench.ledger._store._connection.execute("SELECT count(*) FROM sessions").fetchone()
    return int(row[0])


def counted_in(hours: int) -> int:
    return sum(len(range(hour % 24, JOBS, 24)) for hour in range(hours))


def test_old_ids_are_pruned_although_the_exporter_restarts_often(tmp_path: Path) -> None:
    """Restarts more often than the step of pruning do not keep ids for ever."""
    bench = Bench(tmp_path)
    bench.poll()
    for number in range(40):
        bench.poll(finished(f"x{number}", bench.clock.now() + 1), after=PRUNE_STEP / 2)
        bench.ledger.close()
        bench = Bench(tmp_path, bench.clock)
    assert bench.ledger.sessions <= rules.RETENTION / (PRUNE_STEP / 2) + 2


def test_a_remembered_session_is_small(tmp_path: Path) -> None:
    """Whatever a session's id looks like, it costs well below 150 bytes."""
    store = Store(tmp_path)
    state = ServerState(baseline=START)
    server = store.add_server(SERVER, state)
    number = 20_000
    facts = {
        f"urn:veeam:BackupJobSession:{n:08}-5d3c-4e7f-9a4b-1c2d3e4f5a6b": Known(
            Result.SUCCESS, START + n
        )
        for n in range(number)
    }
    store.commit(server, Write(state, {}, remembered=facts), Own())
    assert len(store.known(server, list(facts)[:1000])) == 1000
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    assert pages * 4096 / number < 150
