"""PyPI's veeam-exporter 1.1.0 and this exporter on the same Enterprise Manager, in turn.

The other one asks its server during a scrape, this one during a poll. A poll here is a first one:
logon, every session that the server holds, and the ledger's commit.
"""

import asyncio
import gc
import json
import re
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.machine import cores, python_child, stay_on
from bench.manager_server import MACHINES as MACHINES_OF_A_SESSION
from bench.measure import Row, number, skipped, spread
from bench.obtained import HOW, folder_of
from bench.peer_exporters import MACHINES, Scraped, ours, theirs
from bench.world import poll_through, requests_since, server_config, subject
from exporter.clock import SystemClock
from exporter.exposition import Exposition
from exporter.ledger.ledger import Ledger
from exporter.ledger.worker import LedgerWorker
from exporter.sources import SOURCES

PEER = "veeam-exporter 1.1.0"
SIZES = ((10_000, 100, 3), (10_000, 1000, 2))
"""Sessions, jobs, and how often the other exporter is scraped; it takes its time."""

POLLS, SCRAPES, LEAST = 5, 100, 20.0
PAGE = 500
OUR_JOBS = re.compile(r'^backup_job_info\{.*?job_name="([^"]+)"', re.M)
THEIR_JOBS = re.compile(r'^veeam_em_jobs_sessions_state\{.*?jobname="([^"]+)"', re.M)
THEIR_FAMILIES = (
    "veeam_em_overview_element_count",
    "veeam_em_overview_vms_count",
    "veeam_em_overview_jobs_count",
    "veeam_em_overview_repositories_capacity_total_bytes",
    "veeam_em_backup_servers_config",
    "veeam_em_agents_status",
)
"""One of each of its other files of metrics."""

Counts = dict[str, int]


class Collected(NamedTuple):
    """One poll: seconds, processor seconds, requests by what they ask for."""

    seconds: float
    processor: float
    requests: Counts


class Theirs(NamedTuple):
    """What the other exporter did: requests of its last scrape, logons it left when it was ended.

    `bare` is a scrape without its metrics of virtual machines.
    """

    scrapes: list[Scraped]
    requests: int
    left: int
    bare: Scraped


class Served(NamedTuple):
    """What our service did: requests to its server in all scrapes together, logons it left."""

    scrapes: list[Scraped]
    requests: int
    left: int


class Measured(NamedTuple):
    """What a size brought; `polls` go with the other one's scrapes by their order."""

    sessions: int
    jobs: int
    polls: list[Collected]
    served: Served
    theirs: Theirs | None


def measure() -> list[Row]:
    """Three lines for each size that compare, and what the server has seen."""
    stay_on(cores()[0])
    installed = folder_of("veeam-exporter")
    sizes = [_size(*size, installed) for size in SIZES]
    return [row for found in sizes for row in _comparison(found)] + _seen(sizes[0])


