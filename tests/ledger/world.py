"""A small world for the ledger's tests: its clocks, sessions, jobs, polls, and one server.

The server is called `m365`; all times are seconds around `START`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from exporter.config.values import Password, Secret, ServerConfig
from exporter.errors import SourceError
from exporter.ledger.entry import Poll
from exporter.ledger.jobs import Policy
from exporter.ledger.ledger import Ledger
from exporter.ledger.news import Moment
from exporter.ledger.publish import Subject
from exporter.model import (
    Bottleneck,
    Harvest,
    Job,
    Reports,
    Result,
    Session,
    State,
    Statistics,
    Traffic,
)
from exporter.view import JobView, ServerView

START = 1_800_000_000.0
HOUR = 3600.0
DAY = 86400.0
SERVER = "m365"
REPORTS = Reports(
    frozenset({"transferred_bytes", "processed_items", "retries"}),
    (Bottleneck.SOURCE, Bottleneck.TARGET, Bottleneck.UNKNOWN),
)
POLICY = Policy(overlap=900.0, forget_after=30 * DAY, max_jobs=5000, reports=lambda _type: REPORTS)


class HandClock:
    """A clock that moves when a test says so; both of its faces at once, or the wall's alone."""

    def __init__(self, now: float = START) -> None:
        self.wall = now
        self.steady = 0.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds


def finished(
    id_: str,
    ended: float | None,
    result: Result = Result.SUCCESS,
    *,
    job: str = "j1",
    name: str | None = None,
    type_: str = "Backup",
    started: float | None = None,
    statistics: Statistics | None = None,
    message: str = "",
    unknown: tuple[str, ...] = (),
) -> Session:
    """A session that is over; it took ten minutes unless told otherwise."""
    if started is None and ended is not None:
        started = ended - 600.0
    return Session(
        id_,
        job,
        f"Job {job}" if name is None else name,
        type_,
        State.FINISHED,
        result,
        started,
        ended,
        statistics or Statistics(),
        message,
        unknown,
    )


def running(
    id_: str,
    started: float | None,
    *,
    job: str = "j1",
    name: str | None = None,
    type_: str = "Backup",
    state: State = State.RUNNING,
    statistics: Statistics | None = None,
    unknown: tuple[str, ...] = (),
) -> Session:
    """A session that is not over."""
    return Session(
        id_,
        job,
        f"Job {job}" if name is None else name,
        type_,
        state,
        None,
        started,
        None,
        statistics or Statistics(),
        "",
        unknown,
    )


def listed(*ids: str, types: tuple[str, ...] = ("Backup",)) -> tuple[Job, ...]:
    """Jobs as the product lists them."""
    return tuple(Job(id_, f"Job {id_}", types) for id_ in ids)


def harvest(
    *sessions: Session,
    jobs: Iterable[Job] | None = None,
    gone: tuple[str, ...] = (),
    at: float | None = None,
    covers: Iterable[str] = ("Backup",),
    kept: Iterable[str] = (),
    skipped: int = 0,
) -> Harvest:
    """What one poll brought; with a complete list of jobs if `jobs` is given.

    The jobs of the types that are `kept` were listed by an earlier poll.
    """
    return Harvest(
        sessions,
        gone=gone,
        jobs=tuple(jobs or ()),
        job_list=jobs is not None,
        listed_types=frozenset(covers) if jobs is not None else frozenset(),
        kept_types=frozenset(kept),
        server_time=at,
        skipped_rows=skipped,
        endpoints={"sessions": True},
    )


def moment(now: float, offset: float = 0.0) -> Moment:
    """A poll at `now` by our clock, with the server's ahead by `offset`."""
    return Moment(now, now + offset, offset)


def config(**changes: object) -> ServerConfig:
    """The server's entry in the configuration."""
    values: dict[str, object] = {
        "name": SERVER,
        "product": "vb365",
        "url": "https://m365.example:4443",
        "username": "svc",
        "password": Password(Secret("s")),
        **changes,
    }
    return ServerConfig(**values)  # type: ignore[arg-type]  # each test names real fields


def subject(
    reports: Reports = REPORTS,
    admits: Callable[[str, str], bool] = lambda _name, _type: True,
    max_age: float | None = None,
    **changes: object,
) -> Subject:
    """The server as the ledger is told of it."""
    return Subject(config(**changes), lambda _type: reports, lambda _name, _type: max_age, admits)


class Bench:
    """A ledger with one server, polled by hand; every published zero counts as read at once."""

    def __init__(
        self,
        directory: Path | None = None,
        clock: HandClock | None = None,
        about: Subject | None = None,
        *,
        served: Callable[[str], int] = lambda _server: 1_000_000,
    ) -> None:
        self.clock = clock or HandClock()
        self.subject = about or subject()
        self.ledger = Ledger(directory, self.clock, served)
        self.view = self.ledger.register(self.subject)

    def poll(
        self,
        *sessions: Session,
        jobs: Iterable[Job] | None = None,
        gone: tuple[str, ...] = (),
        offset: float = 0.0,
        after: float = 60.0,
        **traffic: object,
    ) -> ServerView:
        """Let time pass, then hand over a complete poll."""
        self.clock.advance(after)
        now = self.clock.now()
        brought = harvest(*sessions, jobs=jobs, gone=gone, at=now + offset)
        return self.hand_over(brought, Traffic(clock_offset=offset, **traffic))  # type: ignore[arg-type]

    def hand_over(self, brought: Harvest, traffic: Traffic) -> ServerView:
        """Plan a poll and record its harvest now."""
        self.ledger.plan(SERVER)
        poll = Poll(self.clock.now(), 0.5, traffic, brought, next_poll=self.clock.now() + 60)
        self.view = self.ledger.record(SERVER, poll)
        return self.view

    def fail(self, error: SourceError, *, after: float = 60.0, **traffic: object) -> ServerView:
        """Let time pass, then hand over a failed poll."""
        self.clock.advance(after)
        told = Traffic(**traffic)  # type: ignore[arg-type]
        self.ledger.plan(SERVER)
        self.view = self.ledger.record(SERVER, Poll(self.clock.now(), 0.5, told, error=error))
        return self.view

    def job(self, job_id: str = "j1", type_: str = "Backup") -> JobView:
        """A job as it was last published."""
        return next(
            job for job in self.view.jobs if (job.job_id, job.session_type) == (job_id, type_)
        )

    def counted(self, job_id: str = "j1", type_: str = "Backup") -> int:
        """How many sessions of a job are counted, as published."""
        return sum(self.job(job_id, type_).totals.finished.values())
