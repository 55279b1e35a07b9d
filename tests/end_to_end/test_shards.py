"""Several processes share the servers: each is polled by exactly one, and few move."""

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.sharding import owner
from exporter.simulator import simulate
from tests.support.process import ExporterProcess, PrometheusProcess, until
from tests.support.running import entry, write_config
from tests.support.shards import (
    FINISHED,
    Readers,
    Sites,
    Work,
    increases,
    prometheus_of,
    reading,
    shards,
    states_of_the_alert,
)
from tests.support.tools import require_tool

NAMES = tuple(f"m365-{number}" for number in range(24))
JOBS = ("Mail", "Files", "Sites")


def polled_by(processes: list[ExporterProcess]) -> dict[str, list[int]]:
    """For each server the numbers of the shards that show it."""
    found: dict[str, list[int]] = {name: [] for name in NAMES}
    for number, process in enumerate(processes):
        for sample in process.samples("?name[]=backup_server_up"):
            if sample.value == 1:
                found[sample.labels["server"]].append(number)
    return found


def counts(processes: list[ExporterProcess]) -> dict[str, float]:
    """For each server how many successes were counted, by whichever shard."""
    found = dict.fromkeys(NAMES, 0.0)
    for process in processes:
        for sample in process.samples(f"?name[]={FINISHED}"):
            if sample.name == FINISHED and sample.labels["result"] == "success":
                found[sample.labels["server"]] += sample.value
    return found


def born(prometheus: PrometheusProcess) -> bool:
    """Whether Prometheus has the zeros of all counters, from one target for each server."""
    series = prometheus.query(f'{FINISHED}{{result="success"}}')
    return len(series) == len(NAMES) * len(JOBS)


def settled(prometheus: PrometheusProcess, processes: list[ExporterProcess]) -> bool:
    """Whether Prometheus has what the shards have counted, once for each server."""
    rows = prometheus.query(f'sum by (server) ({FINISHED}{{result="success"}})')
    found = {row["metric"]["server"]: float(row["value"][1]) for row in rows}
    return found == counts(processes)


async def alert_of_a_lost_shard(prometheus: PrometheusProcess, shard: ExporterProcess) -> None:
    """Nothing is wrong before a shard dies, and the alert fires afterwards."""
    await until(lambda: not states_of_the_alert(prometheus) or None, what="no alert")
    await shard.signal(signal.SIGKILL)
    await until(lambda: states_of_the_alert(prometheus) == ["firing"], what="the alert firing")


@dataclass(frozen=True)
class Watched:
    """What was seen around the change from three shards to four.

    `finished` is the truth: how many sessions ended for each server; `before`, `until_ready` how
    many had begun when the three were stopped and when the four were ready.
    """

    owners: tuple[dict[str, list[int]], dict[str, list[int]]]
    finished: int
    before: int
    until_ready: int
    counted: dict[str, float]
    grown: dict[str, float]
    groups: list[dict[str, Any]]
    strays: list[tuple[int, str]]

    @property
    def moved(self) -> set[str]:
        """The servers that changed hands."""
        old, new = self.owners
        return {name for name in NAMES if old[name] != new[name]}


async def once_each(processes: list[ExporterProcess]) -> dict[str, list[int]]:
    """Who polls whom, once every server was polled well."""
    await until(lambda: all(polled_by(processes).values()), what="every server up")
    return polled_by(processes)


async def going_on(work: Work, readers: Readers) -> None:
    """Wait until a good number of sessions have begun and pages were read."""
    sessions, pages = work.begun + 25, readers.pages + 25
    await until(lambda: work.begun >= sessions and readers.pages >= pages, what="work and reads")


async def change(folder: Path, config: Path, work: Work, sites: Sites, readers: Readers) -> Watched:
    """Three shards, then four, while work goes on; in the end one is killed for the alert."""
    async with prometheus_of(folder, sites, 4) as prometheus:
        async with shards(config, folder, 3, sites) as three:
            await until(lambda: born(prometheus), what="zeros in Prometheus")
            old = await once_each(three)
            load = asyncio.create_task(work.go_on())
            await going_on(work, readers)
            assert not load.done()
            before = work.begun
        async with shards(config, folder, 4, sites) as four:
            until_ready = work.begun
            await going_on(work, readers)
            load.cancel()
            new = await once_each(four)
            # Who stays counts all; a new owner all that began under it.
            least = {
                name: work.begun if old[name] == new[name] else work.begun - until_ready
                for name in NAMES
            }
            await until(lambda: all(counts(four)[name] >= least[name] for name in NAMES))
            await until(lambda: settled(prometheus, four), what="Prometheus to have seen it all")
            groups = json.loads(four[0].get("/sd")[1])
            strays = [four[0].get(f"/probe?target={name}") for name in NAMES if new[name] != [0]]
            numbers = (work.begun, before, until_ready, counts(four), increases(prometheus))
            await alert_of_a_lost_shard(prometheus, four[2])
    return Watched((old, new), *numbers, groups, strays)


async def test_a_fourth_shard_takes_over_few_servers_under_load(tmp_path: Path) -> None:
    """Three processes become four while sessions end, and Prometheus and others read.

    Each server has one owner before and after. Servers that stay lose and double no session; those
    that move double none and begin at 0. Then a shard is killed and the shipped alert fires; the
    test's copy of that rule waits 1 s and not 15 min, and ends at once.
    """
    require_tool("prometheus")
    sites = Sites()
    async with simulate("vb365", scripted=True) as simulated:
        simulated.product.logons.quota = 0.0
        work = Work(simulated, [simulated.world.add_job(name).id for name in JOBS], every=0.15)
        entries = [entry(n, simulated.url, password=f'"{simulated.password}"') for n in NAMES]
        config = write_config(tmp_path / "config.yaml", *entries, overlap="10s")
        async with reading(Readers(sites, 4)) as readers:
            seen = await change(tmp_path, config, work, sites, readers)
    old, new = seen.owners
    assert {len(numbers) for numbers in [*old.values(), *new.values()]} == {1}
    assert 0 < len(seen.moved) < 0.35 * len(NAMES)
    assert {new[name][0] for name in seen.moved} == {3}
    check_increases(seen)
    check_directions(seen, sites)
    assert readers.fallen == [], "a counter of a server that stayed fell"


def check_increases(seen: Watched) -> None:
    """The sum is the truth where a server stayed, and never more where it moved."""
    assert seen.finished > seen.until_ready > seen.before > 0
    stayed = set(NAMES) - seen.moved
    assert {name: seen.grown[name] for name in stayed} == dict.fromkeys(
        stayed, float(seen.finished)
    )
    for name in seen.moved:
        assert 0 < seen.grown[name] <= seen.finished
        # Its new owner counts all that began under it.
        began = seen.finished - seen.until_ready
        assert began <= seen.counted[name]


def check_directions(seen: Watched, sites: Sites) -> None:
    """Any shard tells where each server is polled, and refuses to answer for another."""
    assert {group["labels"]["server"]: group["targets"] for group in seen.groups} == {
        name: [sites.of(owner(name, 4))] for name in NAMES
    }
    assert {status for status, _text in seen.strays} == {421}
    assert all("polls it: 127.0.0.1" in text for _status, text in seen.strays)
