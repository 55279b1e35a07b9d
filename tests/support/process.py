"""The exporter, the simulator and Prometheus as real processes, for tests from end to end."""

import asyncio
import json
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.tools import require_tool

PATIENCE = 60.0
"""Seconds until something is given up; nothing that works takes so long, even on a slow machine."""

PORTS = list(range(20_000, 32_000))
"""Below those that systems give to clients: no client takes one before it is listened on."""


def free_port() -> int:
    """A port that nothing listens on now, and that was not given to anybody before."""
    while PORTS:
        port = PORTS.pop(secrets.randbelow(len(PORTS)))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port
    raise AssertionError("no port is free")


def fetch(url: str, data: bytes | None = None) -> tuple[int, str]:
    """Status and body of an answer; HTTP errors are answers, too."""
    try:
        with urllib.request.urlopen(url, data=data, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class Process:
    """A child process whose output is kept."""

    def __init__(self, *command: str, cwd: Path | None = None) -> None:
        self._command = command
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.errors = ""
        self.first_line = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and read what it says on stderr."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._cwd,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read_errors())

    async def _read_errors(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.errors += line.decode(errors="replace")

    async def read_line(self) -> str:
        """The next line of its stdout."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        return line.decode().strip()

    async def read_all(self) -> str:
        """Everything it still prints on stdout."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self._process.stdout.read()).decode()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.returncode is None

    def command_line(self) -> str:
        """What everybody on the machine can see of how it was started."""
        return Path(f"/proc/{self.pid}/cmdline").read_text(encoding="utf-8")

    async def signal(self, number: int) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        return await self.wait()

    async def wait(self) -> int:
        """Wait for the end; the exit code."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE):
            # Reading to the end lets a chatty process finish.
            await self._process.communicate() if self._reader is None else await asyncio.gather(
                self._process.wait(), self._reader
            )
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()
        assert self._process.returncode is not None
        return self._process.returncode

    async def stop(self) -> int:
        """SIGTERM, then SIGKILL if it does not listen; the exit code."""
        if not self.alive:
            return await self.wait()
        try:
            return await self.signal(signal.SIGTERM)
        except TimeoutError:
            return await self.signal(signal.SIGKILL)


async def until(condition: Callable[[], Any], patience: float = PATIENCE, what: str = "") -> Any:
    """Ask again and again, off the event loop, until the answer is true; the answer."""
    end = time.monotonic() + patience
    problem: Exception | None = None
    while time.monotonic() < end:
        try:
            if answer := await asyncio.to_thread(condition):
                return answer
        except (OSError, KeyError, ValueError, AssertionError) as error:
            problem = error
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {patience} s: {what or condition}; last: {problem!r}")


class ExporterProcess(Process):
    """`backup-session-exporter serve` with its own port; `module` is what Python runs."""

    module = "exporter"

    def __init__(self, config: Path, storage: str, *flags: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            sys.executable,
            "-m",
            self.module,
            "serve",
            f"--config.file={config}",
            f"--storage.path={storage}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-lifecycle",
            *flags,
        )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a path."""
        return fetch(self.url + path)

    def samples(self, query: str = "") -> list[Sample]:
        """Every sample of /metrics."""
        status, body = self.get(f"/metrics{query}")
        assert status == 200, body
        return [one for family in text_string_to_metric_families(body) for one in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The one sample with this name whose labels contain these; None if there is none."""
        found = [
            sample.value
            for sample in self.samples()
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert len(found) <= 1, f"{name}{labels} is not one series but {len(found)}"
        return found[0] if found else None

    async def until_ready(self) -> None:
        """Wait until every server was polled once."""
        await until(lambda: self.get("/-/ready")[0] == 200, what=f"ready; log: {self.errors}")

    async def until_value(self, expected: float, name: str, **labels: str) -> None:
        """Wait until a sample has a value."""
        await until(
            lambda: self.value(name, **labels) == expected,
            what=f"{name}{labels} to be {expected}",
        )


class SimulatorProcess(Process):
    """`backup-session-exporter simulate` as its own process."""

    def __init__(self, product: str, *flags: str) -> None:
        super().__init__(sys.executable, "-m", "exporter", "simulate", product, *flags)
        self.facts: dict[str, str] = {}

    async def start(self) -> None:
        """Start it and read where it listens."""
        await super().start()
        self.facts = json.loads(await self.read_line())


class PrometheusProcess(Process):
    """Debian's Prometheus scraping one exporter every second."""

    def __init__(self, folder: Path, config: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        path = folder / "prometheus.yml"
        path.write_text(config, encoding="utf-8")
        super().__init__(
            require_tool("prometheus"),
            f"--config.file={path}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
            cwd=folder,
        )

    def query(self, expression: str, **parameters: str) -> list[dict[str, Any]]:
        """The vector or matrix that an expression gives now."""
        query = urllib.parse.urlencode({"query": expression, **parameters})
        status, body = fetch(f"{self.url}/api/v1/query?{query}")
        assert status == 200, body
        result: list[dict[str, Any]] = json.loads(body)["data"]["result"]
        return result

    async def until_up(self) -> None:
        """Wait until it has scraped its target once."""
        await until(
            lambda: [row for row in self.query("up") if row["value"][1] == "1"],
            what=f"a first scrape; log: {self.errors}",
        )


def scrape_config(target: str, interval: str = "1s") -> str:
    """The smallest configuration that scrapes one exporter."""
    return (
        f"global: {{scrape_interval: {interval}, evaluation_interval: {interval}}}\n"
        "scrape_configs:\n"
        "  - job_name: backup-exporter\n"
        f"    static_configs: [{{targets: ['{target}']}}]\n"
    )
