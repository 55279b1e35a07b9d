"""The clock of the tests keeps time itself."""

import asyncio

import pytest

from exporter.clock import Clock, SystemClock
from tests.support.clock import ManualClock


async def note_after(clock: ManualClock, seconds: float, name: str, log: list[str]) -> None:
    """Write a name into the log after some time."""
    await clock.sleep(seconds)
    log.append(name)


async def beat(clock: ManualClock, interval: float, times: list[float]) -> None:
    """Write the monotonic time into the list at every interval, for ever."""
    while True:
        await clock.sleep(interval)
        times.append(clock.monotonic())


def test_both_clocks_advance_together(clock: ManualClock) -> None:
    """Wall clock and monotonic clock move by the same amount."""
    wall, monotonic = clock.now(), clock.monotonic()
    clock.advance(90.5)
    assert (clock.now() - wall, clock.monotonic() - monotonic) == (90.5, 90.5)


def test_a_wall_clock_step_leaves_the_monotonic_clock_alone(clock: ManualClock) -> None:
    """A stepped wall clock may run backwards; the monotonic clock does not see it."""
    wall, monotonic = clock.now(), clock.monotonic()
    clock.step_wall(-3600)
    assert (clock.now() - wall, clock.monotonic() - monotonic) == (-3600, 0)


def test_time_cannot_be_advanced_backwards(clock: ManualClock) -> None:
    """A negative advance is a mistake of the test and says what was meant."""
    with pytest.raises(ValueError, match="step_wall"):
        clock.advance(-1)


async def test_a_sleeper_wakes_at_its_deadline_and_not_before(clock: ManualClock) -> None:
    """One second short of the deadline nobody wakes."""
    log: list[str] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(note_after(clock, 60, "awake", log))
        await clock.until_sleeping()
        await clock.pass_time(59)
        assert log == []
        await clock.pass_time(1)
        assert log == ["awake"]


async def test_sleepers_wake_in_the_order_of_their_deadlines(clock: ManualClock) -> None:
    """However far time jumps, the earlier deadline runs first; equal ones in order of arrival."""
    log: list[str] = []
    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 30), ("early", 10), ("first", 20), ("second", 20)):
            group.create_task(note_after(clock, seconds, name, log))
        await clock.until_sleeping(4)
        clock.advance(100)
    assert log == ["early", "first", "second", "late"]


async def test_passing_time_stops_at_every_deadline_on_the_way(clock: ManualClock) -> None:
    """A task that sleeps again and again sees each of its beats at the right time."""
    times: list[float] = []
    start = clock.monotonic()
    beating = asyncio.create_task(beat(clock, 10, times))
    await clock.pass_time(35)
    beating.cancel()
    assert [time - start for time in times] == [10, 20, 30]
    assert clock.monotonic() - start == 35


async def test_a_cancelled_sleeper_is_forgotten(clock: ManualClock) -> None:
    """Cancelling a sleeping task leaves nothing behind that time could wake."""
    sleeper = asyncio.create_task(clock.sleep(10))
    await clock.until_sleeping()
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert (clock.sleeping(), clock.next_wake()) == (0, None)
    clock.advance(20)


async def test_sleeping_for_no_time_lets_others_run(clock: ManualClock) -> None:
    """A sleep of zero needs no advance, but is a point where other tasks run."""
    log: list[str] = []
    other = asyncio.create_task(note_after(clock, -1, "other", log))
    await clock.sleep(0)
    await clock.sleep(0)
    assert log == ["other"]
    await other


async def test_the_next_wake_tells_how_long_is_left(clock: ManualClock) -> None:
    """A test can read how long a task means to sleep."""
    sleeper = asyncio.create_task(clock.sleep(60))
    await clock.until_sleeping()
    clock.advance(15)
    assert clock.next_wake() == 45
    clock.advance(45)
    await sleeper


async def test_waiting_for_a_sleeper_ends_in_a_timeout(clock: ManualClock) -> None:
    """When nobody falls asleep the test fails instead of hanging."""
    with pytest.raises(TimeoutError):
        await clock.until_sleeping(patience=0.01)


async def test_the_system_clock_keeps_the_time_of_the_machine() -> None:
    """The real clock has the same shape, and its sleep lets monotonic time pass."""
    system: Clock = SystemClock()
    before = system.monotonic()
    await system.sleep(0.01)
    assert system.monotonic() - before >= 0.009
    assert system.now() > 1_700_000_000
