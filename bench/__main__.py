"""`python -m bench`: every measurement, one table, docs/performance.md; or only those named."""

import json
import subprocess
import sys
import time
from pathlib import Path

from bench import report
from bench.measure import Row

MEASUREMENTS = {
    "decode": 60,
    "absorb": 90,
    "start": 90,
    "render": 60,
    "scrape": 240,
    "busy": 60,
    "steady": 90,
    "fleet": 270,
    "memory": 60,
    "probe": 60,
    "peer": 240,
}
"""Each is a module of this package and has so many seconds at most."""

ROOT = Path(__file__).resolve().parent.parent


def main(names: list[str]) -> int:
    """Measure and tell; 1 when a target was missed or a measurement failed, 2 for a wrong name."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
        return 2
    rows = [row for name in names or MEASUREMENTS for row in measured(name)]
    print(report.table(rows))
    if not names:
        report.write(rows)
    missed = [row.name for row in rows if row.met is False]
    if missed:
        print(f"\nmissed: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def measured(name: str) -> list[Row]:
    """The lines of one measurement, made in a process of its own."""
    began = time.monotonic()
    command = [sys.executable, "-m", "bench.one", name]
    try:
        run = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=MEASUREMENTS[name]
        )
    except subprocess.SubprocessError as error:
        return [Row(name, "failed", "", False, type(error).__name__)]
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return [Row(*fields) for fields in json.loads(run.stdout)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
