"""What people do with a ledger, also beside a running exporter."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.errors import LedgerError, LedgerInUse
from exporter.ledger.inspect import Forgotten, check, forget, show
from exporter.ledger.report import render_report, report_as_dict
from exporter.ledger.schema import FILE, MIGRATIONS
from exporter.ledger.state import Key
from exporter.model import Result
from tests.ledger.world import SERVER, START, Bench, finished, listed, running


def lived_in(directory: Path) -> Bench:
    bench = Bench(directory)
    jobs = listed("j1", "j2", types=("Backup", "Copy"))
    bench.poll(finished("h", START - 60), jobs=jobs)
    bench.poll(
        finished("a", START + 70, Result.FAILED),
        finished("b", START + 80),
        running("o", START + 90, job="j2"),
        jobs=jobs,
    )
    return bench


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A ledger whose exporter was stopped."""
    lived_in(tmp_path).ledger.close()
    return tmp_path


def change(directory: Path, statement: str) -> None:
    with sqlite3.connect(directory / FILE) as connection:
        connection.execute(statement)
    connection.close()


def trace(directory: Path) -> dict[str, bytes]:
    """Every file and what is in it, apart from the shared index of the log."""
    return {
        path.name: path.read_bytes() for path in directory.iterdir() if path.suffix != ".db-shm"
    }


# ---- show ----


def test_show_tells_what_is_counted(stopped: Path) -> None:
    """Every server with its cursor, open sessions and jobs."""
    report = show(stopped)
    (server,) = report.servers
    assert (report.schema, report.errors, report.remembered_sessions) == (len(MIGRATIONS), 0, 3)
    assert report.size_bytes == (stopped / FILE).stat().st_size
    assert (server.name, server.counted_since, server.cursor) == (SERVER, START, START + 120)
    (open_session,) = server.open_sessions
    assert (open_session.id, open_session.job_id, open_session.state) == ("o", "j2", "running")
    job = server.jobs[0]
    assert (job.job_id, job.session_type, job.last_result) == ("j1", "Backup", Result.SUCCESS)
    assert (job.finished[Result.SUCCESS], job.finished[Result.FAILED]) == (1, 1)


def test_show_leaves_no_trace_of_itself(stopped: Path) -> None:
    """Not a byte changes and no file appears, whoever looks."""
    before = trace(stopped)
    show(stopped)
    check(stopped)
    assert trace(stopped) == before


@pytest.mark.parametrize("name", ["j2", "Job j2"])
def test_show_one_job(stopped: Path, name: str) -> None:
    """By id or by name, with all its types and its open sessions alone."""
    (server,) = show(stopped, SERVER, name).servers
    assert {job.job_id for job in server.jobs} == {"j2"}
    assert len(server.jobs) == 2
    assert [item.id for item in server.open_sessions] == ["o"]
    assert show(stopped, job="j1").servers[0].open_sessions == ()


def test_names_that_are_not_there_are_answered_with_those_that_are(stopped: Path) -> None:
    """A mistyped name shows what could have been meant."""
    with pytest.raises(LedgerError, match=r"no server 'm635'; it knows 'm365'$"):
        show(stopped, "m635")
    with pytest.raises(LedgerError, match=r"no job 'j9'; it knows 'Job j1', 'Job j2'$"):
        show(stopped, SERVER, "j9")
    with pytest.raises(LedgerError, match="no job 'j9'"):
        forget(stopped, SERVER, "j9")
    with pytest.raises(LedgerError, match="no server 'm635'"):
        forget(stopped, "m635")


def test_runs_without_a_job_are_no_name_to_choose(tmp_path: Path) -> None:
    """An empty name among those that exist would help nobody."""
    bench = Bench(tmp_path)
    bench.poll(finished("r", START + 70, job="", name=""), jobs=listed("j1"))
    bench.ledger.close()
    with pytest.raises(LedgerError, match=r"it knows 'Job j1'$"):
        show(tmp_path, SERVER, "j9")


def test_many_names_are_not_all_told(tmp_path: Path) -> None:
    """A sentence stays a sentence with a thousand jobs."""
    bench = Bench(tmp_path)
    bench.poll(jobs=listed(*(f"j{number}" for number in range(50))))
    bench.ledger.close()
    with pytest.raises(LedgerError, match=r"and 30 more$"):
        show(tmp_path, SERVER, "x")


