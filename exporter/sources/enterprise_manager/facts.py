"""Reading what surrounds the sessions of an Enterprise Manager: jobs, versions, last collection.

All of it is optional: what cannot be read now keeps its last known state.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from exporter.clock import Clock
from exporter.rest.client import RestClient
from exporter.rest.paging import Listing, read_all, refuse_gap
from exporter.rest.rows import SkippedRow
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.endpoints import OPTIONAL_TRIES, Endpoints
from exporter.sources.enterprise_manager.answers import (
    BACKUP_SERVERS,
    JOBS,
    SYSTEM_SESSIONS,
    read_page,
)
from exporter.sources.enterprise_manager.jobs import JobBook
from exporter.sources.enterprise_manager.query import numbered, query
from exporter.sources.enterprise_manager.wire import JobRow, SystemSessionRow
from exporter.sources.times import timestamp

REFRESH_AFTER = 600.0
"""Seconds after which versions and the last collection are read again; it collects each 900."""

_API_VERSION = re.compile(rb"\bv(\d+)_(\d+)\b")
_BUILD = re.compile(r"\d+(\.\d+)*")


class FactReader:
    """Keeps a `JobBook`, the versions and the time of the last collection up to date."""

    def __init__(
        self,
        client: RestClient,
        endpoints: Endpoints,
        clock: Clock,
        admits: Callable[[str], bool],
    ) -> None:
        self.book = JobBook(admits)
        self.product_version = ""
        self.api_version = ""
        self.collected: float | None = None
        self._client = client
        self._endpoints = endpoints
        self._clock = clock
        self._read_at: dict[str, float] = {}

    async def refresh_jobs(self, page_size: int) -> bool:
        """Read the list of jobs; whether it was read without a gap.

        It is for accounts of the role Portal Administrator only.
        """
        skipped: list[SkippedRow] = []
        listing = Listing(
            where="GET /api/query of Job",
            fetch=numbered(partial(self._jobs, page_size, skipped)),
            identity=_uid,
        )
        rows = await self._endpoints.optional("jobs", read_all(listing))
        if rows is None:
            return False
        self.book.list_jobs(rows)
        return not skipped

    async def refresh_server(self) -> None:
        """Read what changes now and then, if it is time to."""
        readings: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("api", self._api),
            ("backup_servers", self._backup_servers),
            ("collection", self._collection),
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

    async def _jobs(
        self, page_size: int, skipped: list[SkippedRow], number: int
    ) -> tuple[list[JobRow], int, bool]:
        asked = query("Job", page_size, number, ascending="Name")
        response = await self._client.get("/api/query", asked, tries=OPTIONAL_TRIES)
        page = read_page(JOBS, response, number)
        more = page.has_more(page_size)
        refuse_gap(f"{response.where} page {number}", page.length, more=more)
        skipped.extend(page.skipped)
        return list(page.rows), page.length, more

    async def _api(self) -> None:
        """Which versions of the API are there: `latest` at the logon is the highest of them."""
        response = await self._client.get("/api/", tries=OPTIONAL_TRIES)
        versions = {(int(major), int(minor)) for major, minor in _versions(response.body)}
        if versions:
            major, minor = max(versions)
            self.api_version = f"v{major}.{minor}"

    async def _backup_servers(self) -> None:
        """The newest build: Enterprise Manager is never older than the servers it collects from."""
        response = await self._client.get(
            "/api/backupServers", (("format", "Entity"),), tries=OPTIONAL_TRIES
        )
        rows = read_page(BACKUP_SERVERS, response).rows
        builds = [row.version for row in rows if row.version and _BUILD.fullmatch(row.version)]
        self.product_version = max(builds, key=_by_number, default="")

    async def _collection(self) -> None:
        """When data was last collected from the backup servers; all of them count as one."""
        response = await self._client.get(
            "/api/systemSessions", (("format", "Entity"),), tries=OPTIONAL_TRIES
        )
        ends = [timestamp(row.end_time) for row in read_page(SYSTEM_SESSIONS, response).rows
                if _is_good_collection(row)]  # fmt: skip
        self.collected = max((end for end in ends if end is not None), default=self.collected)


def _versions(body: bytes) -> list[tuple[bytes, bytes]]:
    return _API_VERSION.findall(body[:65536])


def _by_number(build: str) -> list[int]:
    return [int(part[:9]) for part in build.split(".")]


def _is_good_collection(row: SystemSessionRow) -> bool:
    """By its state: the vendor's page and its sample disagree about the result."""
    kind, state = (row.session_type or "").lower(), (row.state or "").lower()
    return kind == "collectjob" and state == "completedsuccessfully"


def _uid(row: JobRow) -> str:
    return row.uid
