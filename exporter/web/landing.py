"""The page for people at `/`: which servers answer, and how each job's last run went."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from exporter.clock import Clock
from exporter.view import JobView, ServerView
from exporter.web.access import WebConfigFile
from exporter.web.options import WebOptions
from exporter.web.state import State
from exporter.web.stream import send
from exporter.web.templates import environment
from exporter.web.words import ago, span

MOST_JOBS = 1000
"""Rows of the table of jobs: what is beyond is in the metrics, and only counted here."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One line of the table of servers, in words."""

    name: str
    product: str
    condition: str
    last_poll: str
    jobs: int
    last_error: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line of the table of jobs, in words."""

    server: str
    name: str
    session_type: str
    result: str
    last_success: str
    duration: str
    running: int


def server_rows(servers: Iterable[ServerView], now: float) -> Iterator[ServerRow]:
    """The servers in words."""
    for view in servers:
        version = view.info.product_version if view.info else ""
        yield ServerRow(
            name=view.name,
            product=f"{view.product} {version}".strip(),
            condition="unknown" if view.last_poll is None else "up" if view.up else "down",
            last_poll=ago(view.last_successful_poll, now),
            jobs=len(view.jobs),
            last_error=view.last_error,
        )


def job_rows(servers: Iterable[ServerView], now: float) -> Iterator[JobRow]:
    """The jobs of all servers in words."""
    for view in servers:
        for job in view.jobs:
            yield _job_row(view.name, job, now)


def _job_row(server: str, job: JobView, now: float) -> JobRow:
    return JobRow(
        server=server,
        name=job.job_name or job.job_id or "(without a job)",
        session_type=job.session_type,
        result=job.last.result.value if job.last else "none",
        last_success=ago(job.last_success, now),
        duration=span(job.last.duration) if job.last else "",
        running=job.now.running if job.now else 0,
    )


class Landing:
    """Answers people."""

    def __init__(
        self, state: State, options: WebOptions, web_config: WebConfigFile, clock: Clock
    ) -> None:
        self._state = state
        self._options = options
        self._web_config = web_config
        self._clock = clock
        self._template = environment().get_template("landing.html")

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page, made in a thread: thousands of jobs would hold up the scrapes meanwhile."""
        servers = tuple(self._state.servers())
        problems = self._web_config.problems
        body = await asyncio.to_thread(self._render, servers, problems)
        return await send(request, body, "text/html; charset=utf-8")

    def _render(self, servers: Sequence[ServerView], problems: tuple[str, ...]) -> bytes:
        now = self._clock.now()
        total = sum(len(view.jobs) for view in servers)
        rows = [row for row, _ in zip(job_rows(servers, now), range(MOST_JOBS), strict=False)]
        return self._template.render(
            version=self._state.version,
            uptime=span(now - self._state.started),
            metrics=self._options.telemetry_path.lstrip("/"),
            servers=list(server_rows(servers, now)),
            jobs=rows,
            left_out=total - len(rows),
            web_problems=problems,
        ).encode()
