"""Which of several readings that may wait a poll makes: each in its turn, none too late."""

from collections.abc import Iterable

from exporter.clock import Clock

PATIENCE = 300.0
"""Seconds that a reading which is due waits at most for its turn; polls may be far apart."""


class Turns:
    """Spreads readings over polls, so that a poll makes one of them where it need not make more.

    A reading that was never made, or whose last outcome was not good enough to wait, is made with
    every poll.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}  # in the order in which they were made

    def chosen(self, names: Iterable[str]) -> frozenset[str]:
        """Which of these readings are made now: what must be, and the next in turn."""
        now = self._clock.monotonic()
        wanted = frozenset(names)
        waited = {
            name: now - due for name, due in self._due.items() if name in wanted and due <= now
        }
        late = {name for name, seconds in waited.items() if seconds >= PATIENCE}
        if waited and not late:
            late.add(max(waited, key=waited.__getitem__))
        return (wanted - self._due.keys()) | late

    def made(self, name: str, rest: float = 0.0) -> None:
        """The reading was made well, and is due again after `rest` seconds."""
        self.again(name)
        self._due[name] = self._clock.monotonic() + rest

    def again(self, name: str) -> None:
        """The reading does not wait for its turn: it is made with the next poll."""
        self._due.pop(name, None)
