"""What is in trouble and why, in plain words: the first thing that a person sees."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.view import ServerView
from exporter.web.page.links import job_link
from exporter.web.standing import GOOD, Standing, Trouble, usual_duration
from exporter.web.words import count, span

MOST = 8
"""Servers, and jobs, that are told one by one; the rest is a link."""

CERTIFICATE_SOON = 14 * 86400.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to look at: `kind` is its mark, `message` what the product said."""

    kind: str
    subject: str
    place: str
    link: str
    words: str
    message: str = ""


def server_alarms(servers: Iterable[ServerView], now: float) -> Iterator[Alarm]:
    """The servers that are down, then what is wrong with those that are not."""
    known = [server for server in servers if server.last_poll is not None]
    for server in known:
        if not server.up:
            yield _server_alarm("down", server, _down(server, now), server.last_error)
    for server in known:
        for words in _notices(server, now):
            yield _server_alarm("warning", server, words, "")


def _server_alarm(kind: str, server: ServerView, words: str, message: str) -> Alarm:
    return Alarm(kind, server.name, "", "#servers", words, message)


def _down(server: ServerView, now: float) -> str:
    if not server.last_successful_poll:
        return "is down and has never been polled completely"
    return f"is down, its last complete poll was {span(now - server.last_successful_poll)} ago"


def _notices(server: ServerView, now: float) -> Iterator[str]:
    failing = sorted(
        name for name, works in server.endpoints.items() if not works and name != "sessions"
    )
    if failing:
        yield f"does not answer for {', '.join(failing)}; what it said before is shown"
    expiry = server.certificate_expiry
    if expiry is not None and expiry < now:
        yield f"has a certificate that expired {span(now - expiry)} ago"
    elif expiry is not None and expiry < now + CERTIFICATE_SOON:
        yield f"has a certificate that expires in {span(expiry - now)}"
    if server.dropped_jobs:
        left_out = count(server.dropped_jobs, "job is", "jobs are")
        yield f"has more jobs than max_jobs allows: {left_out} left out"


def worst_jobs(jobs: Iterable[Standing]) -> list[Standing]:
    """The few jobs in the deepest trouble, worst first."""
    return heapq.nsmallest(MOST, (job for job in jobs if job.troubles), key=_badness)


def _badness(job: Standing) -> tuple[int, int, str]:
    return (-job.rank, -job.job.consecutive_failures, job.name)


def job_alarm(job: Standing, now: float) -> Alarm:
    """One job in trouble."""
    last, worst = job.job.last, job.troubles[0]
    return Alarm(
        kind=KINDS[worst],
        subject=job.name,
        place=job.server,
        link=job_link(job),
        words="; ".join(SENTENCES[trouble](job, now) for trouble in job.troubles),
        message=last.message if last and last.result not in GOOD else "",
    )


def _overdue(job: Standing, now: float) -> str:
    allowed = span(job.job.objective_max_age)
    if job.age is None:
        known = span(now - job.job.first_seen)
        return f"has never succeeded in the {known} that it is known; at most {allowed} are allowed"
    return f"succeeded last {span(job.age)} ago, at most {allowed} are allowed"


def _failing(job: Standing, now: float) -> str:
    assert job.job.last is not None
    when = f"{span(now - job.job.last.ended)} ago"
    times = job.job.consecutive_failures
    return f"failed {times} times in a row, last {when}" if times > 1 else f"failed {when}"


def _slow(job: Standing, now: float) -> str:
    assert job.job.now is not None
    began = job.job.now.oldest_start
    assert began is not None
    return f"has been running for {span(now - began)}, usually {span(usual_duration(job.job.runs))}"


KINDS: Mapping[Trouble, str] = {
    Trouble.OVERDUE: "overdue",
    Trouble.FAILING: "failed",
    Trouble.SLOW: "warning",
}
SENTENCES: Mapping[Trouble, Callable[[Standing, float], str]] = {
    Trouble.OVERDUE: _overdue,
    Trouble.FAILING: _failing,
    Trouble.SLOW: _slow,
}
