"""Answers people: the status page and the page of one job."""

from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.clock import Clock
from exporter.web.access import WebConfigFile
from exporter.web.aside import Aside
from exporter.web.options import WebOptions
from exporter.web.state import State
from exporter.web.words import span

if TYPE_CHECKING:
    from exporter.web.page.drawing import Drawing

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
        servers, problems = tuple(self._state.servers()), self._web_config.problems

        def make() -> bytes:
            surroundings = {"web_problems": problems, **self._surroundings()}
            return self._drawing.status(servers, request.query, self._clock.now(), surroundings)

        return await self._aside.answer(request, make, HTML)

    async def job(self, request: web.Request) -> web.StreamResponse:
        """One job with its sessions."""
        servers = tuple(self._state.servers())

        def make() -> bytes:
            now = self._clock.now()
            page = self._drawing.job(servers, request.query, now, self._surroundings())
            if page is None:
                raise web.HTTPNotFound(text=UNKNOWN_JOB)
            return page

        return await self._aside.answer(request, make, HTML)

    @cached_property
    def _drawing(self) -> "Drawing":
        """Used beside the event loop only, where loading it takes nobody's time."""
        # Megabytes that a service at which no person looks does without.
        from exporter.web.page.drawing import Drawing  # noqa: PLC0415

        return Drawing()

    def _surroundings(self) -> dict[str, str]:
        return {
            "version": self._state.version,
            "uptime": span(self._clock.now() - self._state.started),
            "metrics": self._options.telemetry_path.lstrip("/"),
        }
