"""This exporter and PyPI's veeam-exporter as processes that are configured alike and scraped."""

import http.client
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import child, cores, free_port, processor_seconds, until_listening

START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from veeam_exporter.veeam_exporter import main; main()"
)
MACHINES = "vm_backup_jobs_sessions"
METRICS = (
    "veeam_overview vm_overview jobs_overview backup_servers repositories backup_agent "
    f"backup_jobs_sessions {MACHINES}"
).split()
"""Its files of metrics, all that it comes with. The last one needs what the one before has read."""

PATIENCE = 300.0


@dataclass(frozen=True)
class Scraped:
    """One scrape: its page, its seconds, and those of the processor that the exporter used."""

    page: str
    seconds: float
    processor: float


@dataclass(frozen=True)
class Exporter:
    """A running exporter of one server."""

    port: int
    pid: int
    path: str

    def scrape(self) -> Scraped:
        """Read its page as Prometheus would, uncompressed."""
        used, began = processor_seconds(self.pid), time.perf_counter()
        status, body = self._get(self.path)
        took = time.perf_counter() - began
        assert status == 200, f"{self.path} was answered with {status}"
        return Scraped(body.decode(), took, processor_seconds(self.pid) - used)

    def until_ready(self) -> None:
        """Wait until it has polled its server."""
        end = time.monotonic() + PATIENCE
        while self._get("/-/ready")[0] != 200:
            assert time.monotonic() < end, "it never became ready"
            time.sleep(0.05)

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def ours(server: int, folder: Path) -> Iterator[Exporter]:
    """This exporter as a service with a new ledger, after its first poll; ended with SIGTERM."""
    entry = {"name": "s0", "product": "enterprise_manager", "url": f"http://127.0.0.1:{server}"}
    account = {"username": "bench", "password": "bench"}
    file = folder / "ours.yaml"
    file.write_text(json.dumps({"servers": [entry | account]}), encoding="utf-8")
    port = free_port()
    flags = (f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={folder}/served")
    command = (sys.executable, "-m", "exporter", "serve", f"--config.file={file}", *flags)
    with child(*command, "--log.level=error", core=cores()[0]) as process:
        until_listening(port)
        exporter = Exporter(port, process.pid, "/metrics")
        exporter.until_ready()
        yield exporter


@contextmanager
def theirs(installed: Path, server: int, folder: Path, leave_out: str = "") -> Iterator[Exporter]:
    """veeam-exporter with all its metrics, but the file of those that are to be left out."""
    target = {"host": "127.0.0.1", "port": server, "user": "bench", "password": "bench"}
    metrics = installed / "veeam_exporter" / "conf" / "metrics"
    files = [f"{metrics}/{name}_metrics.yml" for name in METRICS if name != leave_out]
    file, port = folder / "theirs.yaml", free_port()
    settings = {
        "weblisten": {"address": "127.0.0.1", "port": port},
        "veeams": [target | {"protocol": "http", "timeout": 60}],
        "logger": {"level": "error", "facility": f"{folder}/theirs.log"},
        "metrics_file": files,
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    command = (sys.executable, "-c", START, str(installed), "-c", str(file))
    with child(*command, "-w", f"127.0.0.1:{port}", core=cores()[0]) as process:
        until_listening(port)
        yield Exporter(port, process.pid, "/metrics?target=127.0.0.1")
