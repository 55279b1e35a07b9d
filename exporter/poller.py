"""When to poll: one coroutine for each server. Policy only; products and counting are elsewhere.

A poll is complete or failed. One line is logged when a server starts failing and one when it
recovers; the numbers tell the rest.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Protocol

from exporter.clock import Clock
from exporter.config.values import ServerConfig
from exporter.errors import SourceError, TimedOut
from exporter.ledger.entry import Poll
from exporter.model import Harvest, OpenSession, Window
from exporter.sources.base import Source, no_progress
from exporter.view import ServerView

DEADLINE = 10
"""A poll may take so many times the request timeout."""

LONG_DEADLINE = 60
"""A poll that reads much history may take so many times the request timeout."""

MUCH_HISTORY = 3600.0
"""Seconds beyond the overlap. After a long outage there may be more to read than in the first poll,
and a poll that is ended for its length would be tried again with still more."""

SHORTEST_PAUSE = 1.0
"""Seconds between the end of a poll and the next one at least, however late we are."""

PROGRESS_EVERY = 5.0
"""Seconds between two lines that tell how far a long first poll is."""

log = logging.getLogger(__name__)


class Recorder(Protocol):
    """The ledger, as seen from the event loop."""

    async def plan(self, name: str) -> tuple[Window, tuple[OpenSession, ...]]:
        """What the next poll must read."""
        ...

    async def record(self, name: str, poll: Poll) -> ServerView:
        """Take a poll in; what is to be published."""
        ...

    async def view(self, name: str) -> ServerView:
        """What is to be published without a poll."""
        ...


class Poller:
    """Polls one server again and again, and publishes what follows.

    `polled` tells whether it was polled once, well or not.
    """

    def __init__(
        self,
        config: ServerConfig,
        source: Source,
        recorder: Recorder,
        publish: Callable[[ServerView], None],
        clock: Clock,
    ) -> None:
        self._config = config
        self._source = source
        self._recorder = recorder
        self._publish = publish
        self._clock = clock
        self._failing: bool | None = None  # not known before the first poll
        self._shown: ServerView | None = None
        self.polled = False

    async def run(self, delay: float = 0.0, shown: ServerView | None = None) -> None:
        """Poll until cancelled; the first time after `delay` seconds.

        `shown` is what was published of the server before.
        """
        self._shown = shown
        await self._wait(delay)
        while True:
            began = self._clock.monotonic()
            await self.poll()
            next_at = began + self._config.poll_interval
            await self._wait(max(next_at - self._clock.monotonic(), self._pause()))

    def _pause(self) -> float:
        return min(SHORTEST_PAUSE, self._config.poll_interval)

    async def _wait(self, seconds: float) -> None:
        async with self._withdrawing(seconds):
            await self._clock.sleep(seconds)

    @asynccontextmanager
    async def _withdrawing(self, seconds: float) -> AsyncIterator[None]:
        """Withdraw claims that become stale during work of up to so many seconds."""
        until_stale = self._until_stale()
        if until_stale >= seconds:
            yield
            return
        async with asyncio.TaskGroup() as group:
            withdrawal = group.create_task(self._withdraw(until_stale))
            yield
            withdrawal.cancel()

    def _until_stale(self) -> float:
        """In how many seconds what is claimed becomes stale; never where there is no claim."""
        shown = self._shown
        if shown is None or shown.last_successful_poll is None:
            return inf
        if all(job.now is None for job in shown.jobs):
            return inf
        age = self._clock.now() - shown.last_successful_poll
        return max(0.0, self._config.stale_after - age)

    async def _withdraw(self, until_stale: float) -> None:
        await self._clock.sleep(until_stale + 0.001)
        self._show(await self._recorder.view(self._config.name))

    def _show(self, view: ServerView) -> None:
        self._shown = view
        self._publish(view)

    async def poll(self) -> ServerView:
        """Poll once, record and publish what came of it."""
        started, began = self._clock.now(), self._clock.monotonic()
        window, open_sessions = await self._recorder.plan(self._config.name)
        long = window.first or started - window.start > self._config.overlap + MUCH_HISTORY
        seconds = self._config.request_timeout * (LONG_DEADLINE if long else DEADLINE)
        async with self._withdrawing(seconds):
            attempt = await self._attempt(window, open_sessions, seconds)
        poll = Poll(
            started=started,
            duration=self._clock.monotonic() - began,
            traffic=self._source.traffic(),
            harvest=attempt if not isinstance(attempt, SourceError) else None,
            error=attempt if isinstance(attempt, SourceError) else None,
            next_poll=started + self._config.poll_interval,
        )
        self._tell(poll)
        view = await self._recorder.record(self._config.name, poll)
        self.polled = True
        self._show(view)
        return view

    async def _attempt(
        self, window: Window, open_sessions: tuple[OpenSession, ...], seconds: float
    ) -> Harvest | SourceError:
        """The one place where an error that nobody foresaw is caught: the loop must live on."""
        progress = self._progress() if window.first else no_progress
        try:
            async with asyncio.timeout(seconds):
                return await self._source.fetch(window, open_sessions, progress)
        except SourceError as error:
            return error
        except TimeoutError:
            return TimedOut(f"the poll did not finish within {seconds:.0f} seconds")
        except asyncio.CancelledError as error:
            # A library may cancel what waits for its connections; only who stops us means the task.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._unforeseen(error)
        except Exception as error:
            return self._unforeseen(error)

    def _unforeseen(self, error: BaseException) -> SourceError:
        log.error("a poll failed for a reason nobody foresaw", exc_info=error, extra=self._names())
        return SourceError(f"internal error ({type(error).__name__}); see the log")

    def _progress(self) -> Callable[[int, int], None]:
        """Tells of a long first poll every few seconds."""
        told = self._clock.monotonic()

        def tell(pages: int, sessions: int) -> None:
            nonlocal told
            if self._clock.monotonic() - told >= PROGRESS_EVERY:
                told = self._clock.monotonic()
                facts = {"pages": pages, "sessions": sessions}
                log.info("reading history", extra=self._names() | facts)

        return tell

    def _tell(self, poll: Poll) -> None:
        """One line when polling first works, one when it starts failing, one when it recovers."""
        if poll.harvest is not None:
            if self._failing is not False:
                words = "server is polled again" if self._failing else "server is polled"
                read = {"sessions": len(poll.harvest.sessions), "seconds": poll.duration}
                log.info(words, extra=self._names() | read)
            self._failing = False
            return
        assert poll.error is not None
        facts = self._names() | {"reason": poll.error.reason, "error": str(poll.error)}
        log.log(
            logging.DEBUG if self._failing else logging.WARNING,
            "server cannot be polled",
            extra=facts,
        )
        self._failing = True

    def _names(self) -> dict[str, object]:
        return {"server": self._config.name, "product": self._config.product}
