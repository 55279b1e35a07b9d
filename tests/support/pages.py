"""Worlds for the status page, and a reader of the page. Composed here; no server ever said this."""

import random
from functools import cache
from html.parser import HTMLParser
from typing import Any

from msgspec.structs import replace

from exporter.model import Bottleneck, Result, ServerInfo, Session, State, Statistics
from exporter.view import JobIdentity, JobNow, JobView, Run, ServerView, Totals
from tests.support.web import NOW

HOUR = 3600.0
DAY = 24 * HOUR
RESULTS = (Result.SUCCESS, Result.WARNING, Result.FAILED, Result.CANCELED, Result.UNKNOWN)
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror='x'>",
    "control": "two\nlines\tand\x00nul\x7f",
    "long": "x" * 10_000,
    "non-bmp": "\U0001d505ackup \U0001f4be \u202eleft",
    "surrogate": "lone \ud800 surrogate",
    "template": "{{ 7 * 7 }}{% raw %}",
}
"""Names that somebody may give a job, and what each of them tries."""


def past(*results: Result, every: float = DAY, took: float = HOUR) -> tuple[Run, ...]:
    """Runs with these results, the last of which ended an hour ago."""
    ends = [NOW - HOUR - every * place for place in reversed(range(len(results)))]
    return tuple(
        Run(
            id=f"run-{place}",
            ended=end,
            result=result,
            started=end - took,
            duration=took,
            message="" if result is Result.SUCCESS else f"It was {result.value}.",
        )
        for place, (end, result) in enumerate(zip(ends, results, strict=True))
    )


def job_of(name: str, *results: Result, **more: Any) -> JobView:
    """A job with this past; `runs` in `more` replaces it."""
    runs = more.pop("runs", past(*results))
    good = [run.ended for run in runs if run.result in (Result.SUCCESS, Result.WARNING)]
    failures = 0
    for run in reversed(runs):
        if run.result is not Result.FAILED:
            break
        failures += 1
    plain = JobView(
        job_id=f"id of {name}",
        job_name=name,
        session_type="Backup",
        first_seen=NOW - 30 * DAY,
        totals=Totals(finished={}),
        last_success=max(good, default=0.0),
        last_result_ends={},
        consecutive_failures=failures,
        last=runs[-1] if runs else None,
        runs=runs,
        now=JobNow(),
    )
    return replace(plain, **more)


def running_since(seconds: float, **figures: Any) -> JobNow:
    """One session at work for so long."""
    statistics = Statistics(**figures)
    session = Session(
        id="open",
        job_id="",
        job_name="",
        session_type="Backup",
        state=State.RUNNING,
        result=None,
        started=NOW - seconds,
        ended=None,
        statistics=statistics,
    )
    return JobNow(1, 0, NOW - seconds, statistics, (session,))


def server_of(name: str, *jobs: JobView, organization: str = "", **more: Any) -> ServerView:
    """A server that answers, with these jobs of one organization."""
    facts: dict[str, Any] = {
        "up": True,
        "info": ServerInfo("8.1.0", "v8"),
        "last_poll": NOW - 30,
        "last_successful_poll": NOW - 30,
        "next_poll": NOW + 30,
        "identities": tuple(
            JobIdentity(job.job_id, job.job_name, organization=organization) for job in jobs
        ),
        **more,
    }
    return ServerView(name=name, product="vb365", jobs=jobs, **facts)


def typical_world() -> tuple[ServerView, ...]:
    """Three servers: one well, one with troubles of every kind, one down."""
    good = (Result.SUCCESS,) * 6
    with_figures = replace(
        past(*good)[-1],
        statistics=Statistics(transferred_bytes=3.5e9, bottleneck=Bottleneck.SOURCE),
    )
    well = (
        job_of("Mailboxes", runs=(*past(*good)[:-1], with_figures), objective_max_age=26 * HOUR),
        job_of("Sites", *RESULTS, Result.SUCCESS, now=running_since(1200, progress_ratio=0.42)),
        job_of("New"),
    )
    ill = (
        job_of("Teams", *good, Result.FAILED, Result.FAILED),
        job_of(
            "Archive",
            runs=tuple(replace(run, ended=run.ended - 3 * DAY) for run in past(*good)),
            objective_max_age=26 * HOUR,
        ),
        job_of("Slow", *good, now=running_since(5 * HOUR)),
    )
    down = {
        "up": False,
        "last_successful_poll": NOW - 7500,
        "last_error": "The server refused the password.",
    }
    return (
        server_of("m365-prod", *well, organization="meadow.example"),
        server_of("m365-dr", *ill, organization="harbor.example"),
        server_of("m365-old", **down),
    )


@cache
def large_world(jobs: int = 5000) -> tuple[ServerView, ...]:
    """One server with so many jobs, each with thirty runs behind it."""
    dice = random.Random(jobs)
    made = []
    for number in range(jobs):
        results = dice.choices(RESULTS, (80, 10, 8, 1, 1), k=30)
        now = running_since(1800) if number % 5 == 0 else JobNow()
        objective = 26 * HOUR if number % 2 else None
        name = f"Organization {number % 200} - job {number:04}"
        made.append(job_of(name, *results, now=now, objective_max_age=objective))
    return (server_of("large", *made, organization="meadow.example"),)


class Reader(HTMLParser):
    """The page as a browser reads it: tags, links, table cells and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.titles: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, where it leads and what it says on hovering."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.titles += [value or "" for name, value in attrs if name == "title"]
        if tag in ("td", "th"):
            self._inside = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a cell."""
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Collect the text, words apart by single blanks."""
        words = " ".join(data.split())
        if not words:
            return
        self.text = f"{self.text} {words}".strip()
        if self._inside:
            self.cells[-1] = f"{self.cells[-1]} {words}".strip()
