"""When a server is polled, what is logged of it, and what becomes of errors."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from exporter.errors import AuthenticationFailed, Unreachable
from exporter.ledger.ledger import Ledger
from exporter.ledger.worker import LedgerWorker
from exporter.model import Harvest, OpenSession, Window
from exporter.poller import Poller
from exporter.sources.base import Progress, no_progress
from exporter.view import ServerView
from tests.support.clock import ManualClock
from tests.support.sources import Script, ScriptedSource, server_config, session, subject

EMPTY = Harvest(sessions=())

PATIENCE = 60.0
"""Seconds until something is given up; nothing that works takes so long."""


@pytest.fixture
async def worker(clock: ManualClock) -> AsyncIterator[LedgerWorker]:
    """A ledger in memory, every page of which is read."""
    worker = LedgerWorker(Ledger(None, clock, lambda _server: 1_000_000))
    yield worker
    await worker.close()


class Bench:
    """A poller with its source, and everything it published."""

    def __init__(self, worker: LedgerWorker, clock: ManualClock, script: list[Script]) -> None:
        self.published: list[ServerView] = []
        self.source = ScriptedSource(script)
        self.worker = worker
        self.clock = clock

    async def poller(self, **changes: object) -> Poller:
        """The poller, its server registered."""
        config = server_config(**changes)
        await self.worker.register(subject(config))
        return Poller(config, self.source, self.worker, self.published.append, self.clock)

    async def until_published(self, number: int) -> None:
        """Let time go on a little until so many views were published; a thread makes them."""
        async with asyncio.timeout(PATIENCE):
            while len(self.published) < number:
                await self.clock.pass_time(0.01)
                await asyncio.sleep(0.001)


async def test_a_complete_poll_is_published_as_up(worker: LedgerWorker, clock: ManualClock) -> None:
    """One poll: up, counted, and planned from now on by its cursor."""
    bench = Bench(worker, clock, [EMPTY])
    view = await (await bench.poller()).poll()
    assert bench.published == [view]
    assert (view.up, view.polls, view.last_successful_poll) == (True, 1, clock.now())


async def test_the_first_window_is_the_lookback_and_the_next_one_the_overlap(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """A later poll reads back only the overlap before the last complete poll."""
    bench = Bench(worker, clock, [EMPTY])
    poller = await bench.poller(lookback=1000.0, overlap=100.0)
    began = clock.now()
    await poller.poll()
    await poller.poll()
    assert [window.start for window in bench.source.windows] == [began - 1000.0, began - 100.0]
    assert [window.first for window in bench.source.windows] == [True, False]


async def test_a_failed_poll_keeps_the_cursor_and_counts_its_reason(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """The window stays where it was, and the reason is counted once."""
    bench = Bench(worker, clock, [EMPTY, Unreachable("no route"), EMPTY])
    poller = await bench.poller(overlap=0.0)
    began = clock.now()
    await poller.poll()
    await clock.pass_time(60)
    failed = await poller.poll()
    await poller.poll()
    assert (failed.up, failed.failures, failed.last_error) == (False, {"connect": 1}, "no route")
    assert bench.source.windows[2].start == began


async def test_one_line_when_it_works_when_it_fails_and_when_it_recovers(
    worker: LedgerWorker, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What stays as it was is silent above debug."""
    caplog.set_level(logging.INFO, "exporter.poller")
    down = AuthenticationFailed("the password was refused")
    bench = Bench(worker, clock, [EMPTY, down, down, down, EMPTY, EMPTY])
    poller = await bench.poller()
    for _ in range(6):
        await poller.poll()
    assert [record.getMessage() for record in caplog.records] == [
        "server is polled",
        "server cannot be polled",
        "server is polled again",
    ]
    assert vars(caplog.records[0])["sessions"] == 0
    assert vars(caplog.records[1])["reason"] == "auth"


async def test_a_poll_that_hangs_is_a_timeout(worker: LedgerWorker, clock: ManualClock) -> None:
    """The deadline ends it; the reason is counted as timeout."""
    bench = Bench(worker, clock, [EMPTY, 60.0])
    poller = await bench.poller(request_timeout=0.01)
    await poller.poll()
    view = await poller.poll()
    assert view.failures == {"timeout": 1}
    assert "did not finish" in view.last_error


