"""The conversation of one poll of an appliance in Azure: which lists are read, and how far.

From v2 on `FromUtc` filters by a session's START. That is enough: the window begins before the
last complete poll, so whatever began earlier and has not ended since was seen open then, and is
followed by its id. What a start filter cannot show, sessions that wait and have no start, and
those that began before the very first window, is asked for by status. Each status is asked for
alone, because versions differ in how they take several.

v1 documents no filter: its list is read newest first, the order verified, back to the window's
start, and its first history comes by the export of the whole list in one answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import msgspec

from exporter.errors import AuthenticationFailed, SourceError, TlsFailed
from exporter.model import OpenSession, Session, Window
from exporter.rest.client import RestClient
from exporter.rest.decode import BYTE_ORDER_MARK, UNREADABLE, describe
from exporter.rest.newest import NewestFirst
from exporter.rest.paging import Listing, Page, RepeatingPages, read_all, refuse_gap
from exporter.rest.rows import DecodedPage, SkippedRow, read_page
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.rest.wire import TRIES, Request, Response
from exporter.sources.azure.sessions import normalise
from exporter.sources.azure.wire import SESSIONS, AnySessionRow, follows, is_whole
from exporter.sources.azure.words import OPEN_STATUSES
from exporter.sources.base import Progress
from exporter.sources.endpoints import OPTIONAL_TRIES, Endpoints
from exporter.sources.selection import keep_newer, was_alive
from exporter.sources.times import utc_text

NEWEST_PAGE = 100
"""Rows of a page of v1 when only what is new is looked for."""

WAITING = ("Pending",)
STILL_OPEN = tuple(OPEN_STATUSES)


@dataclass(frozen=True, slots=True)
class Server:
    """What a poll needs of the server: connection, version, largest page, endpoints."""

    client: RestClient
    version: str
    page_size: int
    endpoints: Endpoints

    @property
    def has_filters(self) -> bool:
        """Whether the list of sessions can be asked for a part of it."""
        return self.version != "v1"

    def path(self, name: str) -> str:
        """The address of `name` in this version."""
        return f"/api/{self.version}/{name}"


def _to_the_end(_page: Page[Session]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the list is read: with which filters, how far, how long a page, how many at once.

    `met` gathers the ids of a list whose pages may be the same whatever was asked for.
    """

    filters: tuple[tuple[str, str], ...] = ()
    enough: Callable[[Page[Session]], bool] = _to_the_end
    page_size: int = 0
    at_once: int = 1
    tries: int = TRIES
    met: set[str] | None = None


