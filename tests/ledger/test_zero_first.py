"""A counter is seen at 0 before its first increment, or Prometheus would not see it rise."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.errors import HttpFailed
from exporter.ledger.ledger import ZERO_HELD, ZERO_POLLS
from exporter.model import Result, Statistics, Traffic
from tests.ledger.world import SERVER, Bench, HandClock, finished, harvest, listed


class Scraper:
    """Tells the ledger which generation was read last."""

    def __init__(self) -> None:
        self.read = -1

    def __call__(self, server: str) -> int:
        assert server == SERVER
        return self.read


def bench_with(
    scraper: Scraper, directory: Path | None = None, clock: HandClock | None = None
) -> Bench:
    return Bench(directory, clock, served=scraper)


def new(bench: Bench, id_: str = "x", result: Result = Result.SUCCESS) -> None:
    told = Statistics(transferred_bytes=7.0)
    bench.poll(finished(id_, bench.clock.now() + 1, result, statistics=told))


def histogram(bench: Bench) -> int:
    return bench.view.durations["Backup"].counts[-1]


def sums(bench: Bench) -> tuple[float | None, ...]:
    return (bench.counted(), bench.job().totals.transferred_bytes, histogram(bench))


def test_a_new_job_is_zero_until_it_was_read() -> None:
    """Its sums stay hidden however many polls pass unread, and come whole with the next poll."""
    scraper = Scraper()
    bench = bench_with(scraper)
    bench.poll()
    for number in range(3):
        new(bench, f"x{number}")
        assert (bench.counted(), bench.job().totals.transferred_bytes, histogram(bench)) == (
            0,
            0,
            0,
        )
    scraper.read = bench.view.generation
    bench.poll()
    assert sums(bench) == (3, 21, 3)


def test_reading_a_generation_before_the_job_is_not_enough() -> None:
    """Somebody must have read a page on which the series stood at 0."""
    scraper = Scraper()
    bench = bench_with(scraper)
    bench.poll()
    scraper.read = bench.view.generation
    new(bench)
    bench.poll()
    assert bench.counted() == 0


def test_a_zero_that_nobody_reads_is_held_for_its_time() -> None:
    """Without scrapes the sums come after five minutes."""
    bench = bench_with(Scraper())
    bench.poll()
    new(bench)
    bench.poll(after=ZERO_HELD - 1.0)
    assert bench.counted() == 0
    bench.poll(after=1.0)
    assert (bench.counted(), histogram(bench)) == (1, 1)


def test_facts_are_not_held_back() -> None:
    """Only counters wait; what the last session was is told at once."""
    bench = bench_with(Scraper())
    bench.poll()
    new(bench, result=Result.FAILED)
    job = bench.job()
    assert job.last is not None
    assert (job.last.result, job.consecutive_failures) == (Result.FAILED, 1)


def test_a_listed_job_is_announced_before_its_first_run() -> None:
    """The usual case costs nothing: its zeros were read long before."""
    scraper = Scraper()
    bench = bench_with(scraper)
    bench.poll(jobs=listed("j1"))
    assert bench.job().totals.finished == dict.fromkeys(Result, 0)
    scraper.read = bench.view.generation
    new(bench)
    assert (bench.counted(), histogram(bench)) == (1, 1)


def test_a_restart_shows_an_unread_zero_again(tmp_path: Path) -> None:
    """What nobody has read before the restart begins at 0 after it."""
    scraper = Scraper()
    bench = bench_with(scraper, tmp_path)
    bench.poll()
    new(bench)
    bench.ledger.close()
    bench = bench_with(scraper, tmp_path, bench.clock)
    assert (bench.counted(), histogram(bench)) == (0, 0)
    scraper.read = bench.view.generation
    bench.poll()
    assert (bench.counted(), histogram(bench)) == (1, 1)


def test_what_was_read_stays_whole_after_a_restart(tmp_path: Path) -> None:
    """An announced counter never falls back to 0."""
    bench = Bench(tmp_path)
    bench.poll()
    new(bench)
    bench.poll()
    bench.ledger.close()
    assert bench_with(Scraper(), tmp_path, bench.clock).counted() == 1


def test_a_status_code_is_zero_first() -> None:
    """Also when it comes with a failed poll."""
    scraper = Scraper()
    bench = bench_with(scraper)
    bench.poll(requests={"200": 3})
    assert bench.view.requests == {"200": 0}
    scraper.read = bench.view.generation
    bench.fail(HttpFailed("500"), requests={"200": 1, "500": 4})
    assert bench.view.requests == {"200": 4, "500": 0}
    scraper.read = bench.view.generation
    bench.poll()
    assert bench.view.requests == {"200": 4, "500": 4}


def test_counters_of_polling_are_zero_first() -> None:
    """A first poll that fails before anybody has scraped is an increase for the first scraper."""
    scraper = Scraper()
    bench = bench_with(scraper)
    bench.fail(HttpFailed("500"), logons=1)
    assert (bench.view.polls, bench.view.logons, bench.view.failures) == (0, 0, {})
    scraper.read = bench.view.generation
    bench.poll()
    assert (bench.view.polls, bench.view.logons, bench.view.failures) == (2, 1, {"http": 1})


@pytest.mark.parametrize("field", ["status", "session"])
def test_unknown_words_are_zero_first(field: str) -> None:
    """The places where a word may be unknown are seeded, and rise only when they were read."""
    scraper = Scraper()
    bench = bench_with(scraper)
    assert bench.view.unknown_values[field] == 0
    skipped = 1 if field == "session" else 0
    words = () if skipped else (field,)
    row = finished("x", bench.clock.now() + 1, unknown=words)
    bench.hand_over(harvest(row, at=bench.clock.now(), skipped=skipped), Traffic())
    assert bench.view.unknown_values[field] == 0
    scraper.read = bench.view.generation
    bench.poll()
    assert bench.view.unknown_values[field] == 1


def test_a_server_that_comes_back_is_not_taken_as_read() -> None:
    """Generations go on after a server was away, so that an old reading does not announce it."""
    scraper = Scraper()
    bench = bench_with(scraper)
    for _poll in range(5):
        bench.poll()
    scraper.read = bench.view.generation
    bench.ledger.unregister(SERVER)
    bench.view = bench.ledger.register(bench.subject)
    new(bench)
    bench.poll()
    assert bench.counted() == 0


def test_a_server_that_is_polled_often_is_waited_for_less_long() -> None:
    """Ten of its poll intervals are enough where nobody scrapes at all."""
    bench = bench_with(Scraper())
    config = replace(bench.subject.config, poll_interval=1.0)
    bench.ledger.register(bench.subject._replace(config=config))
    bench.poll()
    new(bench)
    bench.poll(after=ZERO_POLLS - 1.0)
    assert bench.counted() == 0
    bench.poll(after=1.0)
    assert bench.counted() == 1