async def test_after_a_long_outage_a_poll_may_take_as_long_as_the_first(
    worker: LedgerWorker, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is as much to read; ended too early it would never catch up."""
    monkeypatch.setattr("exporter.poller.LONG_DEADLINE", 100_000)
    bench = Bench(worker, clock, [EMPTY, 0.5])
    poller = await bench.poller(request_timeout=0.01)
    await poller.poll()
    clock.advance(86400.0)
    view = await poller.poll()
    assert "came back" in view.last_error


async def test_an_unforeseen_error_is_counted_and_says_nothing_secret(
    worker: LedgerWorker, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop lives on, and the error's own message reaches neither view nor log."""
    bench = Bench(worker, clock, [ZeroDivisionError("canary-secret"), EMPTY])
    poller = await bench.poller()
    view = await poller.poll()
    assert view.failures == {"internal": 1}
    assert "canary" not in view.last_error
    assert (await poller.poll()).up


class Cancelling(ScriptedSource):
    """A source whose library cancels what it waits for, once; `again` tells of a second poll."""

    def __init__(self, script: list[Script]) -> None:
        super().__init__(script)
        self.again = asyncio.Event()

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Nobody has asked for an end."""
        if not self.windows:
            self.windows.append(window)
            raise asyncio.CancelledError
        self.again.set()
        return await super().fetch(window, open_sessions, progress)


async def test_a_cancellation_that_nobody_asked_for_does_not_end_the_polling(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """A task that ends as cancelled is missed by nobody: its server would stay as it was."""
    bench = Bench(worker, clock, [EMPTY])
    bench.source = Cancelling([EMPTY])
    poller = await bench.poller()
    assert (await poller.poll()).failures == {"internal": 1}
    assert (await poller.poll()).up


async def test_a_cancellation_that_was_asked_for_ends_the_poll(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """A server that leaves the configuration is not waited for."""
    bench = Bench(worker, clock, [3600.0])
    bench.source = source = Cancelling([3600.0])
    poller = await bench.poller()
    await poller.poll()
    task = asyncio.create_task(poller.poll())
    async with asyncio.timeout(PATIENCE):
        await source.again.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(bench.published) == 1


async def test_polls_follow_each_other_at_the_interval(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """The interval is from start to start."""
    bench = Bench(worker, clock, [EMPTY])
    poller = await bench.poller(poll_interval=60.0)
    task = asyncio.create_task(poller.run())
    for _ in range(3):
        await clock.until_sleeping()
        await clock.pass_time(60)
    await clock.until_sleeping()
    task.cancel()
    assert [view.last_poll for view in bench.published] == [
        bench.published[0].last_poll + 60.0 * number for number in range(len(bench.published))
    ]
    assert len(bench.published) >= 3


async def test_claims_are_withdrawn_between_two_polls(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """With a long interval the staleness does not wait for the next poll."""
    running = Harvest(sessions=(session("s1"),))
    bench = Bench(worker, clock, [running])
    poller = await bench.poller(poll_interval=3600.0, stale_after=900.0)
    task = asyncio.create_task(poller.run())
    await clock.until_sleeping()
    await clock.pass_time(0)
    await clock.until_sleeping()
    await clock.pass_time(901)
    await bench.until_published(2)
    task.cancel()
    assert bench.published[0].jobs[0].now is not None
    assert bench.published[-1].jobs[0].now is None
    assert len(bench.source.windows) == 1


async def test_claims_are_withdrawn_while_a_poll_takes_long(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """A server that hangs keeps nobody believing that its sessions run."""
    bench = Bench(worker, clock, [Harvest(sessions=(session("s1"),)), 3600.0])
    poller = await bench.poller(poll_interval=60.0, stale_after=90.0, request_timeout=30.0)
    task = asyncio.create_task(poller.run())
    await clock.until_sleeping()
    await clock.pass_time(60)
    await clock.until_sleeping()  # not for the next poll: that one hangs
    await clock.pass_time(31)
    await bench.until_published(2)
    assert bench.published[-1].jobs[0].now is None
    assert (len(bench.source.windows), bench.published[-1].polls) == (2, 1)
    task.cancel()
    await asyncio.wait([task])


async def test_claims_of_before_a_restart_do_not_wait_for_the_first_poll(
    worker: LedgerWorker, clock: ManualClock
) -> None:
    """What the ledger said at the start is withdrawn in time, although the server hangs."""
    bench = Bench(worker, clock, [Harvest(sessions=(session("s1"),)), 3600.0])
    before = await bench.poller(stale_after=90.0)
    shown = await before.poll()
    poller = await bench.poller(stale_after=90.0)
    task = asyncio.create_task(poller.run(60.0, shown))
    await clock.until_sleeping()
    await clock.pass_time(91)
    await bench.until_published(2)
    assert bench.published[-1].jobs[0].now is None
    assert not poller.polled
    task.cancel()
    await asyncio.wait([task])


async def test_a_long_first_poll_tells_how_far_it_is(
    worker: LedgerWorker, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A line every few seconds, with pages and sessions."""
    caplog.set_level(logging.INFO, "exporter.poller")
    bench = Bench(worker, clock, [EMPTY])
    poller = await bench.poller()
    tell = poller._progress()
    tell(1, 1000)
    clock.advance(5.0)
    tell(2, 2000)
    assert [(vars(record)["pages"], vars(record)["sessions"]) for record in caplog.records] == [
        (2, 2000)
    ]
