"""What was published last of each server, and what of it was seen on a page."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.exposition.sheet import Sheet
from exporter.metrics import VIEW_FAMILIES
from exporter.view import ServerView


@dataclass(frozen=True, slots=True)
class Posted:
    """A view, the sheet that renders that server, and the number of its publication."""

    view: ServerView
    sheet: Sheet[ServerView]
    number: int


class Board:
    """The newest view of each server; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._posted: dict[str, Posted] = {}
        self._served: dict[str, int] = {}
        self._number = 0
        self._noted: Mapping[str, int] | None = None

    @property
    def number(self) -> int:
        """How many publications and withdrawals there were."""
        return self._number

    def publish(self, view: ServerView) -> None:
        """Replace what is said of a server; where its generation falls, `served` starts anew."""
        with self._lock:
            self._number += 1
            old = self._posted.get(view.name)
            if old and view.generation < old.view.generation:
                self._served.pop(view.name, None)
            sheet = old.sheet if old else Sheet[ServerView](VIEW_FAMILIES)
            self._posted[view.name] = Posted(view, sheet, self._number)

    def withdraw(self, server: str) -> None:
        """Say nothing of a server any more; unknown names are no error."""
        with self._lock:
            if self._posted.pop(server, None):
                self._number += 1
                self._served.pop(server, None)

    def stamp(self, servers: frozenset[str] | None) -> int:
        """A number that changes whenever a page of these servers would."""
        with self._lock:
            if servers is None:
                return self._number
            return max((p.number for name in servers if (p := self._posted.get(name))), default=0)

    def posted(self, servers: frozenset[str] | None) -> tuple[Posted, ...]:
        """The views of these servers, or of all, by name; unknown names are left out."""
        with self._lock:
            names = self._posted.keys() if servers is None else self._posted.keys() & servers
            return tuple(self._posted[name] for name in sorted(names))

    def note_served(self, generations: Mapping[str, int]) -> None:
        """Remember that a page showed these servers whole, at these generations."""
        with self._lock:
            if generations is self._noted:  # a kept page that was sent again
                return
            self._noted = generations
            for name, generation in generations.items():
                posted = self._posted.get(name)
                if posted and self._served.get(name, -1) < generation <= posted.view.generation:
                    self._served[name] = generation

    def served(self, server: str) -> int:
        """The newest generation of a server that a page showed whole, -1 before the first."""
        with self._lock:
            return self._served.get(server, -1)
