"""Shards as real processes that are read and given work while their number changes."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from exporter.simulator import SimulatedServer
from tests.support.process import ExporterProcess, PrometheusProcess, fetch, free_port
from tests.support.rules import RULE_FILES

FINISHED = "backup_job_sessions_finished_total"
OWN = ("backup_exporter_shards", "backup_exporter_shard_ordinal")
ALERT = "BackupExporterShardsMissing"


class Sites:
    """Where shards are reached: one port for all, and an address of loopback for each.

    The same before and after a change of their number, as pods and hosts keep their names.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.template = f"127.0.0.1{{ordinal}}:{self.port}"

    def of(self, ordinal: int) -> str:
        """The address of a shard."""
        return self.template.replace("{ordinal}", str(ordinal))


@asynccontextmanager
async def shards(
    config: Path, folder: Path, total: int, sites: Sites
) -> AsyncIterator[list[ExporterProcess]]:
    """So many processes, started at once, each with a ledger of its own; ready."""
    processes = [
        ExporterProcess(
            config,
            str(folder / f"shard-{number}"),
            f"--web.listen-address={sites.of(number)}",
            f"--shard.ordinal={number}",
            f"--shard.total={total}",
            f"--shard.address={sites.template}",
        )
        for number in range(total)
    ]
    async with AsyncExitStack() as stack:
        for process in processes:
            await stack.enter_async_context(process)
        await asyncio.gather(*(process.until_ready() for process in processes))
        yield processes
        await asyncio.gather(*(process.stop() for process in processes))


class Work:
    """Short sessions that begin and end all the time, on several jobs; all end well."""

    def __init__(self, simulated: SimulatedServer, jobs: Iterable[str], every: float) -> None:
        self._simulated = simulated
        self._jobs = itertools.cycle(jobs)
        self._every = every
        self.begun = 0

    async def go_on(self) -> None:
        """Begin one session after the other until cancelled; several run at any moment."""
        for job, lasts in zip(self._jobs, itertools.cycle((0.2, 0.9, 1.7)), strict=False):
            now = self._simulated.world.now()
            self._simulated.world.add_session(job, started=now, ended=now + lasts, status="Success")
            self.begun += 1
            await asyncio.sleep(self._every)


class Readers:
    """Reads all pages of all shards all the time, and notes what must never happen."""

    def __init__(self, sites: Sites, most: int) -> None:
        self._urls = [f"http://{sites.of(number)}/metrics" for number in range(most)]
        self._seen: dict[tuple[str, str], float] = {}
        self.pages = 0
        self.fallen: list[str] = []

    async def go_on(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as group:
            for url in self._urls:
                group.create_task(self._read(url))

    async def _read(self, url: str) -> None:
        while True:
            with suppress(OSError):
                status, page = await asyncio.to_thread(fetch, url)
                self.pages += status == 200
                self._compare(url, page)
            await asyncio.sleep(0.1)

    def _compare(self, url: str, page: str) -> None:
        for line in page.splitlines():
            if line.startswith(FINISHED):
                name, _, value = line.rpartition(" ")
                if float(value) < self._seen.get((url, name), 0.0):
                    self.fallen.append(f"{url}: {line}")
                self._seen[url, name] = float(value)


@asynccontextmanager
async def reading(readers: Readers) -> AsyncIterator[Readers]:
    """Readers at work meanwhile; what goes wrong with them fails the test."""
    task = asyncio.create_task(readers.go_on())
    try:
        yield readers
        assert not task.done(), "the readers stopped by themselves"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def prometheus_of(folder: Path, sites: Sites, most: int) -> PrometheusProcess:
    """A Prometheus that scrapes each server at its owner, as docs/scaling.md has it.

    It has all rules of the repository. Only `ALERT` is quicker than there: it waits 1 s and ends
    at once, for a slow change of shards may set it off and it must be seen to end.
    """
    for path in RULE_FILES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for rule in (rule for group in document["groups"] for rule in group["rules"]):
            if rule.get("alert") == ALERT:
                rule.update({"for": "1s", "keep_firing_for": "0s"})
        (folder / path.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    addresses = [sites.of(number) for number in range(most)]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [path.name for path in RULE_FILES],
        "scrape_configs": [
            {
                "job_name": "backup-exporter",
                "params": {"name[]": list(OWN)},
                "static_configs": [{"targets": addresses}],
            },
            {
                "job_name": "backup-servers",
                "metrics_path": "/probe",
                "honor_labels": True,
                "http_sd_configs": [
                    {"url": f"http://{address}/sd", "refresh_interval": "1s"}
                    for address in addresses
                ],
            },
        ],
    }
    return PrometheusProcess(folder, yaml.safe_dump(config))


def states_of_the_alert(prometheus: PrometheusProcess) -> list[str]:
    """Whether `ALERT` is pending or firing; nothing while all shards are there."""
    _status, body = fetch(f"{prometheus.url}/api/v1/alerts")
    alerts: list[dict[str, Any]] = json.loads(body)["data"]["alerts"]
    return [one["state"] for one in alerts if one["labels"]["alertname"] == ALERT]


def increases(prometheus: PrometheusProcess, by: str = "server") -> dict[str, float]:
    """How much the counter of successes grew, by a label, exactly.

    As `increase()` does it from the samples in Prometheus, with resets, but without stretching the
    result to the whole range, which would make 9.3 of 9.
    """
    grown: dict[str, float] = {}
    for row in prometheus.query(f'{FINISHED}{{result="success"}}[10m]'):
        values = [float(value) for _when, value in row["values"]]
        steps = (new if new < old else new - old for old, new in itertools.pairwise(values))
        label = row["metric"][by]
        grown[label] = grown.get(label, 0.0) + sum(steps)
    return grown
