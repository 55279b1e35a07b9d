"""Several processes share the servers: each is polled by exactly one, and few move."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.sharding import owner
from exporter.simulator import simulate
from tests.end_to_end.test_process import FINISHED, finish
from tests.support.process import ExporterProcess, until
from tests.support.running import entry, write_config

NAMES = tuple(f"m365-{number}" for number in range(24))


@asynccontextmanager
async def shards(config: Path, folder: Path, total: int) -> AsyncIterator[list[ExporterProcess]]:
    """So many processes, each with a ledger of its own."""
    flags = (f"--shard.total={total}", "--shard.address=shard-{ordinal}.example:19741")
    processes = [
        ExporterProcess(
            config, str(folder / f"shard-{number}"), f"--shard.ordinal={number}", *flags
        )
        for number in range(total)
    ]
    try:
        for process in processes:
            await process.start()
        for process in processes:
            await process.until_ready()
        yield processes
    finally:
        for process in processes:
            await process.stop()


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
    return {
        sample.labels["server"]: sample.value
        for process in processes
        for sample in process.samples()
        if sample.name == FINISHED and sample.labels["result"] == "success"
    }


async def test_a_fourth_shard_takes_over_few_servers_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    """Servers that stay go on counting; those that move begin at 0, a normal reset."""
    async with simulate("vb365", scripted=True) as simulated:
        simulated.product.logons.quota = 0.0
        mail = simulated.world.add_job("Mail").id
        entries = [entry(n, simulated.url, password=f'"{simulated.password}"') for n in NAMES]
        config = write_config(tmp_path / "config.yaml", *entries)
        async with shards(config, tmp_path, 3) as three:
            before = polled_by(three)
            finish(simulated, mail)
            await until(lambda: counts(three) == dict.fromkeys(NAMES, 1.0))
        async with shards(config, tmp_path, 4) as four:
            after = polled_by(four)
            moved = {name for name in NAMES if before[name] != after[name]}
            finish(simulated, mail)
            expected = {name: 1.0 if name in moved else 2.0 for name in NAMES}
            await until(lambda: counts(four) == expected)
            groups = json.loads(four[0].get("/sd")[1])
            misdirected = [
                four[0].get(f"/probe?target={name}") for name in NAMES if after[name] != [0]
            ]
    assert {len(numbers) for numbers in [*before.values(), *after.values()]} == {1}
    assert 0 < len(moved) < 0.35 * len(NAMES)
    assert {after[name][0] for name in moved} == {3}
    assert {group["labels"]["server"]: group["targets"] for group in groups} == {
        name: [f"shard-{owner(name, 4)}.example:19741"] for name in NAMES
    }
    assert {status for status, _text in misdirected} == {421}
    assert all("polls it: shard-" in text for _status, text in misdirected)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--shard.total=3", "--shard.ordinal=3"), "needs --shard.total above it"),
        (("--shard.total=0", "--shard.ordinal=0"), "needs --shard.total above it"),
        (("--shard.total=2",), "does not end in a number"),
    ],
)
def test_a_wrong_number_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], said: str
) -> None:
    """Exit 1 before anything is polled."""
    config = write_config(tmp_path / "config.yaml", entry("a", "http://127.0.0.1:1", password="x"))
    assert main([f"--config.file={config}", "--storage.path=", *flags]) == 1
    assert said in capsys.readouterr().err
