"""Reading what surrounds the sessions of an appliance in Azure: its policies and its build.

All of it is optional: what cannot be read now keeps its last known state.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from exporter.clock import Clock
from exporter.errors import (
    AuthenticationFailed,
    Forbidden,
    NotFound,
    ParseFailed,
    SourceError,
    TlsFailed,
)
from exporter.model import Session
from exporter.rest.decode import decode_json
from exporter.rest.paging import Listing, Page, read_all, refuse_gap
from exporter.rest.rows import read_page
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.azure.policies import PolicyBook, PolicyList, lists_of, read_single
from exporter.sources.azure.poll import Server
from exporter.sources.azure.wire import ABOUT, POLICIES, PolicyRow, follows
from exporter.sources.endpoints import OPTIONAL_TRIES

REFRESH_AFTER = 600.0
"""Seconds after which what hardly ever changes, or was forbidden, is asked for again."""

SURELY_EMPTY = 2
"""After so many readings in a row that found nothing a list rests: so many end a deleted policy."""

NO_TYPES: frozenset[str] = frozenset()


class FactReader:
    """Keeps a `PolicyBook` and the product's version up to date."""

    def __init__(self, clock: Clock) -> None:
        self.book = PolicyBook()
        self.product_version = ""
        self._clock = clock
        self._absent: set[str] = set()  # addresses, which hold the version
        self._empty: dict[str, tuple[int, float]] = {}  # how often in a row, and last when
        self._strangers: set[str] = set()
        self._policies_due = 0.0
        self._build_path = ""  # another version comes with another build
        self._build_due = 0.0

    async def refresh_build(self, server: Server) -> None:
        """Read the product's version, if it is time to. v1 does not document where it is."""
        path = server.path("system/about")
        rests = path == self._build_path and self._clock.monotonic() < self._build_due
        if rests or path in self._absent:
            return
        try:
            await self._read_build(server, path)
        except (AuthenticationFailed, TlsFailed):
            raise
        except NotFound:
            self._absent.add(path)
        except SourceError as error:
            server.endpoints.fails("about", error)
        else:
            server.endpoints.works("about")

    async def refresh_policies(self, server: Server, sessions: Iterable[Session]) -> frozenset[str]:
        """Read all lists of policies; the types of their sessions, or none if a list is missing.

        Most appliances protect one or two kinds of machine: an empty list is known to be empty for
        ten minutes, unless one of these `sessions` is of a policy that no list has named so far.
        Not every role may read them: after a refusal they are left alone for a while.
        """
        if self._clock.monotonic() < self._policies_due:
            return NO_TYPES
        lists = [
            one for one in lists_of(server.version) if server.path(one.path) not in self._absent
        ]
        named = {session.job_id for session in sessions if session.job_id}
        strangers = named - self._strangers - self.book.ids()
        asked = [one for one in lists if strangers or not self._rests(server.path(one.path))]
        outcomes = await together([partial(self._try, server, one) for one in asked], CONNECTIONS)
        errors = [error for error in outcomes if error is not None]
        if errors:
            server.endpoints.fails("policies", errors[0])
            if any(isinstance(error, Forbidden) for error in errors):
                self._policies_due = self._clock.monotonic() + REFRESH_AFTER
            return NO_TYPES
        self._strangers |= strangers - self.book.ids()
        read = [one.types() for one in lists if self.book.was_read(one)]
        if read:
            server.endpoints.works("policies")
        return NO_TYPES.union(*read)

    def _rests(self, path: str) -> bool:
        times, last = self._empty.get(path, (0, 0.0))
        return times >= SURELY_EMPTY and self._clock.monotonic() - last < REFRESH_AFTER

    async def _read_build(self, server: Server, path: str) -> None:
        response = await server.client.get(path, tries=OPTIONAL_TRIES)
        self.product_version = decode_json(ABOUT, response).server_version or ""
        self._build_path = path
        self._build_due = self._clock.monotonic() + REFRESH_AFTER

    async def _try(self, server: Server, listed: PolicyList) -> SourceError | None:
        """Read one list; why it could not be read whole. A version without the list is no error."""
        try:
            await self._read(server, listed)
        except (AuthenticationFailed, TlsFailed):
            raise
        except NotFound as error:
            if self.book.was_read(listed):
                return error
            self._absent.add(server.path(listed.path))
        except SourceError as error:
            return error
        return None

    async def _read(self, server: Server, listed: PolicyList) -> None:
        path = server.path(listed.path)
        times, _ = self._empty.pop(path, (0, 0.0))
        rows: Sequence[PolicyRow]
        skipped = 0
        if listed.single:
            rows = read_single(await server.client.get(path, tries=OPTIONAL_TRIES))
        else:
            rows, skipped = await _read_list(server, path)
        self.book.take(listed, rows)
        if skipped:
            raise ParseFailed(f"GET {path} holds policies that cannot be read")
        if not rows:
            self._empty[path] = (times + 1, self._clock.monotonic())


async def _read_list(server: Server, path: str) -> tuple[list[PolicyRow], int]:
    """Every readable row of a list, and how many rows are not."""
    skipped = 0

    async def fetch(offset: int) -> Page[PolicyRow]:
        nonlocal skipped
        size = server.page_size
        params = (("Offset", str(offset)), ("Limit", str(size)))
        response = await server.client.get(path, params, tries=OPTIONAL_TRIES)
        page = read_page(POLICIES, response)
        more = follows(page, offset, size)
        refuse_gap(f"{response.where} from {offset}", page.length, more=more)
        skipped += len(page.skipped)
        return Page(page.rows, page.length, more)

    return await read_all(Listing(f"GET {path}", fetch, identity=lambda row: row.id)), skipped
