"""Readings that share the polls: each in its turn, none too late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.turns import PATIENCE, Turns
from tests.support.rest_world import StillClock


def test_what_was_never_made_is_made() -> None:
    """All of it at once: a first poll knows nothing."""
    assert Turns(StillClock()).chosen(("a", "b")) == {"a", "b"}


def test_one_reading_a_poll_in_the_order_of_the_last_time() -> None:
    """Also where the clock does not move between two polls."""
    turns = Turns(StillClock())
    turns.made("a")
    turns.made("b")
    seen = []
    for _ in range(4):
        (name,) = turns.chosen(("a", "b"))
        turns.made(name)
        seen.append(name)
    assert seen == ["a", "b", "a", "b"]


def test_a_resting_reading_is_not_due() -> None:
    """And nothing is chosen where nothing is due."""
    clock = StillClock()
    turns = Turns(clock)
    turns.made("a", rest=60.0)
    clock.time += 59.0
    assert turns.chosen(("a",)) == frozenset()
    clock.time += 1.0
    assert turns.chosen(("a",)) == {"a"}


def test_a_reading_that_failed_waits_for_no_turn_and_takes_none() -> None:
    """It is tried again with each poll, beside the one whose turn it is."""
    turns = Turns(StillClock())
    turns.made("a")
    turns.made("b")
    turns.again("b")
    assert turns.chosen(("a", "b")) == {"a", "b"}


def test_who_polls_seldom_makes_every_reading_with_each_poll() -> None:
    """No reading that is due waits longer than its patience."""
    clock = StillClock()
    turns = Turns(clock)
    turns.made("a")
    turns.made("b")
    clock.time += PATIENCE
    assert turns.chosen(("a", "b")) == {"a", "b"}


def test_other_readings_play_no_part() -> None:
    """What is not asked about keeps its place."""
    turns = Turns(StillClock())
    turns.made("a")
    turns.made("b")
    assert turns.chosen(("b",)) == {"b"}


@pytest.mark.parametrize("interval", [1.0, 60.0])
@given(jitter=st.lists(st.floats(0.0, 0.1), min_size=60, max_size=60))
def test_a_server_with_every_list_gets_one_request_a_poll(
    interval: float, jitter: list[float]
) -> None:
    """Two lists that are always due and three that rest, polled each minute or more often."""
    clock = StillClock()
    turns = Turns(clock)
    rests = {"jobs": 0.0, "copy_jobs": 0.0, "x": 600.0, "y": 600.0, "z": 600.0}
    made = dict.fromkeys(rests, clock.time)
    for name, rest in rests.items():
        turns.made(name, rest)
    for part in jitter:
        clock.time += interval * (1.0 + part)
        chosen = turns.chosen(rests)
        assert len(chosen) == 1
        for name in chosen:
            assert clock.time - made[name] <= rests[name] + PATIENCE + 2 * interval
            turns.made(name, rests[name])
            made[name] = clock.time