def _size(sessions: int, jobs: int, rounds: int, installed: Path | None) -> Measured:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(
            python_child("bench.manager_server", str(sessions), str(jobs), core=cores()[1])
        )
        port = int(server)
        served = _serve(port, folder)
        shown = set(OUR_JOBS.findall(served.scrapes[-1].page))
        assert len(shown) == jobs, "not every job is on our page"
        polls = [_poll(port, sessions, jobs)]
        if installed is None:
            return Measured(sessions, jobs, polls, served, None)
        polls.clear()
        others, requests, before = [], 0, _open(port)
        with theirs(installed, port, folder) as other:
            for _ in range(rounds):
                polls.append(sorted(_poll(port, sessions, jobs) for _ in range(POLLS))[POLLS // 2])
                others.append(other.scrape())
                requests = sum(requests_since(port).values())
                _check(others[-1].page, shown)
        left = _open(port) - before
        with theirs(installed, port, folder, leave_out=MACHINES) as other:
            bare = other.scrape()
        return Measured(sessions, jobs, polls, served, Theirs(others, requests, left, bare))


def _check(page: str, jobs: set[str]) -> None:
    """It logs what it could not read and shows the rest, which would make it look quick."""
    assert set(THEIR_JOBS.findall(page)) == jobs, "the two exporters show different jobs"
    machines = page.count("\nveeam_em_vmjobs_sessions_state{")
    assert machines == len(jobs) * MACHINES_OF_A_SESSION, "it does not show every virtual machine"
    missing = [family for family in THEIR_FAMILIES if f"\n{family}{{" not in page]
    assert not missing, f"it does not show {', '.join(missing)}"


def _serve(port: int, folder: Path) -> Served:
    """Scrapes of the service, the requests that its server got meanwhile, and logons it left."""
    before = _open(port)
    with ours(port, folder) as exporter:
        assert _open(port) == before + 1
        requests_since(port)
        scrapes = [exporter.scrape() for _ in range(SCRAPES)]
        asked = sum(requests_since(port).values())
    return Served(scrapes, asked, _open(port) - before)


def _poll(port: int, sessions: int, jobs: int) -> Collected:
    """A first poll of a new ledger; the log-off is counted, but not in its time."""
    with tempfile.TemporaryDirectory() as folder:
        requests_since(port)
        gc.collect()
        collected, read = asyncio.run(_collect(port, Path(folder)))
    assert read == (jobs, sessions), "the poll did not read everything"
    return collected


async def _collect(port: int, folder: Path) -> tuple[Collected, tuple[int, int]]:
    """One poll, and how many jobs and sessions it brought."""
    url, product = f"http://127.0.0.1:{port}", "enterprise_manager"
    config = server_config(port, product=product, url=url, api_version="auto", page_size=PAGE)
    exposition, clock = Exposition(), SystemClock()
    ledger = Ledger(folder, clock, exposition.served)
    worker = LedgerWorker(ledger)
    await worker.register(subject(config))
    source = SOURCES[config.product].create(config, clock)
    began, used = time.perf_counter(), time.process_time()
    view = await poll_through(worker, source)
    exposition.publish(view)
    took, cost = time.perf_counter() - began, time.process_time() - used
    await source.close()
    read = (len(view.jobs), ledger.sessions)
    await worker.close()
    return Collected(took, cost, await asyncio.to_thread(requests_since, port)), read


def _open(port: int) -> int:
    """How many logons are open at the server."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/logons") as told:
        return int(json.load(told)["open"])


def _comparison(found: Measured) -> list[Row]:
    """How much faster: our poll and our scrape to its scrape."""
    target, size = f"≥ {LEAST:g}×", f"{found.sessions:,} sessions of {found.jobs:,} jobs"
    name, its = f"collect {size}, to {PEER}", found.theirs
    if its is None:
        return [skipped(name, HOW, target)]
    pairs = list(zip(found.polls, its.scrapes, strict=True))
    whole = spread([other.seconds / one.seconds for one, other in pairs])
    processor = median(other.processor / one.processor for one, other in pairs)
    poll = median(one.seconds for one in found.polls)
    page = median(one.seconds for one in found.served.scrapes)
    scrape = spread([one.seconds / page for one in its.scrapes])
    slow = spread([one.seconds for one in its.scrapes]).text("s")
    how = (
        f"its whole scrape, {its.requests:,} requests in {slow}, to our first poll from its logon "
        f"to the committed ledger and the published view, {number(poll * 1e3)} ms, in turn; "
        f"{number(processor)}× in processor time. It runs with a newer requests and PyYAML than "
        "it pins"
    )
    return [
        Row(name, whole.text("×"), target, whole.middle >= LEAST, how),
        Row(
            f"the same without its virtual machines, {found.jobs:,} jobs",
            f"{number(its.bare.seconds / poll)}×",
            "",
            None,
            f"one scrape, {number(its.bare.seconds)} s: its metrics of the virtual machines of each"
            " job's newest session, which we do not read, are left out",
        ),
        Row(
            f"scrape of {found.jobs:,} jobs, to {PEER}",
            scrape.text("×"),
            target,
            scrape.middle >= LEAST,
            f"its scrapes to ours, {number(page * 1e3)} ms, uncompressed, each by a new "
            "connection; both pages show the same jobs",
        ),
    ]


def _seen(found: Measured) -> list[Row]:
    """What the server counted."""
    asked = dict(found.polls[0].requests)
    lists, pages = asked.pop("query BackupJobSession"), -(-found.sessions // PAGE)
    rest = ", ".join(f"{name} {count}" for name, count in asked.items())
    its, served = found.theirs, found.served
    return [
        Row(
            "requests of a first poll for backup sessions",
            f"{lists} for {pages} pages",
            f"≤ 1 + {pages}",
            lists <= 1 + pages,
            f"Enterprise Manager, {found.sessions:,} sessions in pages of {PAGE}: those that run, "
            f"then each page of the others; not among them: {rest}",
        ),
        Row(
            "requests to backup servers in a scrape",
            str(served.requests),
            "0",
            served.requests == 0,
            f"counted by Enterprise Manager during {SCRAPES} scrapes of the real process"
            + (f"; {PEER} sends {its.requests} in each" if its else ""),
        ),
        Row(
            "logons left behind when stopped",
            str(served.left),
            "0",
            served.left == 0,
            "open at Enterprise Manager after SIGTERM to the real process"
            + (f"; {PEER} leaves {its.left}" if its else ""),
        ),
    ]