def test_no_ledger_is_said_and_none_is_made(tmp_path: Path) -> None:
    """Looking into a wrong directory creates nothing there."""
    for operation in (show, check, lambda directory: forget(directory, SERVER)):
        with pytest.raises(LedgerError, match="there is no ledger in"):
            operation(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("PRAGMA user_version = 0", "older version"),
        ("PRAGMA user_version = 99", "newer version"),
        ("PRAGMA application_id = 1", "another program"),
    ],
)
def test_files_that_cannot_be_judged_are_refused(
    stopped: Path, statement: str, sentence: str
) -> None:
    """Another version's file, or another program's, is named as such."""
    change(stopped, statement)
    for operation in (show, check):
        with pytest.raises(LedgerError, match=sentence):
            operation(stopped)


def test_a_damaged_file_is_a_sentence(stopped: Path) -> None:
    """And stays where it is: only an exporter that starts moves it aside."""
    change(stopped, "UPDATE jobs SET state = '{'")
    for operation in (show, lambda directory: forget(directory, SERVER)):
        with pytest.raises(LedgerError, match="cannot be read"):
            operation(stopped)
    assert [path.name for path in stopped.glob(f"{FILE}*")] == [FILE]


# ---- rendering ----


def test_the_report_as_text(stopped: Path) -> None:
    """Plain, aligned, each table under its heads."""
    text = render_report(show(stopped))
    assert text.endswith("\n")
    lines = text.splitlines()
    assert lines[0].endswith("3 sessions remembered, 0 errors")
    assert "  counted since       2027-01-15T08:00:00Z" in lines
    head = next(line for line in lines if line.startswith("  JOB "))
    row = lines[lines.index(head) + 1]
    assert row[head.index("FAILED") :].split()[0] == "1"
    assert row[head.index("LAST RESULT") :].startswith("success")
    assert all(line == line.rstrip() for line in lines)


def test_the_text_of_an_empty_ledger(tmp_path: Path) -> None:
    """A server that was never polled shows dashes."""
    Bench(tmp_path).ledger.close()
    assert "  last complete poll  -" in render_report(show(tmp_path)).splitlines()


def test_names_cannot_move_the_cursor(tmp_path: Path) -> None:
    """Control characters of a name do not reach the terminal, and no time is impossible."""
    bench = Bench(tmp_path)
    bench.poll(running("x", -9e14, name="\x1b[2Jevil\nname"))
    bench.ledger.close()
    text = render_report(show(tmp_path))
    assert "?[2Jevil?name" in text
    assert "\x1b" not in text
    assert "  -900000000000000  " in text


def test_the_report_as_data(stopped: Path) -> None:
    """JSON with RFC 3339 times, the same for every script."""
    told = json.loads(json.dumps(report_as_dict(show(stopped))))
    server = told["servers"][0]
    assert server["counted_since"] == "2027-01-15T08:00:00Z"
    assert server["open_sessions"][0]["started"] == "2027-01-15T08:01:30Z"
    assert server["jobs"][0]["finished"]["failed"] == 1
    assert server["jobs"][1]["last_end"] is None


# ---- check ----


def test_a_sound_ledger_has_no_problems(stopped: Path) -> None:
    """Empty means fine."""
    assert check(stopped) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE servers SET state = '{}'", "server 'm365' cannot be read"),
        ("UPDATE jobs SET state = '[' WHERE job_id = 'j1'", "job 'j1' (Backup) cannot be read"),
        ("UPDATE jobs SET server = 9", "4 rows of jobs belong to no server"),
        ("UPDATE sessions SET server = 9", "3 rows of sessions belong to no server"),
        ("UPDATE sessions SET result = 9", "3 rows of sessions have a result"),
        (
            "UPDATE jobs SET state = replace(state, '\"success\":1', '\"success\":-1')",
            "a count is negative",
        ),
        ('UPDATE jobs SET state = replace(state, \'"id":"b"\', \'"id":"a"\')', "there twice"),
        ("UPDATE jobs SET state = replace(state, '1800000080.0', '1800000060.0')", "order"),
        ("UPDATE servers SET name = CAST(x'ff' AS TEXT)", "is damaged"),
    ],
)
def test_check_finds(stopped: Path, statement: str, problem: str) -> None:
    """Each kind of inconsistency is one sentence that names the place."""
    change(stopped, statement)
    problems = check(stopped)
    assert any(problem in line for line in problems)


