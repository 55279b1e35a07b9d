"""What one poll tells that the ledger did not know yet, sorted by job. Pure functions."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import NamedTuple

from exporter.ledger.state import Key, ServerState
from exporter.model import Harvest, OpenSession, Result, Session
from exporter.view import Run

REFRESH = 86400.0
"""The memory of a session that stays listed without an end is renewed after so many seconds, so
that its id is not forgotten while the product still names it."""

MESSAGE_LENGTH = 1000
"""So many characters of a product's message are remembered of each run."""


class News:
    """What is new of one job: finished runs, which of them count, and its open sessions."""

    __slots__ = ("counted", "last_seen", "named", "open", "runs")

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.counted: list[Run] = []
        self.open: list[Session] = []
        self.last_seen = 0.0
        self.named: tuple[float, str] = (0.0, "")

    def name(self, since: float = 0.0) -> str:
        """The job's name as its newest session gives it; empty when none since then does."""
        at, name = self.named
        return name if at >= since else ""

    def active(self) -> float:
        """The newest sign of life, by the server's clock; 0 when there is none."""
        return self.last_seen

    def see(self, at: float, name: str) -> None:
        """Note a sign of life under a name; whatever the order, the newest name stays."""
        self.last_seen = max(self.last_seen, at)
        if name:
            self.named = max(self.named, (at, name))


class Known(NamedTuple):
    """A session that was remembered before: its result and its end as last seen."""

    result: Result
    ended: float


class Moment(NamedTuple):
    """When a poll took place: by our clock, by the server's, and how far theirs is ahead."""

    now: float
    noticed: float
    offset: float


class Line(NamedTuple):
    """When a session is noticed, and since which end sessions count, both by the server's clock."""

    noticed: float
    since: float


class Sorted(NamedTuple):
    """The news of all jobs of one poll."""

    by_job: dict[Key, News]
    remembered: dict[str, Known]
    open_sessions: dict[str, OpenSession]
    unknown_values: dict[str, int]


def run_of(session: Session, noticed: float) -> Run:
    """A finished session as it is remembered; an end that was not told is when it was noticed.

    Durations are rounded to the microsecond, which is what the products' times carry. A session
    that ended before it started has none: a negative one would make a counter fall.
    """
    started, ended = _time(session.started), _time(session.ended)
    duration = None
    if ended is None:
        ended = noticed if started is None else max(noticed, started)
    elif started is not None and ended >= started:
        duration = round(ended - started, 6)
    result = session.result if session.result is not None else Result.UNKNOWN
    message = "" if result is Result.SUCCESS else session.message[:MESSAGE_LENGTH]
    return Run(session.id, ended, result, started, duration, session.statistics, message)


def _time(value: float | None) -> float | None:
    """A time, unless it is one that JSON could not carry."""
    return value if value is not None and isfinite(value) else None


def sort_news(
    state: ServerState, known: Mapping[str, Known], harvest: Harvest, moment: Moment
) -> Sorted:
    """Sort a harvest into what is new, what is revised, and what is still open."""
    news = Sorted({}, {}, {}, {})
    if harvest.skipped_rows:
        news.unknown_values["session"] = harvest.skipped_rows
    noticed, since = moment.noticed, state.counted_from or 0.0
    sessions = _unique(harvest.sessions)
    for session in sessions.values():
        before = known.get(session.id)
        if before is not None:
            _refresh(news, session, before, noticed)
        if session.result is None:
            _see_open(news, state, session, noticed)
        elif before is not None:
            _see_again(news, session, before, noticed)
        else:
            _see_finished(news, state, session, Line(noticed, since))
    for session in _lost(state, harvest.gone, {*known, *sessions}):
        _see_finished(news, state, session, Line(noticed, since))
    return news


def _unique(sessions: Iterable[Session]) -> dict[str, Session]:
    """One row for each id: pages that shift bring a session twice, before and after its end."""
    rows: dict[str, Session] = {}
    for session in sessions:
        before = rows.get(session.id)
        if before is None or _certainty(session) > _certainty(before):
            rows[session.id] = session
    return rows


def _certainty(session: Session) -> tuple[bool, float, str]:
    """Of two rows of a session the finished one tells more, then the one with the later end."""
    return (session.result is not None, _time(session.ended) or 0.0, session.result or "")


def _lost(state: ServerState, gone: Iterable[str], told: set[str]) -> list[Session]:
    """Open sessions that the product no longer knows: over, with a result nobody can tell."""
    return [
        _unknown_end(state.open[id_].session)
        for id_ in sorted(set(gone) - told)
        if id_ in state.open
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


def _see_finished(news: Sorted, state: ServerState, session: Session, line: Line) -> None:
    """A finished session that is not remembered: new and counted, or history, or long forgotten."""
    followed = session.id in state.open
    run = run_of(session, line.noticed)
    if run.ended < state.floor and not followed:
        return
    job = _job(news, session)
    job.runs.append(run)
    if followed or _told_end(state, session, run) >= line.since:
        job.counted.append(run)
    job.see(run.ended, session.job_name)
    news.remembered[session.id] = Known(run.result, run.ended)
    if session.unknown and not followed:
        _note_unknown(news, session)


def _told_end(state: ServerState, session: Session, run: Run) -> float:
    """When a session ended, to be judged as history or not.

    What the very first poll finds finished without an end ended at an unknown time before it, so
    that only a start can say that it is no history.
    """
    if _time(session.ended) is None and state.cursor is None:
        return run.started or 0.0
    return run.ended


def _see_again(news: Sorted, session: Session, before: Known, noticed: float) -> None:
    """A session counted before: a changed result or end is taken over, never counted again."""
    told = _time(session.ended)
    if session.result is before.result and told in (None, before.ended):
        return
    run = run_of(session, before.ended if told is None else noticed)
    job = _job(news, session)
    job.runs.append(run)
    job.see(run.ended, session.job_name)
    news.remembered[session.id] = Known(run.result, run.ended)


def _refresh(news: Sorted, session: Session, before: Known, noticed: float) -> None:
    """Keep the id of a counted session that has no end (any more) for as long as it is listed."""
    if _time(session.ended) is None and noticed - before.ended > REFRESH:
        news.remembered[session.id] = Known(before.result, noticed)
