"""A fake that shared code with what it checks would prove nothing."""

import subprocess
import sys

SHARED = ("config", "ledger", "metrics", "model", "poller", "rest", "sources", "view")


def test_the_simulator_loads_nothing_of_what_reads_it() -> None:
    """Importing it brings only the clock along."""
    code = "import sys, exporter.simulator; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "exporter.clock" in loaded
    assert not {f"exporter.{room}" for room in SHARED} & set(loaded)
