"""How many scrapes are answered at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """A bounded number of places; who finds none is sent away. 0 means no bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        return 0 < self._most <= self._taken

    def take(self) -> None:
        """Occupy a place; whoever looked at `full` before decides whether there is one."""
        self._taken += 1

    def leave(self) -> None:
        """Free a place."""
        self._taken -= 1

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Occupy a place for a while."""
        self.take()
        try:
            yield
        finally:
            self.leave()