class Poll:
    """What one poll has read so far: `sessions` by id, `gone` ids, and rows that were `skipped`.

    `policy_types` holds the types of the policies that sessions named. Lists overlap, so a row that
    cannot be read is told apart by its fingerprint.
    """

    def __init__(self, server: Server, window: Window, progress: Progress) -> None:
        self.sessions: dict[str, Session] = {}
        self.gone: list[str] = []
        self.skipped: dict[int, SkippedRow] = {}
        self.policy_types: dict[str, str] = {}
        self._server = server
        self._window = window
        self._progress = progress
        self._pages = 0
        self._rows = 0

    async def read_sessions(self) -> None:
        """Every session of the window. Raises SourceError."""
        if self._server.has_filters:
            since = ("FromUtc", utc_text(self._window.start))
            await self._read(_Reading((since,), at_once=CONNECTIONS))
        else:
            await self._read_without_filters()
        self._server.endpoints.works("sessions")

    async def _read_without_filters(self) -> None:
        """The list of v1. An appliance that knows no pages gives its first rows again and again:
        where they do not reach back to the window's start, the export does. Raises SourceError.
        """
        try:
            await self._read_newest(await self._export() if self._window.first else frozenset())
        except RepeatingPages:
            if not await self._export():
                raise

    async def read_open(self, statuses: Iterable[str]) -> None:
        """Sessions of these statuses, whenever they began; an extra that may fail."""
        if self._server.has_filters:
            await self._server.endpoints.optional("open_sessions", self._read_statuses(statuses))

    async def follow(self, open_sessions: Iterable[OpenSession]) -> None:
        """Ask by its id for each open session that no list held.

        One that cannot be read alone stays open and is asked for again at the next poll.
        """
        missing = [one.session for one in open_sessions if one.session.id not in self.sessions]
        with self._server.endpoints.as_one("session"):
            await together([partial(self._follow, session) for session in missing], CONNECTIONS)

    async def _read_statuses(self, statuses: Iterable[str]) -> None:
        readings = [_Reading((("Status", status),), tries=OPTIONAL_TRIES) for status in statuses]
        await together([partial(self._read, reading) for reading in readings], CONNECTIONS)

    async def _export(self) -> frozenset[str]:
        """The ids of the whole list when it could be read in one answer; else none.

        The vendor documents the export for v1 only, and only there as JSON.
        """
        try:
            page = await self._exported()
        except (AuthenticationFailed, TlsFailed):
            raise
        except SourceError as error:
            self._server.endpoints.fails("export", error)
            return frozenset()
        self._server.endpoints.works("export")
        sessions = self._normalised(page, "POST export")
        self._page_read(len(sessions))
        self._keep_alive(sessions)
        return frozenset(row.id for row in page.rows) if is_whole(page) else frozenset()

    async def _exported(self) -> DecodedPage[AnySessionRow]:
        path = self._server.path("jobSessions/export")
        request = Request("POST", path, tries=OPTIONAL_TRIES)
        return read_page(SESSIONS, await self._server.client.send(request))

    async def _read_newest(self, exported: frozenset[str]) -> None:
        """Read the unfiltered list back to the window's start, or to what was `exported`."""
        newest = NewestFirst(self._window.start, _start)
        seen: set[str] = set()

        def enough(page: Page[Session]) -> bool:
            ids = {session.id for session in page.rows}
            if ids and (ids <= exported or (newest.has_passed and ids <= seen)):
                return True
            seen.update(ids)
            # Sessions that never began, or wait to, say nothing of the order.
            begun = [session for session in page.rows if session.started is not None]
            return newest.whole_page_is_older(Page(begun, page.length, page.more))

        whole = self._window.first and not exported
        size = self._server.page_size if whole else min(NEWEST_PAGE, self._server.page_size)
        at_once = CONNECTIONS if whole else 1
        await self._read(_Reading(enough=enough, page_size=size, at_once=at_once, met=set()))

    async def _read(self, reading: _Reading) -> None:
        path = self._server.path("jobSessions")
        sessions = await read_all(
            Listing(
                where=f"GET {path}",
                fetch=partial(self._page, path, reading),
                identity=lambda session: session.id,
                enough=reading.enough,
                progress=self._page_read,
                at_once=reading.at_once,
            )
        )
        if reading.filters:
            self._keep(sessions)
        else:
            self._keep_alive(sessions)

    async def _page(self, path: str, reading: _Reading, offset: int) -> Page[Session]:
        size = reading.page_size or self._server.page_size
        params = (("Offset", str(offset)), ("Limit", str(size)), *reading.filters)
        response = await self._server.client.get(path, params, tries=reading.tries)
        page = read_page(SESSIONS, response)
        where, more = f"{response.where} from {offset}", follows(page, offset, size)
        refuse_gap(where, page.length, more=more)
        sessions = self._normalised(page, where)
        return Page(sessions, page.length, _repeats(page, reading.met) or more)

    def _normalised(self, page: DecodedPage[AnySessionRow], where: str) -> list[Session]:
        for row in page.skipped:
            self.skipped[row.fingerprint] = row._replace(place=f"{where}: {row.place}")
        return normalise(page.rows, self.policy_types)

    async def _follow(self, before: Session) -> None:
        path = self._server.path(f"jobSessions/{quote(before.id, safe='')}")
        call = self._server.client.get(path, accepted=(404,), tries=OPTIONAL_TRIES)
        response = await self._server.endpoints.optional("session", call)
        if response is None:
            return
        if response.status == 404:
            self.gone.append(before.id)
            return
        try:
            row = SESSIONS.decode_row(response.body.removeprefix(BYTE_ORDER_MARK))
        except UNREADABLE as error:
            self._skip(response, error)
            return
        self._keep_followed(before, normalise([row], self.policy_types))

    def _keep_followed(self, before: Session, read: list[Session]) -> None:
        if not read:
            self.gone.append(before.id)  # it waited, and now the server says that it never ran
        for session in read:
            # The id as we know it, and the last known name of a policy that is no longer told.
            name = session.job_name or (before.job_name if session.job_id == before.job_id else "")
            self._keep([msgspec.structs.replace(session, id=before.id, job_name=name)])

    def _skip(self, response: Response, error: Exception) -> None:
        fingerprint = hash(response.body)
        problem = describe(response.body, error)
        self.skipped[fingerprint] = SkippedRow(response.where, problem, fingerprint)

    def _keep_alive(self, sessions: Iterable[Session]) -> None:
        """Keep what belongs to the window of an unfiltered list; its last page reaches back."""
        self._keep(session for session in sessions if was_alive(session, self._window.start))

    def _keep(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            keep_newer(self.sessions, session)

    def _page_read(self, rows: int) -> None:
        self._pages += 1
        self._rows += rows
        self._progress(self._pages, self._rows)


def _repeats(page: DecodedPage[AnySessionRow], met: set[str] | None) -> bool:
    """Whether a full page has no row that was not `met`, while there are more in the list.

    Then it is no last page, whatever its place in the list says.
    """
    if met is None:
        return False
    known = len(met)
    met.update(row.id for row in page.rows)
    full = page.length > 0 and page.length == page.limit
    return full and len(met) == known < (page.total or 0)


def _start(session: Session) -> float | None:
    return session.started
