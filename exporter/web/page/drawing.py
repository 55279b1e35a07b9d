"""Draws the pages for people: facts by the rules of this room, text by the templates.

Loaded when the first person comes. Together with the templates' library it takes megabytes, and
most exporters are read by machines only.
"""

from collections.abc import Iterable, Mapping, Sequence

import jinja2

from exporter.view import ServerView
from exporter.web.files import FOLDER
from exporter.web.page.choice import choice_of
from exporter.web.page.model import job_page, status_page
from exporter.web.words import in_query, plain, shown


def environment() -> jinja2.Environment:
    """Everything is escaped; a name that a template misspells is an error, not an empty text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(shown=shown, plain=plain, in_query=in_query)
    return made


class Drawing:
    """The two pages with their templates compiled; `now` is in seconds since the epoch."""

    def __init__(self) -> None:
        templates = environment()
        self._status = templates.get_template("status.html")
        self._job = templates.get_template("job.html")

    def status(
        self,
        servers: Sequence[ServerView],
        query: Mapping[str, str],
        now: float,
        surroundings: Mapping[str, str | Iterable[str]],
    ) -> bytes:
        """Everything at a glance, narrowed and sorted as the address says."""
        page = status_page(servers, choice_of(query), now)
        return self._status.render(page=page, **surroundings).encode()

    def job(
        self,
        servers: Sequence[ServerView],
        query: Mapping[str, str],
        now: float,
        surroundings: Mapping[str, str | Iterable[str]],
    ) -> bytes | None:
        """The job that the address names; None when there is none."""
        page = job_page(servers, query, now)
        return None if page is None else self._job.render(page=page, **surroundings).encode()
