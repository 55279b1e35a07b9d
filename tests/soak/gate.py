"""Lets loops go on, or stops them between two turns until nobody is in the middle of anything."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


class Gate:
    """Closed at first."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._closed = asyncio.Event()
        self._still = asyncio.Event()
        self._closed.set()
        self._still.set()
        self._busy = 0

    @property
    def closing(self) -> bool:
        """Whether whoever is in the middle of something should come to its end."""
        return self._closed.is_set()

    def open(self) -> None:
        """Let everybody go on."""
        self._closed.clear()
        self._open.set()

    async def close(self) -> None:
        """Stop everybody, and wait until they stand still."""
        self._open.clear()
        self._closed.set()
        await self._still.wait()

    async def pause(self, seconds: float) -> None:
        """Let time pass in the middle of a turn, at most until the gate closes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One turn; waits until the gate is open."""
        await self._open.wait()
        self._busy += 1
        self._still.clear()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._still.set()

    async def repeat(
        self, act: Callable[[], Awaitable[None]], chance: random.Random, pause: tuple[float, float]
    ) -> None:
        """Do something again and again with random pauses (seconds, from and to).

        The first time comes soon, so that even a short run has seen everything; so does the next
        one after a turn that the closing gate may have cut short.
        """
        await asyncio.sleep(chance.uniform(0.0, pause[0]))
        while True:
            async with self.turn():
                await act()
                shortest, longest = (0.0, pause[0]) if self.closing else pause
            await asyncio.sleep(chance.uniform(shortest, longest))
