"""What one poll tells that the ledger did not know yet, sorted by job. Pure functions."""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.ledger.state import Key, ServerState
from exporter.model import Harvest, OpenSession, Result, Session
from exporter.view import Run

CLOCK_STEP = 60.0
"""A clock that differs by more than so many seconds from before was set, not measured badly."""


class News:
    """What is new of one job: finished runs, which of them count, and its open sessions."""

    __slots__ = ("counted", "newest", "open", "runs")

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.counted: list[Run] = []
        self.open: list[Session] = []
        self.newest: tuple[float, str] = (0.0, "")

    def name(self) -> str:
        """The job's name as its newest session gives it; empty when none does."""
        return self.newest[1]

    def active(self) -> float:
        """The newest sign of life, by the server's clock; 0 when there is none."""
        return self.newest[0]

    def see(self, at: float, name: str) -> None:
        """Note a sign of life under a name."""
        if at >= self.newest[0]:
            self.newest = (at, name)


class Known(NamedTuple):
    """A session that was remembered before: its result and its end as last seen."""

    result: Result
    ended: float


class Moment(NamedTuple):
    """When a poll took place: by our clock, by the server's, and how far theirs is ahead."""

    now: float
    noticed: float
    offset: float


class Sorted(NamedTuple):
    """The news of all jobs of one poll."""

    by_job: dict[Key, News]
    remembered: list[tuple[str, Known]]
    open_sessions: dict[str, OpenSession]
    unknown_values: dict[str, int]


def run_of(session: Session, noticed: float) -> Run:
    """A finished session as it is remembered; an end that was not told is when it was noticed.

    Durations are rounded to the microsecond, which is what the products' times carry.
    """
    started, ended = session.started, session.ended
    duration = None
    if ended is None:
        ended = noticed if started is None else max(noticed, started)
    elif started is not None:
        duration = round(ended - started, 6)
    result = session.result if session.result is not None else Result.UNKNOWN
    message = "" if result is Result.SUCCESS else session.message
    return Run(session.id, ended, result, started, duration, session.statistics, message)


def sort_news(
    state: ServerState, known: Mapping[str, Known], harvest: Harvest, moment: Moment
) -> Sorted:
    """Sort a harvest into what is new, what is revised, and what is still open."""
    news = Sorted({}, [], {}, {})
    if harvest.skipped_rows:
        news.unknown_values["session"] = harvest.skipped_rows
    noticed, since = moment.noticed, _counted_since(state, moment.offset)
    for session in harvest.sessions:
        if session.result is None:
            _see_open(news, state, session, noticed)
        else:
            _see_finished(news, state, session, known.get(session.id), (noticed, since))
    for session in _lost(state, harvest, known):
        _see_finished(news, state, session, None, (noticed, since))
    return news


def _counted_since(state: ServerState, offset: float) -> float:
    """From which end on a session counts, by the server's clock as it goes today.

    If that clock was set back since it was first read, the line moves back with it: a session
    that ends now must not look older than the exporter.
    """
    shift = offset - state.offset
    return (state.counted_from or 0.0) + (shift if shift < -CLOCK_STEP else 0.0)


def _lost(state: ServerState, harvest: Harvest, known: Mapping[str, Known]) -> list[Session]:
    """Open sessions that the product no longer knows: over, with a result nobody can tell."""
    return [
        _unknown_end(state.open[id_].session)
        for id_ in harvest.gone
        if id_ in state.open and id_ not in known
    ]


def _unknown_end(session: Session) -> Session:
    return Session(
        session.id,
        session.job_id,
        session.job_name,
        session.session_type,
        session.state,
        Result.UNKNOWN,
        session.started,
        None,
        message="The server no longer knows this session.",
    )


def _job(news: Sorted, session: Session) -> News:
    key = Key(session.job_id, session.session_type)
    job = news.by_job.get(key)
    if job is None:
        job = news.by_job[key] = News()
    return job


def _note_unknown(news: Sorted, session: Session) -> None:
    for field in session.unknown:
        news.unknown_values[field] = news.unknown_values.get(field, 0) + 1


def _see_open(news: Sorted, state: ServerState, session: Session, noticed: float) -> None:
    before = state.open.get(session.id)
    if before is None and session.unknown:
        _note_unknown(news, session)
    seen = before.seen if before else noticed
    news.open_sessions[session.id] = OpenSession(session, seen)
    job = _job(news, session)
    job.open.append(session)
    job.see(noticed, session.job_name)


def _see_finished(
    news: Sorted,
    state: ServerState,
    session: Session,
    before: Known | None,
    line: tuple[float, float],
) -> None:
    """A finished session: new and counted, new but history, revised, or nothing new at all."""
    noticed, since = line
    if before is not None:
        _see_again(news, session, before, noticed)
        return
    followed = session.id in state.open
    run = run_of(session, noticed)
    if run.ended < state.floor and not followed:
        return
    job = _job(news, session)
    job.runs.append(run)
    if followed or run.ended >= since:
        job.counted.append(run)
    job.see(run.ended, session.job_name)
    news.remembered.append((session.id, Known(run.result, run.ended)))
    if session.unknown and not followed:
        _note_unknown(news, session)


def _see_again(news: Sorted, session: Session, before: Known, noticed: float) -> None:
    """A session counted before: a changed result or end is taken over, never counted again."""
    ended = before.ended if session.ended is None else session.ended
    if session.result is before.result and ended == before.ended:
        return
    run = run_of(session, before.ended if session.ended is None else noticed)
    job = _job(news, session)
    job.runs.append(run)
    job.see(run.ended, session.job_name)
    news.remembered.append((session.id, Known(run.result, run.ended)))
