"""The conversation of one poll of a VB365 server: which lists are read, and how far.

Sessions are listed from the window's start. It is not documented for all versions whether that
filter means a session's start or its end, nor whether running ones are included; so running ones
are asked for apart (v8) or looked for among the newest sessions (v7 and earlier), and open ones
that no list holds are asked for by their id.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import msgspec

from exporter.errors import Forbidden, HttpFailed, NotFound
from exporter.model import OpenSession, Session, Window
from exporter.rest.client import RestClient
from exporter.rest.decode import UNREADABLE, describe
from exporter.rest.newest import NewestFirst
from exporter.rest.paging import Listing, Page, read_all
from exporter.rest.rows import SkippedRow, read_page
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.base import Progress
from exporter.sources.endpoints import OPTIONAL_TRIES, Endpoints
from exporter.sources.selection import keep_newer, was_alive
from exporter.sources.times import utc_text
from exporter.sources.vb365.jobs import JobBook
from exporter.sources.vb365.kinds import (
    JOB_SESSIONS,
    KINDS,
    RESTORE_SESSIONS,
    RETRIEVAL_SESSIONS,
    SessionKind,
)
from exporter.sources.vb365.sessions import with_job

NEWEST_PAGE = 100
"""Rows of a page that is read only to find sessions that have just begun."""

LONGEST_LOOK_BACK = 86400.0
"""How far back the first poll, whose window is long, looks for such sessions, in seconds."""

BREATH = 5000
"""After so many rows of a long history other work has its turn."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a poll needs of the server: connection, version, largest page, facts, endpoints."""

    client: RestClient
    version: int
    page_size: int
    book: JobBook
    endpoints: Endpoints


