"""The demo with a Prometheus and an Alertmanager beside it."""

import subprocess
from pathlib import Path

from scripts import demo_stack
from tests.support.tools import require_tool


def test_waiting_times_are_divided_and_conditions_are_not() -> None:
    """`for` and `interval` go by the demo's speed; an expression stays as it is shipped."""
    text = "      - expr: x > 3600\n        for: 20m\n        keep_firing_for: 30s\n"
    assert demo_stack.hasten(text) == (
        "      - expr: x > 3600\n        for: 20s\n        keep_firing_for: 1s\n"
    )


def test_what_it_lays_out_is_a_valid_configuration(tmp_path: Path) -> None:
    """promtool reads the hastened rules and the configuration."""
    demo_stack.lay_out(tmp_path)
    promtool = require_tool("promtool")
    checked = subprocess.run(
        [promtool, "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "SUCCESS" in checked.stdout


def test_a_missing_program_is_named_with_its_package() -> None:
    """What is not there has no path; what is there has one."""
    assert demo_stack.find(("no-such-program-anywhere",)) is None
    assert demo_stack.find(("sh",))
