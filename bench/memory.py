"""What a job costs in memory: series on pages, state in the ledger, remembered runs."""

import asyncio
import gc
import random
import tempfile
import time
import uuid
from pathlib import Path

from bench.machine import resident
from bench.measure import Row, number
from bench.world import server_config, subject
from exporter.clock import SystemClock
from exporter.exposition import Exposition, Format
from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.model import Bottleneck, Harvest, Job, Result, Session, State, Statistics, Traffic

SERVERS, JOBS, RUNS = 40, 50, 30
MOST_KILOBYTES = 12.0


def measure() -> list[Row]:
    """Kilobytes a job, with a whole page and each server's page in memory, compressed."""
    with tempfile.TemporaryDirectory() as folder:
        return [_row(Ledger(Path(folder), SystemClock()), Exposition())]


def _row(ledger: Ledger, exposition: Exposition) -> Row:
    asyncio.run(fill(ledger, exposition, 1, "warm"))
    gc.collect()
    before = resident()
    asyncio.run(fill(ledger, exposition, SERVERS, "m365"))
    gc.collect()
    remembered = resident()
    asyncio.run(pages(exposition))
    gc.collect()
    jobs = SERVERS * JOBS
    state, shown = (remembered - before) / jobs / 1e3, (resident() - remembered) / jobs / 1e3
    how = (
        f"{jobs:,} jobs with {RUNS} runs each, resident memory: {number(state)} kB for ledger, "
        f"view and history, {number(shown)} kB for its 45 series "
        "on the whole page and on its server's"
    )
    value, target = f"{number(state + shown)} kB", f"< {MOST_KILOBYTES:g} kB"
    ledger.close()
    return Row("memory of a job", value, target, state + shown < MOST_KILOBYTES, how)


async def fill(ledger: Ledger, exposition: Exposition, servers: int, name: str) -> None:
    """Servers whose jobs have run often."""
    for index in range(servers):
        config = server_config(9, f"{name}-{index:04d}")
        ledger.register(subject(config))
        harvest = history(index)
        poll = Poll(time.time(), 1.0, Traffic(requests={"200": 4}), harvest)
        exposition.publish(ledger.record(config.name, poll))


async def pages(exposition: Exposition) -> None:
    """Ask as Prometheus does: everything, and each server alone."""
    await exposition.page_async(Format.TEXT_0_0_4, gzip=True)
    for index in range(SERVERS):
        names = frozenset((f"m365-{index:04d}",))
        await exposition.page_async(Format.TEXT_0_0_4, servers=names, gzip=True, exporter=False)


def history(seed: int) -> Harvest:
    """Runs of every job, with random ids and figures."""
    source, now = random.Random(seed), time.time()
    jobs = tuple(
        Job(identifier(source), f"Mailboxes of department {number}", ("Backup",), "contoso.example")
        for number in range(JOBS)
    )
    sessions = tuple(
        Session(
            identifier(source),
            job.id,
            job.name,
            "Backup",
            State.FINISHED,
            Result.SUCCESS,
            now - 86400.0 * (number + 0.4),
            now - 86400.0 * (number + 0.3),
            Statistics(*[source.uniform(1e3, 1e9) for _ in range(8)], bottleneck=Bottleneck.SOURCE),
        )
        for job in jobs
        for number in range(RUNS)
    )
    return Harvest(sessions, jobs=jobs, job_list=True, server_time=now)


def identifier(source: random.Random) -> str:
    """A random UUID."""
    return str(uuid.UUID(int=source.getrandbits(128)))