def _to_the_end(_page: Page[Session]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One list to read: with which filters, how far, how long a page, how many at once."""

    kind: SessionKind
    filters: tuple[tuple[str, str], ...] = ()
    enough: Callable[[Page[Session]], bool] = _to_the_end
    page_size: int = 0
    at_once: int = 1


class Poll:
    """What one poll has read so far: `sessions` by id, `gone` ids, and rows that were `skipped`.

    Lists overlap, so a row that cannot be read is told apart by its fingerprint.
    """

    def __init__(self, server: Server, window: Window, now: float, progress: Progress) -> None:
        self.sessions: dict[str, Session] = {}
        self.gone: list[str] = []
        self.skipped: dict[int, SkippedRow] = {}
        self._server = server
        self._window = window
        self._now = now
        self._progress = progress
        self._pages = 0
        self._rows = 0
        self._turn = asyncio.Lock()

    async def read_job_sessions(self) -> None:
        """Every job session of the window, finished or not. Raises SourceError."""
        if self._server.version < 6:
            at_once = CONNECTIONS if self._window.first else 1
            enough = NewestFirst(self._window.start, _start).whole_page_is_older
            await self._read(_Reading(JOB_SESSIONS, enough=enough, at_once=at_once))
            return
        since = ("endTimeLowerBound", utc_text(self._window.start))
        await self._read(_Reading(JOB_SESSIONS, (since,), at_once=CONNECTIONS))
        if self._server.version < 8 or not await self._read_running():
            await self._read_newest()

    async def read_restores(self) -> None:
        """Restore sessions of the window; v5 has no filter for them. Raises SourceError."""
        since = ("startTimeFrom", utc_text(self._window.start))
        filters = (since,) if self._server.version >= 6 else ()
        await self._read_where_allowed(RESTORE_SESSIONS, filters)

    async def read_retrievals(self) -> None:
        """Data retrieval sessions of the window; no version has a filter. Raises SourceError."""
        await self._read_where_allowed(RETRIEVAL_SESSIONS, ())

    async def follow(self, open_sessions: Iterable[OpenSession]) -> None:
        """Ask by its id for each open session that no list held.

        One that cannot be read alone stays open and is asked for again at the next poll.
        """
        missing = [one.session for one in open_sessions if one.session.id not in self.sessions]
        with self._server.endpoints.as_one("session"):
            await together([partial(self._follow, session) for session in missing], CONNECTIONS)

    def name_sessions(self) -> None:
        """Complete the sessions of jobs that became known after their sessions were read."""
        names = self._server.book.names
        for id_, session in self.sessions.items():
            if not session.job_name and session.job_id in names:
                self.sessions[id_] = with_job(session, names[session.job_id])

    async def _follow(self, before: Session) -> None:
        kind = KINDS.get(before.session_type, JOB_SESSIONS)
        path = f"{self._path(kind)}/{quote(before.id, safe='')}"
        call = self._server.client.get(path, accepted=(404,), tries=OPTIONAL_TRIES)
        response = await self._server.endpoints.optional("session", call)
        if response is None:
            return
        if response.status == 404:
            self.gone.append(before.id)
            return
        try:
            row = kind.decoder.decode_row(response.body)
        except UNREADABLE as error:
            problem, fingerprint = describe(response.body, error), hash(response.body)
            self.skipped[fingerprint] = SkippedRow(response.where, problem, fingerprint)
            return
        session = kind.normalise([row], self._server.book.names)[0]
        # The id as we know it, and the last known name of a job that is no longer listed.
        name = session.job_name or before.job_name
        keep_newer(self.sessions, msgspec.structs.replace(session, id=before.id, job_name=name))

    async def _read_running(self) -> bool:
        """Read the list of running sessions; False where the server does not take the filter."""
        try:
            await self._read(_Reading(JOB_SESSIONS, (("status", "Running"),)))
        except (HttpFailed, NotFound):
            return False
        return True

    async def _read_newest(self) -> None:
        """Read unfiltered pages, as long as they come newest first, back to the window's start."""
        horizon = self._window.start
        if self._window.first:
            horizon = max(horizon, self._now - LONGEST_LOOK_BACK)
        enough = NewestFirst(horizon, _start).last_row_is_older_or_unordered
        size = min(NEWEST_PAGE, self._server.page_size)
        await self._read(_Reading(JOB_SESSIONS, enough=enough, page_size=size))

    async def _read_where_allowed(
        self, kind: SessionKind, filters: tuple[tuple[str, str], ...]
    ) -> None:
        """Read a list that not every account and version has."""
        enough = NewestFirst(self._window.start, _start).whole_page_is_older
        try:
            await self._read(_Reading(kind, filters, enough))
        except (Forbidden, NotFound) as error:
            self._server.endpoints.fails(kind.endpoint, error)

    async def _read(self, reading: _Reading) -> None:
        path = self._path(reading.kind)
        rows = await read_all(
            Listing(
                where=f"GET {path}",
                fetch=partial(self._page, path, reading),
                identity=lambda session: session.id,
                enough=reading.enough,
                progress=self._page_read,
                at_once=reading.at_once,
            )
        )
        for number, session in enumerate(rows):
            if reading.filters or was_alive(session, self._window.start):
                keep_newer(self.sessions, session)
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        self._server.endpoints.works(reading.kind.endpoint)

    async def _page(self, path: str, reading: _Reading, offset: int) -> Page[Session]:
        size = reading.page_size or self._server.page_size
        params = (("limit", str(size)), ("offset", str(offset)), *reading.filters)
        response = await self._server.client.get(path, params)
        # One page after another, in two steps: scrapes have their turn in between, however many
        # pages have come in at once.
        async with self._turn:
            page = read_page(reading.kind.decoder, response)
            await asyncio.sleep(0)
            sessions = reading.kind.normalise(page.rows, self._server.book.names)
            await asyncio.sleep(0)
        for row in page.skipped:
            place = f"{response.where} from {offset}: {row.place}"
            self.skipped[row.fingerprint] = row._replace(place=place)
        return Page(sessions, page.length, page.has_more(size))

    def _page_read(self, rows: int) -> None:
        self._pages += 1
        self._rows += rows
        self._progress(self._pages, self._rows)

    def _path(self, kind: SessionKind) -> str:
        return f"/v{self._server.version}/{kind.path}"


def _start(session: Session) -> float | None:
    return session.started
