"""What every test may use; rooms keep fixtures of their own in their folders."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.clock import ManualClock
from tests.support.tools import TOOLS, find_tool, tools_are_required

# How quickly an example runs says nothing on a machine that others use, too.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


SLOW = ("soak", "end_to_end", "rules", "deploy", "dashboards", "exposition", "ledger")
"""Rooms whose files take longest. They come first, so that no worker is left alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by room, the slow rooms first; within a room they stay as they are."""
    rank = {room: place for place, room in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.nodeid.split("/")[1], len(SLOW)))


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves by hand."""
    return ManualClock()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command sets up logging for its process; the next test must not inherit that."""
    root, ours = logging.getLogger(), logging.getLogger("exporter")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)


def pytest_report_header() -> str:
    """Say up front which programs are missing, and what becomes of the tests that drive them."""
    missing = [name for name in TOOLS if find_tool(name) is None]
    if not missing:
        return "programs: all found"
    fate = "fail" if tools_are_required() else "are skipped"
    return f"programs: without {', '.join(missing)}, whose tests {fate}"
