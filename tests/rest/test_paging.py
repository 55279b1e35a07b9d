"""Lists that grow, shrink their pages, repeat or never end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import HttpFailed, ParseFailed, TooLarge
from exporter.rest.paging import Listing, Page, read_all
from exporter.rest.together import together

Fetch = Callable[[int], Awaitable[Page[int]]]


def pages_of(rows: list[int], size: int, asked: list[int] | None = None) -> Fetch:
    async def fetch(offset: int) -> Page[int]:
        if asked is not None:
            asked.append(offset)
        part = rows[offset : offset + size]
        return Page(part, len(part), offset + size < len(rows))

    return fetch


def listing(fetch: Fetch, **options: object) -> Listing[int]:
    return Listing("GET /list", fetch, identity=lambda row: row, **options)  # type: ignore[arg-type]


@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 4))
def test_every_row_is_read_once_and_in_order(count: int, size: int, at_once: int) -> None:
    """For every length of list and page, one page or several at a time."""
    rows = list(range(count))
    read = asyncio.run(read_all(listing(pages_of(rows, size), at_once=at_once)))
    assert read == rows


async def test_pages_are_asked_for_at_the_offsets_that_the_first_one_shows() -> None:
    """A server that caps the page length is followed."""
    asked: list[int] = []
    await read_all(listing(pages_of(list(range(12)), 3, asked), at_once=2))
    assert asked == [0, 3, 6, 9, 12]


async def test_a_page_of_another_length_in_between_makes_no_gap() -> None:
    """What was asked for beyond it is thrown away and read again one by one."""
    sizes = {0: 4, 4: 2, 6: 4, 10: 2}
    rows = list(range(12))

    async def fetch(offset: int) -> Page[int]:
        size = sizes.get(offset, 4)
        part = rows[offset : offset + size]
        return Page(part, len(part), offset + size < len(rows))

    assert await read_all(listing(fetch, at_once=3)) == rows


async def test_rows_that_shift_onto_the_next_page_are_kept_once() -> None:
    """A session that begins while we read moves all others by one."""
    rows = list(range(10))

    async def fetch(offset: int) -> Page[int]:
        shifted = rows if offset == 0 else [99, *rows]
        part = shifted[offset : offset + 4]
        return Page(part, len(part), offset + 4 < len(shifted))

    assert sorted(await read_all(listing(fetch))) == rows


async def test_pages_that_repeat_are_an_error() -> None:
    """A server that ignores the offset would be read for ever."""

    async def fetch(_offset: int) -> Page[int]:
        return Page([1, 2, 3], 3, more=True)

    with pytest.raises(ParseFailed, match="GET /list answers the same rows"):
        await read_all(listing(fetch))


@pytest.mark.parametrize("at_once", [1, 4])
async def test_a_list_without_end_is_too_large(at_once: int) -> None:
    """The number of pages is bounded."""

    async def fetch(offset: int) -> Page[int]:
        return Page([offset], 1, more=True)

    with pytest.raises(TooLarge, match="more than 7 pages"):
        await read_all(listing(fetch, at_once=at_once, maximum_pages=7))


async def test_an_empty_page_ends_the_list() -> None:
    """Even when the server claims that there is more."""

    async def fetch(offset: int) -> Page[int]:
        return Page([1], 1, more=True) if offset == 0 else Page([], 0, more=True)

    assert await read_all(listing(fetch)) == [1]


async def test_a_page_of_unreadable_rows_does_not_end_the_list() -> None:
    """Its length counts, not what could be read of it."""

    async def fetch(offset: int) -> Page[int]:
        return Page([], 2, more=True) if offset < 6 else Page([7], 1, more=False)

    assert await read_all(listing(fetch)) == [7]


async def test_reading_ends_early_when_it_is_enough() -> None:
    """The page that is enough is kept, no further one is asked for."""
    asked: list[int] = []
    fetch = pages_of(list(range(20)), 5, asked)
    read = await read_all(listing(fetch, enough=lambda page: 7 in page.rows))
    assert read == list(range(10))
    assert asked == [0, 5]


async def test_progress_is_told_after_each_page() -> None:
    """With the number of its rows."""
    told: list[int] = []
    await read_all(listing(pages_of(list(range(7)), 3), progress=told.append))
    assert told == [3, 3, 1]


async def test_an_error_of_one_page_is_raised_itself() -> None:
    """Not wrapped in a group, and the other pages are given up."""

    async def fetch(offset: int) -> Page[int]:
        if offset == 2:
            raise HttpFailed("page 2")
        if offset > 2:
            await asyncio.sleep(60)
        return Page([offset, offset + 1], 2, more=True)

    with pytest.raises(HttpFailed, match="page 2"):
        await read_all(listing(fetch, at_once=3))


async def test_no_more_calls_run_at_once_than_allowed() -> None:
    """A server is not flooded, and results keep the order of the calls."""
    running, most = 0, 0

    async def call() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return most

    results = await together([call] * 10, 3)
    assert most == 3
    assert len(results) == 10
