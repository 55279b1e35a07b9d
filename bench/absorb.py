"""Taking in a long history: list, decode, normalise, count, commit; and decoding by the SDK."""

import asyncio
import gc
import importlib
import json
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.answers import Composer, m365_page
from bench.machine import cores, python_child, stay_on
from bench.measure import Row, number, pairs, skipped, spread
from bench.obtained import HOW, make_importable
from bench.world import opened, poll, server_config
from exporter.sources.vb365.sessions import JobName, normalise
from exporter.sources.vb365.wire import SESSIONS

HISTORY, ROUNDS = 100_000, 5
LEAST, GOAL, LEAST_TO_SDK = 40_000.0, 60_000.0, 10.0


class Absorbed(NamedTuple):
    """Sessions a second by the wall clock and by the processor time of this process."""

    by_clock: float
    by_processor: float


def measure() -> list[Row]:
    """The rate of a first poll, and our decoding to the generated SDK's."""
    ours, theirs = cores()
    with python_child("bench.page_server", str(HISTORY), "0", "500", core=theirs) as port:
        stay_on(ours)
        rounds = [absorb(int(port)) for _ in range(ROUNDS)]
    clock, processor = (spread(column) for column in zip(*rounds, strict=True))
    how = (
        f"first poll of {HISTORY:,} sessions of 500 jobs over loopback from another process, "
        f"ledger on disk, by processor time; by the clock {number(clock.middle)}"
    )
    row = Row(
        "absorb a history, sessions/s",
        f"{processor.text()} (goal {number(GOAL)})",
        f"≥ {number(LEAST)}",
        processor.middle >= LEAST,
        how,
    )
    return [row, sdk()]


def absorb(port: int) -> Absorbed:
    """One first poll into a new ledger."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, source = opened(Path(folder), server_config(port))

        async def once() -> int:
            await poll(ledger, source)
            await source.close()
            return ledger.sessions

        gc.collect()
        clock, processor = time.perf_counter(), time.process_time()
        asyncio.run(once())
        took, used = time.perf_counter() - clock, time.process_time() - processor
        assert sum(len(job.runs) for job in ledger.view("s0").jobs) == 500 * 30
        ledger.close()
    return Absorbed(HISTORY / took, HISTORY / used)


def sdk() -> Row:
    """Our decoding and normalising to the models of the vendor's API generated for Python."""
    name = "decode and normalise to the SDK's models"
    how = "veeam-365 from PyPI, its `from_dict` over `json.loads`; our time includes normalising"
    make_importable("veeam-365")
    try:
        module = importlib.import_module("veeam_365.v8.models.page_of_rest_job_session")
    except ImportError:
        return skipped(name, HOW, f"≥ {LEAST_TO_SDK:g}× faster")
    page, composer = module.PageOfRESTJobSession, Composer()
    rows = [composer.m365_session(8, end) for end in composer.ends(1000, 86400.0)]
    body = m365_page(rows, 8)
    jobs = {job: JobName(job, "job", "Backup") for job in composer.jobs}
    measured = pairs(
        lambda: page.from_dict(json.loads(body)),
        lambda: normalise(SESSIONS.decode(body).rows, jobs),
        rounds=7,
        repeat=2,
    ).ratio
    met = measured.middle >= LEAST_TO_SDK
    return Row(name, f"{measured.text('×')} faster", f"≥ {LEAST_TO_SDK:g}× faster", met, how)
