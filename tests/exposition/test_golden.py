"""The page of a hand-made world, kept as text; Prometheus' own tools agree with it."""

import subprocess
from pathlib import Path

import pytest

from exporter.exposition import Exposition, Format
from tests.support.golden import assert_golden
from tests.support.tools import require_tool
from tests.support.views import exporter_view, world

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture(scope="module")
def exposition() -> Exposition:
    """The world without process metrics, which are never the same twice."""
    whole = Exposition(lambda: None)
    for view in world():
        whole.publish(view)
    whole.publish_exporter(exporter_view())
    return whole


@pytest.mark.parametrize(
    ("format", "file"),
    [
        (Format.TEXT_0_0_4, "metrics.txt"),
        (Format.OPENMETRICS_1_0_0, "metrics.openmetrics.txt"),
    ],
)
def test_page_is_the_golden_one(exposition: Exposition, format: Format, file: str) -> None:
    """What users see changes only together with the golden file."""
    assert_golden(GOLDEN / file, exposition.page(format).decode())


def test_promtool_has_nothing_to_say(exposition: Exposition) -> None:
    """`promtool check metrics` accepts every name, type and help."""
    command = [require_tool("promtool"), "check", "metrics"]
    page = exposition.page(Format.TEXT_0_0_4)
    judged = subprocess.run(command, input=page, capture_output=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, b"", b"")
