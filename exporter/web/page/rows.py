"""Servers and jobs as the tables show them: everything decided, nothing left to the templates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.view import JobView, Run, ServerView
from exporter.web.page.history import (
    Cell,
    Line,
    Progress,
    comparison,
    line,
    progress,
    strip,
    strip_in_words,
)
from exporter.web.page.links import job_link
from exporter.web.standing import Standing, Trouble
from exporter.web.words import Moment, ago, calendar, size, span, until

RESULT_WORDS: Mapping[str, str] = {"none": "never ran"}
UNREMARKABLE = frozenset({"none", "unknown"})
"""Bottlenecks that tell a person nothing."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One line of the table of servers, in words."""

    name: str
    product: str
    condition: str
    last_poll: Moment
    next_poll: Moment
    jobs: int
    troubled: int
    last_error: str


def server_rows(
    servers: Iterable[ServerView], troubled: Mapping[str, int], now: float
) -> Iterator[ServerRow]:
    """The servers; `troubled` counts the jobs in trouble of each."""
    for view in servers:
        version = view.info.product_version if view.info else ""
        yield ServerRow(
            name=view.name,
            product=f"{view.product} {version}".strip(),
            condition=condition(view),
            last_poll=ago(view.last_successful_poll, now),
            next_poll=until(view.next_poll, now),
            jobs=len(view.jobs),
            troubled=troubled.get(view.name, 0),
            last_error=view.last_error,
        )


def condition(view: ServerView) -> str:
    """Whether a server answers; before the first poll that is not known."""
    if view.last_poll is None:
        return "unknown"
    return "up" if view.up else "down"


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line of the table of jobs, in words and shapes."""

    name: str
    link: str
    server: str
    session_type: str
    organization: str
    disabled: bool
    result: str
    result_words: str
    ended: Moment
    streak: str
    message: str
    success: Moment
    objective: str
    overdue: bool
    duration: str
    usual: str
    line: Line | None
    transferred: str
    bottleneck: str
    queued: int
    progress: Progress | None
    strip: tuple[Cell, ...]
    strip_words: str


def job_row(standing: Standing, now: float) -> JobRow:
    """One job at this moment."""
    job, identity = standing.job, standing.identity
    objective = job.objective_max_age
    return JobRow(
        name=standing.name,
        link=job_link(standing),
        server=standing.server,
        session_type=job.session_type,
        organization=identity.organization,
        disabled=identity.enabled is False,
        result=standing.result,
        result_words=RESULT_WORDS.get(standing.result, standing.result),
        ended=ago(job.last.ended, now) if job.last else Moment(""),
        streak=_streak(job),
        message=job.last.message if job.last else "",
        success=ago(job.last_success, now),
        objective="" if objective is None else f"at most {span(objective)}",
        overdue=Trouble.OVERDUE in standing.troubles,
        duration=span(job.last.duration) if job.last else "",
        usual=comparison(job.runs),
        line=line(job.runs),
        transferred=size(job.last.statistics.transferred_bytes) if job.last else "",
        bottleneck=_bottleneck(job.last),
        queued=job.now.queued if job.now else 0,
        progress=progress(job.now, job.runs, now) if job.now else None,
        strip=strip(job.runs),
        strip_words=strip_in_words(job.runs),
    )


def _streak(job: JobView) -> str:
    return f"{job.consecutive_failures} in a row" if job.consecutive_failures > 1 else ""


def _bottleneck(last: Run | None) -> str:
    found = last.statistics.bottleneck if last else None
    return "" if found is None or found in UNREMARKABLE else found.value


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session on the page of its job."""

    result: str
    started: str
    ended: str
    duration: str
    message: str


def session_rows(job: JobView, now: float) -> Iterator[SessionRow]:
    """Open sessions, then the finished ones, each newest first."""
    for session in reversed(job.now.open if job.now else ()):
        elapsed = None if session.started is None else now - session.started
        yield SessionRow(
            session.state.value, _clock(session.started), "", span(elapsed), session.message
        )
    for run in reversed(job.runs):
        yield SessionRow(
            run.result.value,
            _clock(run.started),
            _clock(run.ended),
            span(run.duration),
            run.message,
        )


def _clock(seconds: float | None) -> str:
    when = calendar(seconds)
    return "" if when is None else when.strftime("%Y-%m-%d %H:%M:%S")
