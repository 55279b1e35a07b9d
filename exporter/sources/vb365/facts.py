"""Reading what surrounds the sessions of a VB365 server: jobs, organizations, repositories, build.

All of it is optional: what cannot be read now keeps its last known state.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from exporter.clock import Clock
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

_JOB_LISTS = (("jobs", "Jobs", BACKUP), ("copy_jobs", "CopyJobs", COPY))


class FactReader:
    """Keeps a `JobBook` and the product's version up to date."""

    def __init__(self, client: RestClient, endpoints: Endpoints, clock: Clock) -> None:
        self.book = JobBook()
        self.product_version = ""
        self._client = client
        self._endpoints = endpoints
        self._clock = clock
        self._read_at: dict[str, float] = {}

    async def refresh_jobs(self, version: int, page_size: int) -> frozenset[str]:
        """Read both lists of jobs; the session types whose jobs were listed completely."""
        lists = _Lists(self._client, version, page_size)
        calls = [partial(self._jobs, lists, *names) for names in _JOB_LISTS]
        listed = await together(calls, CONNECTIONS)
        return frozenset(session_type for session_type in listed if session_type)

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

    async def _jobs(self, lists: "_Lists", endpoint: str, path: str, session_type: str) -> str:
        """The session type if its jobs were read without a gap, else an empty string."""
        rows = await self._endpoints.optional(endpoint, lists.read(path, JOBS))
        if rows is None:
            return ""
        self.book.list_jobs(session_type, rows.rows)
        return session_type if rows.complete else ""

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
