"""The real process: how soon it answers, and how much memory it holds when idle.

It runs from compiled modules, as an installation has them: a first start, which is not measured,
compiles them, wherever this environment keeps such files or forbids them.
"""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.machine import MEGABYTE, cores, free_port, processor_seconds, stay_on
from bench.measure import Row, Spread, spread

ROUNDS = 7
IDLE_SECONDS = 1.5
MOST_MEMORY, MOST_SECONDS = 60.0, 1.0

CONFIGURATION = """\
servers:
  - name: nobody
    product: vb365
    url: http://127.0.0.1:9
    username: bench
    password: bench
"""


class Started(NamedTuple):
    """Seconds until /metrics answered, of the clock and of the processor; idle megabytes."""

    clock: float
    processor: float
    memory: float


def measure() -> list[Row]:
    """One line for the start, one for the memory."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.yaml").write_text(CONFIGURATION, encoding="utf-8")
        _compiling, *rounds = [start(folder) for _ in range(1 + ROUNDS)]
    clock, processor, memory = (spread(column) for column in zip(*rounds, strict=True))
    return [_start_row(clock, processor), _memory_row(memory)]


def _start_row(clock: Spread, processor: Spread) -> Row:
    how = (
        "`python -m exporter serve` from compiled modules until /metrics answers 200; "
        f"{processor.text('s')} of it processor time, by which it is judged"
    )
    met = processor.middle < MOST_SECONDS
    return Row("start to first answer", clock.text("s"), f"< {MOST_SECONDS:g} s", met, how)


def _memory_row(memory: Spread) -> Row:
    how = "resident memory of that process when idle, one server, shared libraries included"
    met = memory.middle < MOST_MEMORY
    return Row("idle memory", memory.text("MB"), f"< {MOST_MEMORY:g} MB", met, how)


def start(folder: str) -> Started:
    """Start it, ask until it answers, leave it alone for a moment, look, and end it."""
    port = free_port()
    command = [sys.executable, "-m", "exporter", "serve", f"--config.file={folder}/config.yaml"]
    flags = [f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={folder}/data"]
    surroundings = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    with subprocess.Popen([*command, *flags, "--log.level=error"], env=surroundings) as process:
        stay_on(cores()[0], process.pid)
        while not answers(port):
            time.sleep(0.01)
        clock, processor = time.perf_counter() - began, processor_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        memory = psutil.Process(process.pid).memory_info().rss / MEGABYTE
        process.terminate()
    return Started(clock, processor, memory)


def answers(port: int) -> bool:
    """Whether /metrics is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
