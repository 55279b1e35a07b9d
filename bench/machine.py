"""The machine that measures: its size, its cores, the programs that it has."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

MEGABYTE = 1e6


def size() -> str:
    """Cores, memory and Python; no names."""
    memory = psutil.virtual_memory().total / 2**30
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, Python {version}, {sys.platform}"


def cores() -> tuple[int, int]:
    """A core for what is measured and another one for what drives it; the same if there is one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def stay_on(core: int, pid: int = 0) -> None:
    """Keep a process, by default this one, on one core."""
    os.sched_setaffinity(pid, {core})


def resident() -> float:
    """Bytes of memory that this process has in use."""
    return float(psutil.Process().memory_info().rss)


def processor_seconds(pid: int) -> float:
    """Seconds of the processor that a process has used in all its threads."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str | None:
    """Where a program lies, also one for administrators."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def child(*command: str, core: int) -> Iterator[subprocess.Popen[str]]:
    """A process on a core of its own, whose first line of output may be read; ended afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        stay_on(core, process.pid)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def python_child(module: str, *arguments: str, core: int) -> Iterator[str]:
    """A module of ours as a process; what it says in its first line."""
    with child(sys.executable, "-m", module, *arguments, core=core) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def until_listening(port: int, patience: float = 20.0) -> None:
    """Wait until somebody listens on a port of loopback."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens on port {port}")
