"""What a session transferred and how fast: one more request for each finished session, on demand.

Sessions themselves tell neither. The items that a session protected do, so their figures are added
up. This is an option because it is as expensive as there are sessions.
"""

from collections.abc import Iterable, Iterator, MutableMapping
from functools import partial
from urllib.parse import quote

import msgspec

from exporter.model import Session, State, Statistics
from exporter.rest.paging import Listing, Page, read_all
from exporter.rest.rows import read_page
from exporter.rest.together import together
from exporter.rest.transport import CONNECTIONS
from exporter.sources.azure.poll import Server
from exporter.sources.azure.wire import ITEMS, ItemRow, Rates, follows
from exporter.sources.azure.words import PROTECTING_TYPES
from exporter.sources.endpoints import OPTIONAL_TRIES

MOST_PER_POLL = 200
"""Sessions whose items are read in one poll; of a long first history the newest ones."""

MOST_PAGES = 20
"""Pages of items of one session."""

REMEMBERED = 10_000
"""Sessions whose figures are kept, so that nobody asks for them again while they are listed."""


class RateReader:
    """Asks once for the items of each finished session, and remembers what came of it."""

    def __init__(self) -> None:
        self._known: dict[str, Statistics | None] = {}

    async def add(self, server: Server, sessions: MutableMapping[str, Session]) -> None:
        """Give the finished ones of `sessions` their figures; without an answer they have none."""
        new = self._unknown(sessions.values())
        # A session counts at its first sight: figures that come later are never added to a sum.
        self._known.update(dict.fromkeys((session.id for session in new), None))
        calls = [partial(self._read, server, session.id) for session in new]
        if calls:
            await server.endpoints.optional("protected_items", together(calls, CONNECTIONS))
        for session in list(sessions.values()):
            figures = self._known.get(session.id)
            if figures is not None:
                sessions[session.id] = msgspec.structs.replace(session, statistics=figures)
        for old in list(self._known)[:-REMEMBERED]:
            del self._known[old]

    def _unknown(self, sessions: Iterable[Session]) -> list[Session]:
        """The newest finished sessions that protected something and were not asked about."""
        new = [
            session
            for session in sessions
            if session.state is State.FINISHED
            and session.session_type in PROTECTING_TYPES
            and session.id not in self._known
        ]
        return sorted(new, key=lambda session: session.ended or 0.0, reverse=True)[:MOST_PER_POLL]

    async def _read(self, server: Server, session_id: str) -> None:
        path = server.path(f"jobSessions/{quote(session_id, safe='')}/protectedItems")

        async def fetch(offset: int) -> Page[ItemRow]:
            size = server.page_size
            params = (("Offset", str(offset)), ("Limit", str(size)))
            response = await server.client.get(path, params, tries=OPTIONAL_TRIES)
            page = read_page(ITEMS, response)
            return Page(page.rows, page.length, follows(page, offset, size))

        listing = Listing(f"GET {path}", fetch, identity=_itself, maximum_pages=MOST_PAGES)
        self._known[session_id] = figures(await read_all(listing), session_id)


def figures(items: Iterable[ItemRow], session_id: str) -> Statistics:
    """The figures of a session: bytes are added up, rates are averaged.

    The processing rate is the mean of the items' own, each weighed by the bytes it stands for: how
    fast a byte was processed, however many items were processed at once.
    """
    rates = list(_rates(items, session_id))
    sent = [one.transferred_data_bytes for one in rates if one.transferred_data_bytes is not None]
    speeds = [
        (one.processed_data_bytes or 0.0, one.processing_rate_bytes_per_second)
        for one in rates
        if one.processing_rate_bytes_per_second is not None
    ]
    return Statistics(
        transferred_bytes=sum(sent) if sent else None,
        processing_bytes_per_second=_mean(speeds) if speeds else None,
    )


def _rates(items: Iterable[ItemRow], session_id: str) -> Iterator[Rates]:
    """What was measured by this session; an item may tell of other sessions' runs as well."""
    for item in items:
        for run in item.runs or ():
            if run.rates is not None and run.job_session_id in (None, session_id):
                yield run.rates


def _mean(weighed: list[tuple[float, float]]) -> float:
    total = sum(weight for weight, _ in weighed)
    if total <= 0:
        return sum(value for _, value in weighed) / len(weighed)
    return sum(weight * value for weight, value in weighed) / total


def _itself(item: ItemRow) -> ItemRow:
    return item
