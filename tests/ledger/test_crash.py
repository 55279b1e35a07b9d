"""kill -9 at any moment: what was counted is counted, and nothing twice."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from exporter.ledger.inspect import check
from exporter.ledger.ledger import Ledger
from exporter.model import Session
from tests.ledger.world import START, Bench, HandClock, finished

JOBS = 20
POLLS = 40


def sessions_of(poll: int) -> list[Session]:
    """One new session of each job ends with each poll."""
    return [
        finished(f"s{poll}-{job}", START + 60.0 * poll - 30.0, job=f"j{job}") for job in range(JOBS)
    ]


def live(directory: Path) -> None:
    """Poll on from wherever the ledger stands, telling after each commit how far it is."""
    bench = at_work(directory)
    window, _open = bench.ledger.plan("m365")
    done = 0 if window.first else round((window.start + 900.0 - START) / 60.0)
    for poll in range(done + 1, POLLS + 1):
        bench.clock.wall = START + 60.0 * poll
        overlap = range(max(1, poll - 3), poll + 1)
        bench.poll(*(row for number in overlap for row in sessions_of(number)), after=0.0)
        sys.stdout.write(f"{poll} {bench.counted('j0')}\n")
        sys.stdout.flush()
    bench.ledger.close()


def at_work(directory: Path) -> Bench:
    bench = Bench(directory, HandClock(START))
    if not bench.view.jobs:
        bench.poll(after=0.0)
    return bench


def child(directory: Path) -> subprocess.Popen[str]:
    code = (
        "import sys, pathlib; from tests.ledger.test_crash import live;"
        "live(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_kill_9_at_random_moments_counts_exactly(tmp_path: Path) -> None:
    """After each kill the totals are those of the last commit, and in the end all are exact."""
    chance = random.Random(5)
    told = 0
    for _kill in range(10):
        process = child(tmp_path)
        assert process.stdout is not None
        wanted = told + chance.randint(1, 4)
        for line in process.stdout:
            poll, _counted = map(int, line.split())
            assert poll > told
            told = max(told, poll)
            if poll >= wanted:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if told >= POLLS:
            break
        assert check(tmp_path) == []
    live(tmp_path)
    bench = at_work(tmp_path)
    bench.poll()
    assert [bench.counted(f"j{job}") for job in range(JOBS)] == [POLLS] * JOBS


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    """A killed exporter leaves no lock behind that somebody must remove."""
    process = child(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    Ledger(tmp_path, HandClock()).close()
