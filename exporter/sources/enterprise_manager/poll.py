"""The conversation of one poll of an Enterprise Manager: which lists are read.

Running sessions are read before finished ones, so that one that ends in between is in both. The
lists that the vendor documents as resources hold no more than 30 days and come in no order; the
query has filters, an order and pages.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import msgspec

from exporter.errors import ParseFailed
from exporter.model import OpenSession, Session, State, Window
from exporter.rest.client import RestClient
from exporter.rest.paging import Listing, read_all, refuse_gap
from exporter.rest.rows import SkippedRow
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.base import Progress
from exporter.sources.endpoints import OPTIONAL_TRIES, Endpoints
from exporter.sources.enterprise_manager.answers import (
    BACKUP_SESSIONS,
    REPLICA_SESSIONS,
    Kind,
    read_entity,
    read_sessions,
)
from exporter.sources.enterprise_manager.query import RUNNING, ended_since, numbered, query
from exporter.sources.enterprise_manager.sessions import REPLICA, Sighting, normalise
from exporter.sources.enterprise_manager.wire import SessionRow


@dataclass(frozen=True, slots=True)
class SessionList:
    """One kind of session: its entity, its resource, and the type of all its rows if it is one."""

    kind: Kind[SessionRow]
    resource: str
    session_type: str = ""


BACKUPS = SessionList(BACKUP_SESSIONS, "/api/backupSessions")
REPLICAS = SessionList(REPLICA_SESSIONS, "/api/replicaSessions", REPLICA)


@dataclass(frozen=True, slots=True)
class Server:
    """What a poll needs of the server; `admits` chooses among the names of backup servers."""

    client: RestClient
    page_size: int
    endpoints: Endpoints
    admits: Callable[[str], bool]


class Poll:
    """What one poll has read so far: `sightings` by id, `gone` ids, and rows that were `skipped`.

    Lists overlap, so a row that cannot be read is told apart by its fingerprint.
    """

    def __init__(self, server: Server, window: Window, progress: Progress) -> None:
        self.sightings: dict[str, Sighting] = {}
        self.gone: list[str] = []
        self.skipped: dict[int, SkippedRow] = {}
        self._server = server
        self._window = window
        self._progress = progress
        self._pages = 0
        self._rows = 0

    async def read(self, lists: Iterable[SessionList]) -> None:
        """Every session of the window, running ones and finished ones. Raises SourceError."""
        for one in lists:
            for where in (RUNNING, ended_since(self._window.start)):
                await self._read(one, where)
        self._server.endpoints.works("sessions")

    async def follow(self, open_sessions: Iterable[OpenSession]) -> None:
        """Ask by its id for each open session that no list held.

        One that cannot be read alone stays open and is asked for again at the next poll.
        """
        missing = [one.session for one in open_sessions if one.session.id not in self.sightings]
        with self._server.endpoints.as_one("session"):
            await together([partial(self._follow, session) for session in missing], CONNECTIONS)

    async def _read(self, one: SessionList, where: str) -> None:
        rows = await read_all(
            Listing(
                where=f"GET /api/query of {one.kind.query}",
                fetch=numbered(partial(self._page, one, where)),
                identity=lambda sighting: sighting.session.id,
                progress=self._page_read,
            )
        )
        for sighting in rows:
            if self._server.admits(sighting.backup_server):
                self._keep(sighting)

    async def _page(
        self, one: SessionList, where: str, number: int
    ) -> tuple[Sequence[Sighting], int, bool]:
        size = self._server.page_size
        asked = query(one.kind.query, size, number, ascending="CreationTime", where=where)
        response = await self._server.client.get("/api/query", asked)
        page = read_sessions(one.kind, response, number)
        where, more = f"{response.where} page {number}", page.has_more(size)
        refuse_gap(where, page.length, more=more)
        for row in page.skipped:
            self.skipped[row.fingerprint] = row._replace(place=f"{where}: {row.place}")
        return normalise(page.rows, one.session_type), page.length, more

    async def _follow(self, before: Session) -> None:
        one = REPLICAS if before.session_type == REPLICA else BACKUPS
        path = f"{one.resource}/{quote(before.id, safe='')}"
        call = self._server.client.get(
            path, (("format", "Entity"),), accepted=(404,), tries=OPTIONAL_TRIES
        )
        response = await self._server.endpoints.optional("session", call)
        if response is None:
            return
        if response.status == 404:
            self.gone.append(before.id)
            return
        try:
            row = read_entity(one.kind, response)
        except ParseFailed as error:
            fingerprint = hash(response.body)
            self.skipped[fingerprint] = SkippedRow(path, str(error), fingerprint)
            return
        sighting = normalise([row], one.session_type)[0]
        session = msgspec.structs.replace(sighting.session, id=before.id)
        if not session.job_id:  # the job was deleted meanwhile
            names = {"job_id": before.job_id, "job_name": before.job_name}
            session = msgspec.structs.replace(session, **names)
        self._keep(Sighting(session, sighting.backup_server))

    def _keep(self, sighting: Sighting) -> None:
        """Keep the newer reading of a session, but never an open one in place of a finished one."""
        session = sighting.session
        known = self.sightings.get(session.id)
        over = known is not None and known.session.state is State.FINISHED
        if not over or session.state is State.FINISHED:
            self.sightings[session.id] = sighting

    def _page_read(self, rows: int) -> None:
        self._pages += 1
        self._rows += rows
        self._progress(self._pages, self._rows)
