"""Which jobs a person wants to see, in which order: the address of the page as a value.

Whatever an address says there is a page for it: what is not understood is as if it was not said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.model import Result
from exporter.web.standing import Standing, Trouble

ROWS = 50
LONGEST_SEARCH = 200
DIGITS = 6
DESCENDING = "desc"


class Filter(NamedTuple):
    """One choice of the filter by result."""

    title: str
    admits: Callable[[Standing], bool]


def _ended_as(result: str) -> Callable[[Standing], bool]:
    return lambda job: job.result == result


RESULTS: Mapping[str, Filter] = {
    "": Filter("every result", lambda _job: True),
    "trouble": Filter("needs attention", lambda job: bool(job.troubles)),
    "overdue": Filter("overdue", lambda job: Trouble.OVERDUE in job.troubles),
    **{result.value: Filter(result.value, _ended_as(result.value)) for result in Result},
    "none": Filter("never ran", _ended_as("none")),
    "running": Filter("running now", lambda job: job.running),
    "disabled": Filter("disabled", lambda job: job.identity.enabled is False),
}
"""What the filter by result may say."""


def _duration(job: Standing) -> float:
    return (job.job.last and job.job.last.duration) or -1.0


def _transferred(job: Standing) -> float:
    return (job.job.last and job.job.last.statistics.transferred_bytes) or -1.0


def _name(job: Standing) -> str:
    return job.name.casefold()


SORTS: Mapping[str, Callable[[Standing], object]] = {
    "trouble": lambda job: (
        -job.rank,
        -job.job.consecutive_failures,
        not job.running,
        _name(job),
    ),
    "job": _name,
    "server": lambda job: (job.server, _name(job)),
    "result": lambda job: (job.result, _name(job)),
    "success": lambda job: job.job.last_success,
    "duration": _duration,
    "transferred": _transferred,
}
"""What the table may be sorted by; the first is what an address without a sort means."""

DEFAULT_SORT = next(iter(SORTS))


@dataclass(frozen=True, slots=True)
class Choice:
    """What an address asks for; the fields have the names of its parameters."""

    server: str = ""
    organization: str = ""
    result: str = ""
    text: str = ""
    sort: str = DEFAULT_SORT
    order: str = ""
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Whether some jobs may be left out."""
        return bool(self.server or self.organization or self.result or self.text)

    def query(self) -> str:
        """The address of this choice, relative to the page."""
        values = asdict(self)
        pairs = {
            field.name: values[field.name]
            for field in fields(Choice)
            if values[field.name] != field.default
        }
        return "?" + urlencode(pairs, errors="replace") if pairs else "./"


def choice_of(query: Mapping[str, str]) -> Choice:
    """The choice that the parameters of an address make."""
    result, sort = query.get("result", ""), query.get("sort", DEFAULT_SORT)
    page = query.get("page", "")
    readable = page.isascii() and page.isdecimal() and len(page) <= DIGITS
    return Choice(
        server=query.get("server", ""),
        organization=query.get("organization", ""),
        result=result if result in RESULTS else "",
        text=query.get("text", "").strip()[:LONGEST_SEARCH],
        sort=sort if sort in SORTS else DEFAULT_SORT,
        order=DESCENDING if query.get("order") == DESCENDING else "",
        page=max(1, int(page)) if readable else 1,
    )


def chosen(jobs: Iterable[Standing], choice: Choice) -> list[Standing]:
    """The jobs that a choice wants, in its order."""
    admits, text = RESULTS[choice.result].admits, choice.text.casefold()
    found = [
        job
        for job in jobs
        if admits(job)
        and choice.server in ("", job.server)
        and choice.organization in ("", job.identity.organization)
        and (not text or _mentions(job, text))
    ]
    found.sort(key=SORTS[choice.sort], reverse=choice.order == DESCENDING)  # type: ignore[arg-type]  # each key is comparable with itself
    return found


def _mentions(job: Standing, text: str) -> bool:
    """Whether a text occurs in what is shown of a job."""
    last = job.job.last
    about = (
        job.job.job_name,
        job.job.job_id,
        job.server,
        job.job.session_type,
        job.identity.organization,
        job.identity.repository,
        last.message if last else "",
    )
    return any(text in part.casefold() for part in about)


class Slice(NamedTuple):
    """One page of many; `page` is the last one where a choice asks for more."""

    rows: Sequence[Standing]
    page: int
    pages: int
    first: int


def slice_of(jobs: Sequence[Standing], page: int) -> Slice:
    """The rows of a page, its number, how many pages there are, and the number of its first row."""
    pages = max(1, -(-len(jobs) // ROWS))
    number = min(page, pages)
    start = (number - 1) * ROWS
    return Slice(jobs[start : start + ROWS], number, pages, start + 1)
