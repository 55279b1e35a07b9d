"""Scrapes of pages that do not change, to nginx and the client library; and stalled ones."""

import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.machine import (
    MEGABYTE,
    child,
    cores,
    free_port,
    program,
    python_child,
    until_listening,
)
from bench.measure import Row, number, skipped, spread

ROUNDS, SECONDS = 5, 1.0
TARGETS = {1: 0.5, 4: 0.9, 32: 0.9}
"""Requests a second to those of nginx, by connections."""

LEAST_TO_LIBRARY = 300.0
STALLED, STALLED_SERIES, MOST_GROWTH = 32, 88_000, 100.0

NGINX = """\
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; default_type text/plain;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}; gzip_static on; }}
}}
"""

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Load(NamedTuple):
    """What wrk saw: requests a second, and the 99th percentile in milliseconds."""

    rate: float
    p99: float


def measure() -> list[Row]:
    """Every line about serving."""
    wrk, nginx = program("wrk"), program("nginx")
    lines: list[Row] = []
    for series in (22_000, 100_000):
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            folder.chmod(0o755)
            here, there = cores()
            ours = stack.enter_context(
                python_child("bench.page_process", str(series), name, core=here)
            )
            if wrk is None:
                lines.append(skipped(f"scrape {series:,} series", "needs wrk"))
                continue
            if nginx is None:
                lines.append(skipped(f"scrape {series:,} series, to nginx", "needs nginx"))
            else:
                theirs = stack.enter_context(nginx_over(folder, nginx))
                lines += [to_nginx(wrk, int(ours), theirs, series, n) for n in TARGETS]
            if series == 22_000:
                library = stack.enter_context(
                    python_child("bench.page_process", str(series), "library", core=here)
                )
                lines.append(to_library(wrk, int(ours), int(library), there))
    return [*lines, stalled()]


@contextmanager
def nginx_over(folder: Path, program_path: str) -> Iterator[int]:
    """Debian's nginx with the compressed page as a file, on the exporter's core."""
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    with child(program_path, "-c", f"{folder}/nginx.conf", "-p", str(folder), core=cores()[0]):
        until_listening(port)
        yield port


def load(wrk: str, port: int, connections: int, seconds: float = SECONDS) -> Load:
    """One run of wrk on the other core, asking for a compressed page."""
    command = ["taskset", "-c", str(cores()[1]), wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    address = f"http://127.0.0.1:{port}/metrics"
    run = subprocess.run(
        [*command, "--latency", "--timeout", "10s", "-H", "Accept-Encoding: gzip", address],
        check=True,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", run.stdout)
    assert rate, run.stdout
    assert "Non-2xx" not in run.stdout, run.stdout
    p99 = float(latency[1]) * UNITS[latency[2]] if latency else float("nan")
    return Load(float(rate[1]), p99)


def to_nginx(wrk: str, ours: int, theirs: int, series: int, connections: int) -> Row:
    """Requests a second to nginx's with the same file."""
    rounds = [(load(wrk, ours, connections), load(wrk, theirs, connections)) for _ in range(ROUNDS)]
    rate, p99 = (spread(column) for column in zip(*(one for one, _ in rounds), strict=True))
    other = spread([two.p99 for _, two in rounds])
    ratio = spread([one.rate / two.rate for one, two in rounds])
    least = TARGETS[connections]
    plural = "s" if connections > 1 else ""
    how = (
        f"wrk on another core, gzip, keep-alive, rounds of {SECONDS:g} s in turn; "
        f"{rate.text('/s')}, p99 {number(p99.middle)} ms, nginx {number(other.middle)} ms"
    )
    name = f"scrape {series:,} series, {connections} connection{plural}, to nginx"
    return Row(name, ratio.text("×"), f"≥ {least:g}×", ratio.middle >= least, how)


def to_library(wrk: str, ours: int, library: int, _core: int) -> Row:
    """Requests a second to those of the client library's server."""
    rounds = [(load(wrk, ours, 1), load(wrk, library, 1, 6.0)) for _ in range(3)]
    ratio = spread([one.rate / max(two.rate, 1e-9) for one, two in rounds])
    slow = spread([two.rate for _, two in rounds])
    how = (
        f"prometheus_client's start_http_server with a collector of the same families: "
        f"{slow.text('/s')}; gzip, 1 connection"
    )
    met = ratio.middle >= LEAST_TO_LIBRARY
    target = f"≥ {LEAST_TO_LIBRARY:g}×"
    name = "scrape 22,000 series, to prometheus_client's server"
    return Row(name, ratio.text("×"), target, met, how)


def stalled() -> Row:
    """How much memory readers cost that ask for a big page and then do not read it."""
    ours = cores()[0]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        port = int(
            stack.enter_context(
                python_child("bench.page_process", str(STALLED_SERIES), folder, core=ours)
            )
        )
        process = next(
            one for one in psutil.Process().children() if "bench.page_process" in one.cmdline()
        )
        before = process.memory_info().rss
        for _ in range(STALLED):
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(3.0)
        growth = (process.memory_info().rss - before) / MEGABYTE
        size = (Path(folder) / "metrics").stat().st_size / MEGABYTE
    how = (
        f"resident memory after {STALLED} readers asked for {size:.0f} MB uncompressed and stopped"
    )
    value, target = f"{number(growth)} MB", f"< {MOST_GROWTH:g} MB"
    return Row(f"{STALLED} stalled readers", value, target, growth < MOST_GROWTH, how)
