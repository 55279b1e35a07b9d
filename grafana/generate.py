"""Write the dashboards, or compare the files with the code.

`python -m grafana.generate` writes `grafana/dashboards/*.json`, with `--check` it only says which
file is out of date and returns 1.
"""

import json
import sys
from pathlib import Path

from grafana.dashboard import Dashboard
from grafana.exporter_health import EXPORTER
from grafana.fleet import FLEET
from grafana.job import JOB

FOLDER = Path(__file__).resolve().parent / "dashboards"
DASHBOARDS = (FLEET, JOB, EXPORTER)


def path_of(dashboard: Dashboard) -> Path:
    """The file of a dashboard."""
    return FOLDER / f"{dashboard.uid}.json"


def text_of(dashboard: Dashboard) -> str:
    """The content of a dashboard's file, the same on every machine."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"


def is_current(dashboard: Dashboard) -> bool:
    """Whether the file of a dashboard says what the code says."""
    path = path_of(dashboard)
    return path.is_file() and path.read_text(encoding="utf-8") == text_of(dashboard)


def main(arguments: list[str]) -> int:
    """Write the files that differ, or with `--check` report them. Returns the exit code."""
    check = arguments == ["--check"]
    stale = [dashboard for dashboard in DASHBOARDS if not is_current(dashboard)]
    for dashboard in stale:
        if not check:
            path_of(dashboard).write_text(text_of(dashboard), encoding="utf-8", newline="\n")
        say = "out of date; run `python -m grafana.generate`" if check else "written"
        print(f"{path_of(dashboard).name}: {say}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
