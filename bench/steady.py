"""A poll in which little is new, of a server with a long history."""

import asyncio
import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

from bench.machine import cores, python_child, stay_on
from bench.measure import Row, number, spread
from bench.world import opened, poll, requests_since, server_config
from exporter.clock import SystemClock
from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.model import Harvest, Result, Session, State, Traffic
from exporter.sources.base import Source

HISTORY, NEW, JOBS, COPIES, POLLS = 1_000_000, 50, 500, 100, 24
INTERVAL = 60.0
MOST_REQUESTS, MOST_SECONDS = 3, 0.050


class HurriedClock(SystemClock):
    """The machine's clock, set ahead between polls; what rests for a while has its turn, too."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return super().monotonic() + self.ahead


class Cost(NamedTuple):
    """Requests and processor seconds of one poll."""

    requests: int
    seconds: float


def measure() -> list[Row]:
    """One line for requests, one for the processor."""
    with (
        tempfile.TemporaryDirectory() as folder,
        python_child(
            "bench.page_server", *map(str, (0, NEW, JOBS, COPIES)), core=cores()[1]
        ) as port,
    ):
        stay_on(cores()[0])
        clock = HurriedClock()
        ledger, source = opened(Path(folder), server_config(int(port)), clock)
        remember(ledger)
        costs = asyncio.run(polls(ledger, source, clock, int(port)))
        remembered = ledger.sessions
        ledger.close()
    requests = max(cost.requests for cost in costs)
    seconds = spread([cost.seconds for cost in costs])
    of = f"server with {HISTORY:,} sessions of history ({remembered:,} of them remembered by id)"
    lists = (
        "the window's sessions, running sessions, and in turn jobs, copy jobs and what hardly ever "
        f"changes; v8, {COPIES} of {JOBS} jobs are copy jobs"
    )
    return [
        Row(
            "requests of a poll, nothing but news",
            str(requests),
            f"≤ {MOST_REQUESTS}",
            requests <= MOST_REQUESTS,
            f"{of}, {NEW} new ones a poll, a poll each minute and an overlap of 16 polls, the most "
            f"of {len(costs)} polls: {lists}",
        ),
        Row(
            "processor time of that poll",
            seconds.text("ms", 1e3),
            f"≤ {number(MOST_SECONDS * 1e3)} ms",
            seconds.middle <= MOST_SECONDS,
            f"all threads, ledger on disk, {len(costs)} polls",
        ),
    ]


def remember(ledger: Ledger) -> None:
    """Absorb the history without a server: what a first poll would have brought."""
    source, now = random.Random(1), time.time()
    jobs = [str(uuid.UUID(int=source.getrandbits(128))) for _ in range(JOBS)]
    sessions = tuple(
        Session(
            f"{number:032x}",
            jobs[number % JOBS],
            "job",
            "Backup",
            State.FINISHED,
            Result.SUCCESS,
            now - 600 - number * 1.2,
            now - 60 - number * 1.2,
        )
        for number in range(HISTORY)
    )
    harvest = Harvest(sessions=sessions, server_time=now - 60)
    ledger.record("s0", Poll(now - 60, 60.0, Traffic(), harvest))


async def polls(ledger: Ledger, source: Source, clock: HurriedClock, port: int) -> list[Cost]:
    """Polls after the first few, which fill the overlap and the caches."""
    costs = []
    for index in range(POLLS + 16):
        clock.ahead += INTERVAL
        began = time.process_time()
        await poll(ledger, source)
        cost = time.process_time() - began
        asked = await asyncio.to_thread(requests_since, port)
        if index >= 16:
            costs.append(Cost(sum(asked.values()), cost))
    await source.close()
    return costs
