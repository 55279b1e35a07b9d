"""Reading what surrounds the sessions of a VB365 server: jobs, organizations, repositories, build.

All of it is optional: what cannot be read now keeps its last known state.
"""

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
from exporter.sources.turns import Turns
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
    """A list of jobs, and how many seconds it rests after it was found to be still empty."""

    endpoint: str
    path: str
    session_type: str
    empty_rest: float = 0.0


_JOB_LISTS = (
    _JobList("jobs", "Jobs", BACKUP),
    # Most servers have no copy jobs, and their backup jobs would have every other turn only.
    _JobList("copy_jobs", "CopyJobs", COPY, empty_rest=REFRESH_AFTER),
)
_NAME_LISTS = ("organizations", "repositories", "service_instance")


class FactReader:
    """Keeps a `JobBook` and the product's version up to date.

    Once all of it is known and stays the same, a poll reads one of these lists in turn: with polls
    a minute apart each list of jobs is read at least every five minutes, without copy jobs the one
    list that is left by nearly each poll. A list of jobs that has just gained or lost a job is read
    again by the next poll.
    """

    def __init__(self, client: RestClient, endpoints: Endpoints, clock: Clock) -> None:
        self.book = JobBook()
        self.product_version = ""
        self._client = client
        self._endpoints = endpoints
        self._turns = Turns(clock)
        self._chosen: frozenset[str] = frozenset()
        self._listed: dict[str, frozenset[str]] = {}  # complete lists: ids of their jobs
        self._strangers: frozenset[str] = frozenset()

    @property
    def known_types(self) -> frozenset[str]:
        """The session types whose jobs were listed completely, now or by an earlier poll."""
        return frozenset(one.session_type for one in _JOB_LISTS if one.endpoint in self._listed)

    async def refresh_jobs(self, version: int, page_size: int) -> frozenset[str]:
        """Read the lists of jobs whose turn it is, first of all in a poll.

        Returns the session types whose jobs were listed completely by this call.
        """
        self._chosen = self._turns.chosen((*(one.endpoint for one in _JOB_LISTS), *_NAME_LISTS))
        lists = _Lists(self._client, version, page_size)
        return await self._read_jobs(lists, lambda one: one.endpoint in self._chosen)

    async def find_jobs_of(
        self, sessions: Iterable[Session], version: int, page_size: int
    ) -> frozenset[str]:
        """Read the other lists as well when a session names a job that was never listed.

        The job may be new. One that no list names then is a deleted one, and not looked for again.
        """
        if self._chosen.issuperset(one.endpoint for one in _JOB_LISTS):
            return frozenset()
        named = {one.job_id for one in sessions if one.job_id}
        if named - self.book.names.keys() <= self._strangers:
            return frozenset()
        lists = _Lists(self._client, version, page_size)
        listed = await self._read_jobs(lists, lambda one: one.endpoint not in self._chosen)
        self._strangers = frozenset(named - self.book.names.keys())
        return listed

    async def _read_jobs(
        self, lists: "_Lists", wanted: Callable[[_JobList], bool]
    ) -> frozenset[str]:
        calls = [partial(self._jobs, lists, one) for one in _JOB_LISTS if wanted(one)]
        listed = await together(calls, CONNECTIONS)
        return frozenset(session_type for session_type in listed if session_type)

    async def refresh_names(self, version: int, page_size: int) -> None:
        """Read what hardly ever changes, where it is its turn."""
        lists = _Lists(self._client, version, page_size)
        readings: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("organizations", partial(self._organizations, lists)),
            ("repositories", partial(self._repositories, lists)),
            ("service_instance", partial(self._service_instance, version)),
        )
        due = [partial(self._again, *one) for one in readings if one[0] in self._chosen]
        await together(due, CONNECTIONS)

    async def _again(self, endpoint: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read what is due; a failure is tried again at the next poll."""
        self._turns.again(endpoint)

        async def read_and_note() -> None:
            await read()
            self._turns.made(endpoint, REFRESH_AFTER)

        await self._endpoints.optional(endpoint, read_and_note())

    async def _jobs(self, lists: "_Lists", one: _JobList) -> str:
        """The session type if its jobs were read without a gap, else an empty string."""
        self._turns.again(one.endpoint)
        found = await self._endpoints.optional(one.endpoint, lists.read(one.path, JOBS))
        if found is None:
            return ""
        self.book.list_jobs(one.session_type, found.rows)
        if not found.complete:
            return ""
        ids = frozenset(row.id.lower() for row in found.rows)
        if self._listed.get(one.endpoint) == ids:  # only a list that stays the same may wait
            self._turns.made(one.endpoint, 0.0 if ids else one.empty_rest)
        self._listed[one.endpoint] = ids
        return one.session_type

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
