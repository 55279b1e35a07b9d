"""How many series a page may have: a longer one is refused whole, never cut."""

import logging
import threading

from exporter.errors import TooManySeries
from exporter.exposition.request import Request

log = logging.getLogger(__name__)


class Limit:
    """Lets pages of at most so many series pass (0: any), and counts those that it refuses.

    The log hears of it when it begins and when it ends, not with each scrape. Safe for threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._refused: set[str] = set()
        self.refusals = 0

    def allows(self, series: int) -> bool:
        """Whether a page may have so many series."""
        return not 0 < self._most < series

    def require(self, request: Request, series: int) -> None:
        """Raises TooManySeries, with the remedy, for a page that is too long."""
        allowed = self.allows(series)
        if allowed and not self._refused:
            return
        page = _named(request)
        sentence = (
            f"{page} would have {series} series, more than the {self._most} of --web.max-series; "
            "raise that, ask for less by ?server=, name[] or /probe, or use more shards."
        )
        if self._is_news(page, allowed=allowed):
            if allowed:
                log.info("%s is within --web.max-series again", page)
            else:
                log.warning("a page is refused: %s", sentence)
        if not allowed:
            raise TooManySeries(sentence)

    def _is_news(self, page: str, *, allowed: bool) -> bool:
        with self._lock:
            news = allowed == (page in self._refused)
            if allowed:
                self._refused.discard(page)
            else:
                self.refusals += 1
                self._refused.add(page)
            return news


def _named(request: Request) -> str:
    """A page in words, of which there are few: one for each server, and some for the others."""
    families = "" if request.names is None else ", some families,"
    if request.servers is None:
        return f"The page of all servers{families}"
    if len(request.servers) > 1:
        return f"A page of several servers{families}"
    return f"The page of {min(request.servers, default='no server')}{families}"
