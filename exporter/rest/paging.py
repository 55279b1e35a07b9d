"""Reading a list page by page, safe against lists that grow, repeat or never end."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from exporter.errors import ParseFailed, TooLarge
from exporter.rest.together import together

MAXIMUM_PAGES = 5000

Row = TypeVar("Row")


class RepeatingPages(ParseFailed):
    """A list whose pages have the same rows, as of a server that knows no pages."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page. `more` says that the server has further ones.

    `length` is how far the page reaches in the server's own list: rows that could not be read are
    missing in `rows` but count here.
    """

    rows: Sequence[Row]
    length: int
    more: bool


def refuse_gap(where: str, length: int, *, more: bool) -> None:
    """For products that say how much there is: no page but the last is empty.

    Raises ParseFailed: what is missing would pass for what is not there, and nobody would know.
    """
    if more and not length:
        raise ParseFailed(f"{where} was answered with no rows, although there are said to be more")


def _never(_page: Page[Row]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """How a list is read: `fetch(offset)` brings a page, `identity(row)` tells rows apart.

    `enough(page)` is asked for each page in order and may end the reading early. `at_once` pages
    are requested at a time once the first page has shown how long the server's pages are.
    `progress(rows)` hears of each page how many rows it had. `where` names the list in messages.
    """

    where: str
    fetch: Callable[[int], Awaitable[Page[Row]]]
    identity: Callable[[Row], Hashable]
    enough: Callable[[Page[Row]], bool] = _never
    progress: Callable[[int], None] = lambda _rows: None
    at_once: int = 1
    maximum_pages: int = MAXIMUM_PAGES


async def read_all(listing: Listing[Row]) -> list[Row]:
    """Every row of the list once, the last reading of it where pages shifted.

    Raises ParseFailed for pages that repeat, TooLarge for a list without end.
    """
    reader = _Reader(listing)
    page = await listing.fetch(0)
    reading = reader.take(page)
    length = page.length
    while reading:
        wave = [partial(listing.fetch, reader.offset + n * length) for n in range(reader.at_once)]
        for page in await together(wave, reader.at_once):
            reading = reader.take(page)
            if page.length != length:
                # The pages asked for after this one begin at the wrong place: go on one by one.
                reader.at_once = 1
                break
            if not reading:
                break
    return list(reader.rows.values())


class _Reader(Generic[Row]):
    """What was read so far, and whether to go on."""

    def __init__(self, listing: Listing[Row]) -> None:
        self.rows: dict[Hashable, Row] = {}
        self.offset = 0
        self.at_once = listing.at_once
        self._listing = listing
        self._pages = 0
        self._stale = 0

    def take(self, page: Page[Row]) -> bool:
        """Keep the rows of the next page; whether another one is wanted."""
        listing = self._listing
        known = len(self.rows)
        self.rows.update((listing.identity(row), row) for row in page.rows)
        self._pages += 1
        self.offset += page.length
        listing.progress(len(page.rows))
        if page.length == 0 or not page.more or listing.enough(page):
            return False
        self._check(brought_new=len(self.rows) > known or not page.rows)
        return True

    def _check(self, *, brought_new: bool) -> None:
        # One page without news is a list that grew while it was read; two in a row repeat.
        self._stale = 0 if brought_new else self._stale + 1
        if self._stale > 1:
            raise RepeatingPages(f"{self._listing.where} answers the same rows page after page")
        if self._pages >= self._listing.maximum_pages:
            raise TooLarge(
                f"{self._listing.where} has more than {self._listing.maximum_pages} pages; "
                "choose a shorter lookback"
            )
