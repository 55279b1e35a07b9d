"""How far an unfiltered list must be read, where the server documents no order."""

from collections.abc import Callable
from typing import Generic, TypeVar

from exporter.rest.paging import Page

Row = TypeVar("Row")


class NewestFirst(Generic[Row]):
    """Whether a list has come newest first so far, and whether it has passed the `horizon`.

    The order is verified row by row before anything is left unread. `moment` tells when a row
    began, in seconds since the epoch; a row without such a time proves nothing.
    """

    def __init__(self, horizon: float, moment: Callable[[Row], float | None]) -> None:
        self._horizon = horizon
        self._moment = moment
        self._ordered = True
        self._last = float("inf")

    @property
    def has_passed(self) -> bool:
        """Whether all rows so far came in order and the last one is older than the horizon."""
        return self._ordered and self._last < self._horizon

    def whole_page_is_older(self, page: Page[Row]) -> bool:
        """For a list that must be read to the end if its order gives no reason to stop."""
        newest = self._check(page)
        return self._ordered and newest is not None and newest < self._horizon

    def last_row_is_older_or_unordered(self, page: Page[Row]) -> bool:
        """For a list that is only worth reading while it comes newest first."""
        self._check(page)
        return not self._ordered or self._last < self._horizon

    def _check(self, page: Page[Row]) -> float | None:
        """The moment of the page's newest row, None for a page without any."""
        newest = None
        for row in page.rows:
            moment = self._moment(row)
            if moment is None or moment > self._last:
                self._ordered = False
                return None
            newest = moment if newest is None else newest
            self._last = moment
        return newest
