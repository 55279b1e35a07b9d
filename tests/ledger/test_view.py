"""What is shown: facts about the past stay, claims about now are withdrawn."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from exporter.errors import AuthenticationFailed, TimedOut
from exporter.ledger.entry import Poll
from exporter.ledger.publish import MOST_OPEN
from exporter.model import (
    Bottleneck,
    Harvest,
    Job,
    Reports,
    Result,
    ServerInfo,
    State,
    Statistics,
    Traffic,
)
from exporter.view import DURATION_BUCKETS, JobNow
from tests.ledger.world import REPORTS, SERVER, START, Bench, finished, listed, running, subject


def now_of(bench: Bench) -> JobNow:
    """What the only job is doing, apart from the sessions one by one."""
    now = bench.job().now
    assert now is not None
    return replace(now, open=())


def test_claims_about_now_go_when_they_are_stale_and_not_before() -> None:
    """Running sessions, `enabled` and `next_run` stand until `stale_after`, facts for ever."""
    bench = Bench()
    job = Job("j1", "One", ("Backup",), enabled=True, next_run=START + 999)
    bench.poll(finished("h", START - 60), running("r", START), jobs=[job])
    for _failure in range(15):
        bench.fail(TimedOut("no answer"))
    (identity,) = bench.view.identities
    assert (identity.enabled, identity.next_run) == (True, START + 999)
    assert now_of(bench) == JobNow(running=1, oldest_start=START)
    bench.fail(TimedOut("no answer"), after=1.0)
    (identity,) = bench.view.identities
    assert (identity.enabled, identity.next_run, identity.job_name) == (None, None, "One")
    assert bench.job().now is None
    assert bench.job().last is not None
    assert (bench.view.up, bench.view.failures) == (False, {"timeout": 16})


def test_claims_become_stale_without_a_poll() -> None:
    """Also while a poll hangs: a view may be asked for at any time."""
    bench = Bench()
    bench.poll(running("r", START))
    bench.clock.advance(901.0)
    (job,) = bench.ledger.view(SERVER).jobs
    assert job.now is None


def test_a_clock_that_is_set_back_does_not_keep_claims() -> None:
    """After our clock fell back by a day a dead server is not shown as working for a day."""
    bench = Bench()
    bench.poll(running("r", START))
    bench.clock.wall -= 86400.0
    assert bench.ledger.view(SERVER).jobs[0].now is None


def test_after_a_restart_facts_stand_and_the_server_is_down(tmp_path: Path) -> None:
    """Until the first poll the server is not up; what was is still told."""
    bench = Bench(tmp_path)
    bench.poll(finished("h", START - 60, Result.FAILED), running("r", START))
    bench.ledger.close()
    again = Bench(tmp_path, bench.clock)
    assert (again.view.up, again.view.next_poll) == (False, None)
    assert again.view.last_successful_poll == bench.view.last_successful_poll
    assert again.job() == bench.job()
    bench.clock.advance(901.0)
    later = again.ledger.view(SERVER).jobs[0]
    assert (later.now, later.consecutive_failures) == (None, 1)


def test_a_job_that_never_ran_has_no_last_session() -> None:
    """It is there with zeros: never is not now."""
    bench = Bench()
    bench.poll(jobs=listed("j1"))
    job = bench.job()
    assert (job.last, job.runs, job.last_success, job.now) == (None, (), 0.0, JobNow())
    assert job.last_result_ends == dict.fromkeys(Result, 0.0)


def test_the_last_session_is_the_newest_by_end() -> None:
    """A session that started earlier but ended later is the last one, whenever it is listed."""
    bench = Bench()
    bench.poll()
    bench.poll(finished("new", START + 100), finished("old", START + 50))
    bench.poll(finished("late", START + 70, Result.FAILED))
    job = bench.job()
    assert job.last is not None
    assert (job.last.id, [run.id for run in job.runs]) == ("new", ["old", "late", "new"])
    assert (job.last_success, job.consecutive_failures) == (START + 100, 0)


def test_the_oldest_running_session_speaks() -> None:
    """Progress and start are those of the running session that began first; queued ones wait."""
    bench = Bench()
    half = Statistics(progress_ratio=0.5)
    bench.poll(
        running("b", START + 5),
        running("a", START + 1, statistics=half),
        running("n", None),
        running("q", None, state=State.QUEUED),
    )
    assert now_of(bench) == JobNow(3, 1, START + 1, half)
    bench.poll(gone=("a", "b", "n"))
    assert now_of(bench) == JobNow(queued=1)


def test_open_sessions_are_told_one_by_one() -> None:
    """Oldest first, those without a start last; of very many the newest."""
    bench = Bench()
    bench.poll(running("b", START + 5), running("a", START + 1), running("n", None))
    now = bench.job().now
    assert now is not None
    assert [session.id for session in now.open] == ["a", "b", "n"]
    bench.poll(*(running(f"m{number}", START + 10 + number) for number in range(40)))
    now = bench.job().now
    assert now is not None
    assert (now.running, len(now.open), now.open[-2].id) == (43, MOST_OPEN, "m39")


def test_the_objective_is_told() -> None:
    """Its age comes from the configuration, by name and type."""
    assert Bench(about=subject(max_age=93600.0)).view.jobs == ()
    bench = Bench(about=subject(max_age=93600.0))
    bench.poll(jobs=listed("j1"))
    assert bench.job().objective_max_age == 93600.0


def test_hidden_jobs_are_kept_and_counted() -> None:
    """What the configuration excludes is not shown, but comes back whole when it is included."""
    about = subject(admits=lambda name, type_: name != "Job j1" and type_ != "Copy")
    bench = Bench(about=about)
    bench.poll(jobs=listed("j1", "j2", types=("Backup", "Copy")))
    bench.poll(finished("x", bench.clock.now() + 1))
    assert [(job.job_id, job.session_type) for job in bench.view.jobs] == [("j2", "Backup")]
    assert [job.job_id for job in bench.view.identities] == ["j2"]
    assert set(bench.view.durations) == {"Backup"}
    bench.view = bench.ledger.register(subject())
    assert bench.counted() == 1
    assert set(bench.view.durations) == {"Backup", "Copy"}


def test_the_most_recently_active_type_speaks_for_a_job() -> None:
    """Without a job list names may differ by type; a session without a job has no identity."""
    bench = Bench()
    bench.poll(
        finished("a", START + 1, name="older", type_="Backup"),
        finished("b", START + 2, name="newer", type_="Copy"),
        finished("c", START + 3, job="", name=""),
    )
    assert [(job.job_id, job.job_name) for job in bench.view.identities] == [("j1", "newer")]


def test_success_is_what_the_configuration_says() -> None:
    """A warning is a success unless it is configured otherwise."""
    for accepted, newest in [(("success", "warning"), START + 2), (("success",), START + 1)]:
        bench = Bench(about=subject(success_results=accepted))
        bench.poll(finished("a", START + 1), finished("b", START + 2, Result.WARNING))
        assert bench.job().last_success == newest


def test_bottlenecks_are_those_the_product_can_say() -> None:
    """They follow the product's table as it is now, also for jobs that were known before."""
    bench = Bench()
    bench.poll(jobs=listed("j1"))
    assert bench.job().bottlenecks == REPORTS.bottlenecks
    bench.view = bench.ledger.register(subject(Reports(bottlenecks=(Bottleneck.WAN,))))
    assert bench.job().bottlenecks == (Bottleneck.WAN,)


