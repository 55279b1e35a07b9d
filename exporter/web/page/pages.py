"""Answers people: the status page and the page of one job."""

from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.clock import Clock
from exporter.web.access import WebConfigFile
from exporter.web.aside import Aside
from exporter.web.options import WebOptions
from exporter.web.page.choice import choice_of
from exporter.web.page.model import job_page, status_page
from exporter.web.state import State
from exporter.web.templates import environment
from exporter.web.words import span

if TYPE_CHECKING:
    import jinja2

HTML = "text/html; charset=utf-8"
UNKNOWN_JOB = "There is no such job; the page at / lists those that there are.\n"


class People:
    """The pages for people, made beside the event loop."""

    def __init__(
        self,
        state: State,
        options: WebOptions,
        web_config: WebConfigFile,
        clock: Clock,
        aside: Aside,
    ) -> None:
        self._state = state
        self._options = options
        self._web_config = web_config
        self._clock = clock
        self._aside = aside

    async def status(self, request: web.Request) -> web.StreamResponse:
        """Everything at a glance; the address may narrow and sort the jobs."""
        servers, choice = tuple(self._state.servers()), choice_of(request.query)
        problems = self._web_config.problems

        def make() -> bytes:
            page = status_page(servers, choice, self._clock.now())
            template = self._templates.get_template("status.html")
            return template.render(
                page=page, web_problems=problems, **self._surroundings()
            ).encode()

        return await self._aside.answer(request, make, HTML)

    async def job(self, request: web.Request) -> web.StreamResponse:
        """One job with its sessions."""
        page = job_page(self._state.servers(), request.query, self._clock.now())
        if page is None:
            raise web.HTTPNotFound(text=UNKNOWN_JOB)

        def make() -> bytes:
            template = self._templates.get_template("job.html")
            return template.render(page=page, **self._surroundings()).encode()

        return await self._aside.answer(request, make, HTML)

    @cached_property
    def _templates(self) -> "jinja2.Environment":
        """Loaded and compiled when the first person comes: most exporters are read by machines."""
        return environment()

    def _surroundings(self) -> dict[str, str]:
        return {
            "version": self._state.version,
            "uptime": span(self._clock.now() - self._state.started),
            "metrics": self._options.telemetry_path.lstrip("/"),
        }
