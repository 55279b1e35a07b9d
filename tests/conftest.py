"""What every test may use; rooms keep fixtures of their own in their folders."""

import pytest

from tests.support.clock import ManualClock
from tests.support.tools import TOOLS, find_tool, tools_are_required


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves by hand."""
    return ManualClock()


def pytest_report_header() -> str:
    """Say up front which programs are missing, and what becomes of the tests that drive them."""
    missing = [name for name in TOOLS if find_tool(name) is None]
    if not missing:
        return "programs: all found"
    fate = "fail" if tools_are_required() else "are skipped"
    return f"programs: without {', '.join(missing)}, whose tests {fate}"