def test_what_polling_took_is_told() -> None:
    """Requests, logons, failures and the last error; facts that a poll did not tell stay."""
    bench = Bench()
    info = ServerInfo("8.0", "v8")
    brought = Harvest((), server_time=START, info=info, data_time=5.0, endpoints={"jobs": True})
    told = Traffic({"200": 2}, 1, 0.5, True, START + 99)
    bench.view = bench.ledger.record(SERVER, Poll(START, 1.5, told, brought, next_poll=START + 60))
    bench.fail(AuthenticationFailed("the password is refused"), requests={"401": 1}, logons=1)
    view = bench.view
    assert (view.polls, view.logons, view.failures) == (2, 2, {"auth": 1})
    assert (view.info, view.data_time, view.clock_offset) == (info, 5.0, 0.5)
    assert (view.tls_verified, view.certificate_expiry) == (True, START + 99)
    assert (view.last_error, view.up) == ("the password is refused", False)
    assert view.endpoints == {"jobs": True, "sessions": False}
    bench.poll()
    assert (bench.view.last_error, bench.view.up) == ("", True)


@pytest.mark.parametrize(
    ("server_time", "offset", "cursor"),
    [
        (START + 70, 70.0, START + 70),
        (None, 70.0, START + 70),
        (START + 70, None, START + 70),
        (None, None, START),
    ],
)
def test_both_clocks_are_taken_from_what_is_told(
    server_time: float | None, offset: float | None, cursor: float
) -> None:
    """The server's time and its offset follow from each other where only one is known."""
    poll = Poll(START, 1.0, Traffic(clock_offset=offset), Harvest((), server_time=server_time))
    moment = poll.moment()
    assert (moment.now, moment.noticed, moment.offset) == (START, cursor, cursor - START)


