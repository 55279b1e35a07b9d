"""What the system tells of this process, read as the Prometheus client library reads it.

The library itself would do, but brings a web server along: 1 MB, and time at the start.
Linux tells all in `/proc`: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

import os
import platform
from functools import cache
from pathlib import Path

from exporter.view import ProcessView

PROC = Path("/proc")
PYTHON = (
    platform.python_implementation(),
    *platform.python_version_tuple(),
    platform.python_version(),
)


def _unit(name: str, usual: int) -> int:
    return os.sysconf(name) if hasattr(os, "sysconf") else usual


TICKS, PAGE = _unit("SC_CLK_TCK", 100), _unit("SC_PAGE_SIZE", 4096)
"""In which `/proc` counts: so many ticks are a second, so many bytes a page."""


def look(proc: Path = PROC) -> ProcessView:
    """This process now. Systems without `/proc` tell nothing but what Python it is."""
    figures: dict[str, float] = {}
    for read in (_times_and_sizes, _files):
        try:
            figures |= read(proc)
        except OSError:
            continue
    return ProcessView(PYTHON, **figures)


def _times_and_sizes(proc: Path) -> dict[str, float]:
    # The name of the command, in parentheses, may hold anything.
    fields = (proc / "self/stat").read_bytes().rpartition(b")")[2].split()
    user, system, started, virtual, pages = (int(fields[place]) for place in (11, 12, 19, 20, 21))
    return {
        "cpu_seconds": user / TICKS + system / TICKS,
        "started": started / TICKS + _boot_time(proc),
        "virtual_bytes": virtual,
        "resident_bytes": pages * PAGE,
    }


@cache
def _boot_time(proc: Path) -> float:
    return float(_after(b"btime", proc / "stat")[0])


def _files(proc: Path) -> dict[str, float]:
    most = _after(b"Max open files", proc / "self/limits")[0]
    return {
        "open_files": len(os.listdir(proc / "self/fd")),
        "max_files": float(most.replace(b"unlimited", b"inf")),
    }


def _after(words: bytes, file: Path) -> list[bytes]:
    """What follows these words on the line of `file` that begins with them. Raises OSError."""
    for line in file.read_bytes().splitlines():
        if line.startswith(words):
            return line.removeprefix(words).split()
    raise FileNotFoundError(f"{file} says nothing of {words.decode()}")
