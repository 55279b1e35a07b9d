"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from itertools import count

SETTLING_ROUNDS = 50
"""Turns of the event loop that woken tasks get before time moves on: enough for tasks that only
await each other. A task that awaits a socket needs `until_sleeping` instead."""


class ManualClock:
    """Wall clock, monotonic clock and sleep, moved by hand.

    Sleepers wake in the order of their deadlines, and in the order they fell asleep where those are
    equal. All figures are seconds.
    """

    def __init__(self, now: float = 1_800_000_000.0, monotonic: float = 1_000.0) -> None:
        self._now = now
        self._monotonic = monotonic
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._fell_asleep = asyncio.Event()

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved time by `seconds`; zero and less only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waker = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), waker))
        self._fell_asleep.set()
        await waker

    def sleeping(self) -> int:
        """How many tasks sleep now."""
        self._drop_cancelled()
        return len(self._sleepers)

    def next_wake(self) -> float | None:
        """How long until the next sleeper wakes; None when nobody sleeps."""
        self._drop_cancelled()
        return min(self._sleepers)[0] - self._monotonic if self._sleepers else None

    def advance(self, seconds: float) -> None:
        """Move both clocks at once; who sleeps until then runs when the test next awaits."""
        if seconds < 0:
            raise ValueError("time does not run backwards; step_wall() steps the wall clock")
        self._move_to(self._monotonic + seconds)

    async def pass_time(self, seconds: float) -> None:
        """Move from deadline to deadline for `seconds`, and let the woken run at each of them."""
        end = self._monotonic + seconds
        await self._settle()
        while (ahead := self.next_wake()) is not None and self._monotonic + ahead <= end:
            self._move_to(self._monotonic + ahead)
            await self._settle()
        self._move_to(end)

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock alone, as a time server or an administrator does. Wakes nobody."""
        self._now += seconds

    async def until_sleeping(self, tasks: int = 1, patience: float = 10.0) -> None:
        """Wait in real time until so many tasks sleep, however long their real I/O takes.

        Raises TimeoutError after `patience` seconds of real time.
        """
        async with asyncio.timeout(patience):
            while self.sleeping() < tasks:
                self._fell_asleep.clear()
                await self._fell_asleep.wait()

    def _move_to(self, monotonic: float) -> None:
        self._now += monotonic - self._monotonic
        self._monotonic = monotonic
        while self._sleepers and self._sleepers[0][0] <= monotonic:
            waker = heapq.heappop(self._sleepers)[2]
            if not waker.done():
                waker.set_result(None)

    def _drop_cancelled(self) -> None:
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
        heapq.heapify(self._sleepers)

    @staticmethod
    async def _settle() -> None:
        for _ in range(SETTLING_ROUNDS):
            await asyncio.sleep(0)