def test_check_finds_broken_pages(stopped: Path) -> None:
    """A file that SQLite itself cannot read is said to be damaged."""
    path = stopped / FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (problem,) = check(stopped)
    assert "is damaged" in problem


# ---- forget ----


@pytest.mark.parametrize("name", ["j1", "Job j1"])
def test_a_forgotten_job_is_not_counted_again(stopped: Path, name: str) -> None:
    """Its series are gone, its ids are not: read again, its old sessions are nothing new."""
    assert forget(stopped, SERVER, name) == Forgotten(
        SERVER, (Key("j1", "Backup"), Key("j1", "Copy")), 0
    )
    assert check(stopped) == []
    bench = Bench(stopped)
    assert {job.job_id for job in bench.view.jobs} == {"j2"}
    bench.poll(
        finished("a", START + 70, Result.FAILED), finished("b", START + 80), jobs=listed("j1")
    )
    bench.poll()
    assert (bench.counted(), bench.ledger.sessions) == (0, 3)


def test_open_sessions_of_a_forgotten_job_are_not_followed(stopped: Path) -> None:
    """What is still open is listed again if it goes on."""
    assert forget(stopped, SERVER, "j2").open_sessions == 1
    assert Bench(stopped).ledger.plan(SERVER)[1] == ()


def test_a_forgotten_server_begins_anew(stopped: Path) -> None:
    """Nothing is left of it; if it is still configured it is a new server."""
    forgotten = forget(stopped, SERVER)
    assert (len(forgotten.jobs), forgotten.open_sessions) == (4, 1)
    assert show(stopped).servers == ()
    assert show(stopped).remembered_sessions == 0
    bench = Bench(stopped)
    window, _open = bench.ledger.plan(SERVER)
    assert (window.first, bench.view.jobs) == (True, ())


def test_a_name_of_two_jobs_is_not_guessed(tmp_path: Path) -> None:
    """Which one is meant must be said by its id."""
    bench = Bench(tmp_path)
    bench.poll(
        finished("a", START - 9, name="twin"), finished("b", START - 8, job="j2", name="twin")
    )
    bench.ledger.close()
    with pytest.raises(LedgerError, match=r"name one id of 'j1', 'j2'$"):
        forget(tmp_path, SERVER, "twin")


# ---- beside a running exporter ----


def run_exporter(directory: str) -> None:
    """In a process of its own: poll and hold the ledger open until told to poll again."""
    bench = lived_in(Path(directory))
    for _line in iter(sys.stdin.readline, ""):
        bench.poll(finished(f"n{bench.view.polls}", bench.clock.now() + 1), jobs=listed("j1"))
        sys.stdout.write(f"{bench.counted()} {bench.ledger.errors}\n")
        sys.stdout.flush()
    bench.ledger.close()


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """An exporter at work on `tmp_path`."""
    code = "import sys; from tests.ledger.test_inspect import run_exporter as r; r(sys.argv[1])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.communicate(timeout=10)


def poll(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("poll\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_looking_does_not_disturb_an_exporter(
    tmp_path: Path, exporter: subprocess.Popen[str]
) -> None:
    """Its commits are seen at once, its next ones succeed, and forgetting is refused."""
    for counted in (3, 4, 5):
        assert poll(exporter) == f"{counted} 0"
        (server,) = show(tmp_path, SERVER, "j1").servers
        assert sum(server.jobs[0].finished.values()) == counted
        assert check(tmp_path) == []
    with pytest.raises(LedgerInUse, match="stop it"):
        forget(tmp_path, SERVER, "j1")
    assert poll(exporter) == "6 0"


def test_looking_after_a_kill(tmp_path: Path, exporter: subprocess.Popen[str]) -> None:
    """What a killed exporter had committed is in its log, and is shown."""
    assert poll(exporter) == "3 0"
    exporter.kill()
    exporter.wait()
    assert sum(show(tmp_path, SERVER, "j1").servers[0].jobs[0].finished.values()) == 3
    assert check(tmp_path) == []