def test_the_first_window_reads_the_lookback() -> None:
    """And if the first poll comes later than that, back to when the server was configured."""
    bench = Bench(about=subject(lookback=3600.0))
    window, open_sessions = bench.ledger.plan(SERVER)
    assert (window.first, window.start, open_sessions) == (True, START - 3600.0, ())
    bench.fail(TimedOut("down"), after=86400.0)
    assert bench.ledger.plan(SERVER)[0].start == START - 900.0
    bench.poll(finished("x", START + 60))
    bench.poll()
    assert bench.counted() == 1


def test_later_windows_overlap_and_name_what_is_open() -> None:
    """They begin `overlap` before the cursor, and each open session is named to be followed."""
    bench = Bench()
    row = running("r", START)
    bench.poll(row, offset=50.0)
    window, (open_session,) = bench.ledger.plan(SERVER)
    assert (window.first, window.start) == (False, START + 60 + 50 - 900)
    assert (open_session.session, open_session.seen) == (row, START + 110)


def test_a_server_in_the_year_2000_is_not_read_from_the_beginning() -> None:
    """A clock that fell back by years does not make a poll read the whole history."""
    bench = Bench()
    bench.poll()
    bench.poll(offset=-26 * 365 * 86400.0)
    assert bench.ledger.plan(SERVER)[0].start > START - 5 * 86400.0


def test_jobs_beyond_the_limit_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The number is a gauge; the log tells when it begins."""
    bench = Bench(about=subject(max_jobs=1))
    for _poll in range(3):
        bench.poll(jobs=listed("j1", "j2", "j3"))
    assert bench.view.dropped_jobs == 2
    assert len([r for r in caplog.records if "max_jobs" in r.message]) == 1


def test_durations_are_cumulative() -> None:
    """Each bucket holds what is shorter too, the last one all."""
    bench = Bench()
    bench.poll(jobs=listed("j1"))
    now = bench.clock.now()
    bench.poll(
        finished("a", now + 30, started=now), finished("b", now + 50, started=now + 50 - 400)
    )
    histogram = bench.view.durations["Backup"]
    assert histogram.counts == (1, 1, *[2] * (len(DURATION_BUCKETS) - 1))
    assert histogram.sum == 430.0


def test_commits_are_timed() -> None:
    """Each poll is one commit in the histogram, told as soon as the next one has written it."""
    bench = Bench()
    for _poll in range(4):
        bench.poll()
    assert bench.ledger.commits().counts[-1] == 3
    assert bench.ledger.commits().sum > 0.0
