"""What one poll tells that was not known: the small print of sorting it."""

from math import inf, nan

import pytest

from exporter.ledger.news import MESSAGE_LENGTH, REFRESH, Known, News, Sorted, run_of, sort_news
from exporter.ledger.state import Key, ServerState
from exporter.model import OpenSession, Result, Session
from tests.ledger.world import DAY, START, finished, harvest, moment, running

KEY = Key("j1", "Backup")
LATER = ServerState(baseline=START, counted_from=START, cursor=START, absorbed=START, resume=START)


def sort(
    *sessions: Session,
    state: ServerState = LATER,
    known: dict[str, Known] | None = None,
    gone: tuple[str, ...] = (),
    skipped: int = 0,
) -> Sorted:
    now = START + 100.0
    return sort_news(
        state, known or {}, harvest(*sessions, gone=gone, skipped=skipped), moment(now)
    )


def following(*sessions: Session, floor: float = 0.0) -> ServerState:
    open_ = {session.id: OpenSession(session, START) for session in sessions}
    return ServerState(
        baseline=START, counted_from=START, cursor=START, absorbed=START, open=open_, floor=floor
    )


@pytest.mark.parametrize(
    ("started", "ended", "expected_end", "duration"),
    [
        (10.0, 30.5, 30.5, 20.5),
        (10.0, 10.0, 10.0, 0.0),
        (None, 30.0, 30.0, None),
        (10.0, None, 100.0, None),
        (200.0, None, 200.0, None),
        (None, None, 100.0, None),
        (30.0, 10.0, 10.0, None),
        (nan, 10.0, 10.0, None),
        (10.0, inf, 100.0, None),
        (0.1, 0.3, 0.3, 0.2),
    ],
)
def test_ends_and_durations(
    started: float | None, ended: float | None, expected_end: float, duration: float | None
) -> None:
    """An end not told is when it was noticed; a duration that would be negative is none."""
    row = finished("x", None)
    told = Session(
        row.id, row.job_id, row.job_name, row.session_type, row.state, row.result, started, ended
    )
    run = run_of(told, 100.0)
    assert (run.ended, run.duration) == (expected_end, duration)


def test_messages_are_kept_of_what_did_not_succeed_and_not_too_long() -> None:
    """A success needs no words; a failure's are cut to a bounded length."""
    assert run_of(finished("x", 1.0, message="fine"), 1.0).message == ""
    long = run_of(finished("x", 1.0, Result.FAILED, message="x" * 5000), 1.0).message
    assert len(long) == MESSAGE_LENGTH


@pytest.mark.parametrize("turned", [False, True])
def test_a_row_that_comes_twice_is_one_session(turned: bool) -> None:
    """Pages that shift may repeat a session, also before and after its end: the end counts."""
    rows = [running("x", START), finished("x", START + 50), finished("x", START + 50)]
    news = sort(*(reversed(rows) if turned else rows))
    assert [run.id for run in news.by_job[KEY].counted] == ["x"]
    assert not news.open_sessions


def test_gone_and_listed_is_counted_as_listed() -> None:
    """An id that one endpoint denies and the list knows is what the list says, once."""
    state = following(running("x", START))
    news = sort(finished("x", START + 50), state=state, gone=("x", "x"))
    assert [run.result for run in news.by_job[KEY].counted] == [Result.SUCCESS]


def test_gone_is_unknown_and_ends_when_noticed() -> None:
    """A followed session that answers 404 is over with a result that nobody can tell."""
    news = sort(state=following(running("x", START)), gone=("x", "x", "never-seen"))
    (run,) = news.by_job[KEY].counted
    assert (run.result, run.ended, run.duration) == (Result.UNKNOWN, START + 100.0, None)


def test_gone_after_it_was_counted_says_nothing() -> None:
    """A counted session that was seen open again and vanishes is not counted again."""
    known = {"x": Known(Result.SUCCESS, START + 1)}
    assert not sort(state=following(running("x", START)), known=known, gone=("x",)).by_job


def test_what_ended_before_the_start_is_history() -> None:
    """History is remembered and shown, but not counted."""
    job = sort(finished("x", START - 1)).by_job[KEY]
    assert (len(job.runs), len(job.counted)) == (1, 0)


def test_what_was_followed_counts_whatever_its_end() -> None:
    """A session seen open counts even if its end lies before everything remembered."""
    state = following(running("x", START - 10 * DAY), floor=START - DAY)
    job = sort(finished("x", START - 5 * DAY), state=state).by_job[KEY]
    assert len(job.counted) == 1


def test_what_is_older_than_memory_is_ignored() -> None:
    """An unknown id from before the floor was counted and pruned, or never mattered."""
    assert not sort(finished("x", START - 5 * DAY), state=following(floor=START - DAY)).by_job


@pytest.mark.parametrize(
    ("cursor", "started", "counted"),
    [(None, START - 60, 0), (None, None, 0), (None, START + 1, 1), (START, START - 60, 1)],
)
def test_an_end_that_is_not_told(cursor: float | None, started: float | None, counted: int) -> None:
    """What the first poll finds over without an end is history, unless it began later."""
    state = ServerState(baseline=START, counted_from=START, cursor=cursor)
    job = sort(finished("x", None, started=started), state=state).by_job[KEY]
    assert len(job.counted) == counted


@pytest.mark.parametrize(
    ("row", "revised"),
    [
        (finished("x", START + 1), False),
        (finished("x", None), False),
        (finished("x", START + 1, Result.FAILED), True),
        (finished("x", START + 2), True),
        (finished("x", None, Result.FAILED), True),
    ],
)
def test_a_known_session_is_revised_or_nothing_new(row: Session, revised: bool) -> None:
    """Only a changed result or end is news, and it is never counted again."""
    news = sort(row, known={"x": Known(Result.SUCCESS, START + 1)})
    assert bool(news.by_job) is revised
    assert not any(job.counted for job in news.by_job.values())


def test_a_listed_session_without_end_is_not_forgotten() -> None:
    """Its memory is renewed now and then, or its id would be pruned and counted once more."""
    old = {"x": Known(Result.SUCCESS, START - REFRESH)}
    for row in (finished("x", None), running("x", START)):
        assert sort(row, known=old).remembered == {"x": Known(Result.SUCCESS, START + 100.0)}
    assert not sort(finished("x", None), known={"x": Known(Result.SUCCESS, START)}).remembered


def test_words_are_counted_once_for_each_session() -> None:
    """An unknown word counts when a session is first seen, not again at its end."""
    row = running("x", START, unknown=("status",))
    assert sort(row).unknown_values == {"status": 1}
    assert not sort(row, state=following(row)).unknown_values
    end = finished("x", START + 1, unknown=("status",))
    assert not sort(end, state=following(row)).unknown_values
    assert sort(end, skipped=2).unknown_values == {"status": 1, "session": 2}


def test_the_newest_name_speaks_in_every_order() -> None:
    """A job's name is that of its newest session that has one."""
    for rows in ([(1.0, "old"), (2.0, "new"), (3.0, "")], [(3.0, ""), (2.0, "new"), (1.0, "old")]):
        news = News()
        for at, name in rows:
            news.see(at, name)
        assert (news.name(), news.active(), news.name(since=2.5)) == ("new", 3.0, "")
