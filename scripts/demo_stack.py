"""`make demo-stack`: the demo, a Prometheus with our rules, and an Alertmanager, on loopback.

The simulated servers live sixty times faster than the real world, so the waiting times of the
alerts (`for`) are divided by the same number; their conditions are the shipped ones.
"""

import asyncio
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

HOUSE = Path(__file__).parents[1]
RULES = HOUSE / "deploy" / "prometheus" / "rules"
EXPORTER, PROMETHEUS, ALERTMANAGER = 19741, 19742, 19743
SPEED = 60
PLACES = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WAIT = re.compile(
    r"^(\s+(?:for|keep_firing_for|interval|group_wait|group_interval): )(\d+)([smhd])"
)

PROGRAMS = {
    "prometheus": ("prometheus",),
    "prometheus-alertmanager": ("prometheus-alertmanager", "alertmanager"),
}
"""Debian's packages, and the names that the program goes by."""

CONFIG = f"""
global: {{scrape_interval: 5s, evaluation_interval: 5s}}
rule_files: [rules/*.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{ALERTMANAGER}']}}]}}]}}
scrape_configs:
  - job_name: backup-exporter
    static_configs: [{{targets: ['127.0.0.1:{EXPORTER}']}}]
"""

NOTIFICATIONS = """
route: {receiver: nobody, group_by: [alertname, server], group_wait: 1s}
receivers: [{name: nobody}]
"""


def find(names: Iterable[str]) -> str | None:
    """The path of a program, also where an ordinary user's PATH does not look."""
    found = (shutil.which(name) or _elsewhere(name) for name in names)
    return next((path for path in found if path), None)


def _elsewhere(name: str) -> str | None:
    return next((f"{place}/{name}" for place in PLACES if Path(place, name).exists()), None)


def hasten(text: str, speed: int = SPEED) -> str:
    """Rules whose waiting times are divided by `speed`, one second at least."""

    def shorter(found: re.Match[str]) -> str:
        seconds = max(1, int(found[2]) * UNITS[found[3]] // speed)
        return f"{found[1]}{seconds}s"

    return "\n".join(WAIT.sub(shorter, line) for line in text.splitlines()) + "\n"


def lay_out(folder: Path) -> None:
    """Write the configuration of both programs into an empty folder."""
    (folder / "rules").mkdir()
    for rules in RULES.glob("*.yml"):
        text = hasten(rules.read_text(encoding="utf-8"))
        (folder / "rules" / rules.name).write_text(text, encoding="utf-8")
    (folder / "prometheus.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "alertmanager.yml").write_text(NOTIFICATIONS, encoding="utf-8")


def commands(folder: Path, programs: dict[str, str]) -> dict[str, list[str]]:
    """What is started, and how."""
    return {
        "demo": [sys.executable, "-m", "exporter", "demo", *sys.argv[1:]],
        "prometheus": [
            programs["prometheus"],
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS}",
            "--log.level=warn",
        ],
        "alertmanager": [
            programs["prometheus-alertmanager"],
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{ALERTMANAGER}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ],
    }


async def run(folder: Path, programs: dict[str, str]) -> None:
    """Start everything, and stop everything when the first of them ends or a signal comes."""
    lay_out(folder)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        waits = [asyncio.create_task(stop.wait())]
        for command in commands(folder, programs).values():
            process = await asyncio.create_subprocess_exec(*command, cwd=HOUSE)
            stack.push_async_callback(_end, process)
            waits.append(asyncio.create_task(process.wait()))  # type: ignore[arg-type]  # only awaited
        print(
            f"\n  Prometheus    http://127.0.0.1:{PROMETHEUS}/ (try: ALERTS)"
            f"\n  Alertmanager  http://127.0.0.1:{ALERTMANAGER}/ (the first alert fires within "
            "three minutes)\n",
            flush=True,
        )
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()


def main() -> int:
    """Exit 1 with a sentence when a program is missing."""
    found = {package: find(names) for package, names in PROGRAMS.items()}
    missing = [package for package, path in found.items() if path is None]
    if missing:
        print(f"Install first: apt install {' '.join(missing)}", file=sys.stderr)
        return 1
    programs = {package: path for package, path in found.items() if path is not None}
    with tempfile.TemporaryDirectory(prefix="demo-stack-") as folder:
        asyncio.run(run(Path(folder), programs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
