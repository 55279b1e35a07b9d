"""Reading what surrounds the sessions of a VB365 server: jobs, organizations, repositories, build.

All of it is optional: what cannot be read now keeps its last known state.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from exporter.clock import Clock
from exporter.model import Session
from exporter.rest.client import RestClient
from exporter.rest.decode import decode_json
from exporter.rest.paging import Listing, Page, read_all
from exporter.rest.rows import PageDecoder, SkippedRow, read_page
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.endpoints import OPTIONAL_TRIES, Endpoints
from exporter.sources.vb365.jobs import JobBook
from exporter.sources.vb365.sessions import BACKUP, COPY
from exporter.sources.vb365.wire import (
    JOBS,
    NAMED,
    SERVICE_INSTANCE,
    JobRow,
    NamedRow,
)

REFRESH_AFTER = 600.0
"""Seconds after which names that hardly ever change are read again."""

_PAGES_SINCE = 8  # before, these lists are bare arrays and take no limit

Kept = TypeVar("Kept", JobRow, NamedRow)


@dataclass(frozen=True, slots=True)
class _JobList:
    """A list of jobs; one that `rests` is hardly asked for while it is known to be empty."""

    endpoint: str
    path: str
    session_type: str
    rests: bool = False


_JOB_LISTS = (
    _JobList("jobs", "Jobs", BACKUP),
    # Most servers have no copy jobs, and would be asked for them with each poll.
    _JobList("copy_jobs", "CopyJobs", COPY, rests=True),
)

_SURELY_EMPTY = 2
"""How many readings in a row find a list empty before it rests: so many end a deleted job."""


class FactReader:
    """Keeps a `JobBook` and the product's version up to date."""

    def __init__(self, client: RestClient, endpoints: Endpoints, clock: Clock) -> None:
        self.book = JobBook()
        self.product_version = ""
        self._client = client
        self._endpoints = endpoints
        self._clock = clock
        self._read_at: dict[str, float] = {}
        self._found_empty: Counter[str] = Counter()

    async def refresh_jobs(self, version: int, page_size: int) -> frozenset[str]:
        """Read the lists of jobs; the session types whose jobs were listed completely."""
        lists = _Lists(self._client, version, page_size)
        calls = [partial(self._jobs, lists, one) for one in _JOB_LISTS if not self._at_rest(one)]
        listed = await together(calls, CONNECTIONS)
        return frozenset(session_type for session_type in listed if session_type)

    def expect_jobs_of(self, sessions: Iterable[Session]) -> None:
        """A session of a job that was never listed ends every rest: it may belong there."""
        resting = [one.endpoint for one in _JOB_LISTS if self._at_rest(one)]
        if resting and not {one.job_id for one in sessions if one.job_id} <= self.book.names.keys():
            for endpoint in resting:
                del self._found_empty[endpoint]

    def _at_rest(self, one: _JobList) -> bool:
        empty = self._found_empty[one.endpoint] >= _SURELY_EMPTY
        return one.rests and empty and not self._is_due(one.endpoint)

    async def refresh_names(self, version: int, page_size: int) -> None:
        """Read what hardly ever changes, if it is time to."""
        lists = _Lists(self._client, version, page_size)
        readings: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("organizations", partial(self._organizations, lists)),
            ("repositories", partial(self._repositories, lists)),
            ("service_instance", partial(self._service_instance, version)),
        )
        due = [partial(self._again, *one) for one in readings if self._is_due(one[0])]
        await together(due, CONNECTIONS)

    def _is_due(self, endpoint: str) -> bool:
        last = self._read_at.get(endpoint)
        return last is None or self._clock.monotonic() - last >= REFRESH_AFTER

    async def _again(self, endpoint: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read what is due; a failure is tried again at the next poll."""

        async def read_and_note() -> None:
            await read()
            self._read_at[endpoint] = self._clock.monotonic()

        await self._endpoints.optional(endpoint, read_and_note())

    async def _jobs(self, lists: "_Lists", one: _JobList) -> str:
        """The session type if its jobs were read without a gap, else an empty string."""
        found = await self._endpoints.optional(one.endpoint, lists.read(one.path, JOBS))
        if found is None:
            return ""
        self._read_at[one.endpoint] = self._clock.monotonic()
        self.book.list_jobs(one.session_type, found.rows)
        if found.rows or not found.complete:
            del self._found_empty[one.endpoint]
        else:
            self._found_empty[one.endpoint] += 1
        return one.session_type if found.complete else ""

    async def _organizations(self, lists: "_Lists") -> None:
        self.book.list_organizations(await _names(lists, "Organizations"))

    async def _repositories(self, lists: "_Lists") -> None:
        self.book.list_repositories(await _names(lists, "BackupRepositories"))

    async def _service_instance(self, version: int) -> None:
        response = await self._client.get(f"/v{version}/ServiceInstance", tries=OPTIONAL_TRIES)
        self.product_version = decode_json(SERVICE_INSTANCE, response).version or ""


async def _names(lists: "_Lists", path: str) -> list[NamedRow]:
    return (await lists.read(path, NAMED)).rows


@dataclass(frozen=True, slots=True)
class _Whole(Generic[Kept]):
    """All readable rows of a list; `complete` when none had to be skipped."""

    rows: list[Kept]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Lists:
    """Reads whole lists of one version, whether they come as arrays or as pages."""

    client: RestClient
    version: int
    page_size: int

    async def read(self, path: str, decoder: PageDecoder[Kept]) -> _Whole[Kept]:
        """Every row of the list at `path`."""
        skipped: list[SkippedRow] = []
        full = f"/v{self.version}/{path}"

        async def fetch(offset: int) -> Page[Kept]:
            response = await self.client.get(full, self._params(offset), tries=OPTIONAL_TRIES)
            page = read_page(decoder, response)
            skipped.extend(page.skipped)
            return Page(page.rows, page.length, page.has_more(self.page_size))

        rows = await read_all(Listing(f"GET {full}", fetch, identity=_row_id))
        return _Whole(rows, complete=not skipped)

    def _params(self, offset: int) -> tuple[tuple[str, str], ...]:
        if self.version < _PAGES_SINCE and offset == 0:
            return ()
        return (("limit", str(self.page_size)), ("offset", str(offset)))


def _row_id(row: JobRow | NamedRow) -> str:
    return row.id
