"""Queries as Enterprise Manager wants them, and its pages, which are numbered.

After the vendor's pages "Optional Query Parameters", "Query Comparison" and "PageSize and Page".
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from urllib.parse import quote

from exporter.rest.paging import Page
from exporter.sources.times import utc_text

Row = TypeVar("Row")

RUNNING = "State!=Stopped"


def ended_since(moment: float) -> str:
    """The filter of sessions that ended at `moment` (seconds since the epoch) or later.

    A value with anything but letters and digits must be quoted, or the server misreads it.
    """
    return f'EndTime>="{utc_text(moment)}"'


def query(entity: str, page_size: int, page: int, *, ascending: str, where: str = "") -> str:
    """The query string for one page of entities, encoded.

    Signs and quotes are percent-encoded as in the links that the server itself writes, and `;`,
    which joins conditions, is left as it is. The order keeps pages steady while sessions are added.
    """
    condition = f"&filter={quote(where, safe=';')}" if where else ""
    return (
        f"type={entity}&format=Entities{condition}&sortAsc={ascending}"
        f"&pageSize={page_size}&page={page}"
    )


def numbered(
    fetch: Callable[[int], Awaitable[tuple[Sequence[Row], int, bool]]],
) -> Callable[[int], Awaitable[Page[Row]]]:
    """`fetch`, which brings rows, their count and whether more follow by page number from 1.

    The result counts in pages, not rows: the server may keep to a page size of its own.
    """

    async def page(offset: int) -> Page[Row]:
        rows, length, more = await fetch(offset + 1)
        return Page(rows, 1 if length else 0, more)

    return page
