"""One run: simulated servers with a life, the exporter, Prometheus; faults; and the verdict."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.simulator import simulate
from tests.soak.fates import plan
from tests.soak.habits import lead
from tests.soak.judge import COUNTERS, judge
from tests.soak.life import Cast, Life
from tests.soak.misfortunes import PAUSE, Misfortunes
from tests.soak.products import Product
from tests.soak.report import Report
from tests.soak.samples import Break, Key
from tests.soak.stage import Stage
from tests.soak.storage import Storage
from tests.soak.truth import FINISHED, Fact, expected
from tests.soak.watch import Watch
from tests.support.process import PrometheusProcess, scrape_config

PATIENCE = 90.0
"""Seconds after which counting is given up on: what is missing then is missed."""

AFTERWARDS = 4.0
"""Seconds that are waited when all is counted, so that what is counted twice can be seen."""

NAMES = ("one", "two")


@dataclass(frozen=True, slots=True)
class Run:
    """What to run: `seconds` of life and faults, the `seed`, and kills between other fates."""

    product: Product
    seed: str
    seconds: float
    kills_between: int = 5

    @property
    def lateness(self) -> float:
        """How late a session may be shown, in seconds."""
        return min(30.0, self.seconds / 10)


class Soak:
    """Everybody on stage."""

    def __init__(self, run: Run, stage: Stage, watch: Watch, lives: list[Life]) -> None:
        self.stage, self.watch, self.lives = stage, watch, lives
        self.product = run.product
        self.chance = random.Random(f"{run.seed} fates")
        self.report = Report(run.seed)
        self.breaks: list[Break] = []
        self.pages: list[list[Fact]] = []
        self.misfortunes = [
            Misfortunes(life, stage.secret(life.name), self.report.faults) for life in lives
        ]
        self._run = run

    def note(self, kind: str) -> None:
        """Count something that was done to the exporter."""
        self.report.done[kind] += 1

    async def run(self) -> Report:
        """Live, suffer, settle, judge."""
        await self._set_out()
        began = time.monotonic()
        with suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                tasks = self._begin(group)
                await self._suffer(began + self._run.seconds)
                await self._settle()
                for task in tasks:
                    task.cancel()
        self.report.seconds = time.monotonic() - began
        await self._judge()
        await self.stage.end()
        return self.report

    async def _set_out(self) -> None:
        """The first start, until every job is seen at 0."""
        for misfortunes in self.misfortunes:
            misfortunes.write_secret()
        self.stage.configure(self.lives)
        await self.stage.start()
        await self._all_at_zero()

    def _begin(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        tasks = [task for life in self.lives for task in lead(life, group)]
        for one in self.misfortunes:
            tasks.append(group.create_task(one.gate.repeat(one.strike, one.chance, PAUSE)))
        self._open()
        return tasks

    def _open(self) -> None:
        for life, misfortunes in zip(self.lives, self.misfortunes, strict=True):
            life.gate.open()
            misfortunes.gate.open()

    async def _suffer(self, until: float) -> None:
        """One fate after another; the session that is days old ends on the way."""
        half = time.monotonic() + (until - time.monotonic()) * 0.6
        while time.monotonic() < until:
            for fate in plan(self._run.kills_between):
                await fate(self)
                if time.monotonic() > half:
                    for life in self.lives:
                        life.end_aged()
                if time.monotonic() > until:
                    return

    async def _settle(self) -> None:
        for life in self.lives:
            life.end_aged()
        await self.calm()
        await asyncio.sleep(AFTERWARDS)

    async def calm(self) -> None:
        """Bring life and misfortunes to a standstill and wait until all is counted."""
        for life in self.lives:
            await life.quiesce()
        for one in self.misfortunes:
            await one.calm()
        end = time.monotonic() + PATIENCE
        while not await self._all_counted():
            if time.monotonic() > end:
                self.stage.errors.append(f"not all was counted after {PATIENCE:.0f} s of calm")
                return
            await asyncio.sleep(0.5)
        await asyncio.sleep(2.0)  # a second line between what is over and what is to come

    async def _all_counted(self) -> bool:
        shown, gone = await self.watch.counted(), {i for life in self.lives for i in life.deleted}
        truth = expected((fact for life in self.lives for fact in life.facts()), self.product)
        wanted = {
            key: value
            for key, value in truth.items()
            if key.name == FINISHED and not gone & {value for _name, value in key.labels}
        }
        return all(shown.get(key) == value for key, value in wanted.items())

    async def begin_anew(self, damaged: float) -> None:
        """A new life of the ledger, once every counter was seen at 0 again."""
        self.pages.append([fact for life in self.lives for fact in life.turn_page()])
        await self._all_at_zero()
        self.breaks.append(Break(damaged, time.time()))
        self._open()

    async def _all_at_zero(self) -> None:
        end = time.monotonic() + PATIENCE
        while not _at_zero(await self.watch.counted()):
            if time.monotonic() > end:
                self.stage.errors.append("the counters of both servers were not seen at 0")
                return
            await asyncio.sleep(0.3)
        await asyncio.sleep(2.0)

    async def _judge(self) -> None:
        self.pages.append([fact for life in self.lives for fact in life.facts()])
        series = await self.watch.history(COUNTERS.pattern)
        truths = [expected(page, self.product) for page in self.pages]
        report = self.report
        report.findings = judge(series, truths, self.breaks)
        report.lives, report.errors = len(self.pages), self.stage.errors
        report.lived = sum((life.lived for life in self.lives), Counter())
        report.sessions = sum(map(len, self.pages))
        report.series, report.samples = len(series), sum(map(len, series.values()))
        if not self.stage.storage.separate:
            report.left_out = ("a full and a read-only disk: this user may not mount one",)


def _at_zero(counted: Mapping[Key, float]) -> bool:
    """Whether jobs of every server are shown, all of them at 0."""
    servers = {value for key in counted for name, value in key.labels if name == "server"}
    return servers == set(NAMES) and not any(counted.values())


@asynccontextmanager
async def staged(run: Run) -> AsyncIterator[Soak]:
    """Everybody on stage as long as the block lasts."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        storage = Storage(folder / "data")
        stack.callback(storage.close)
        stage = Stage(folder, storage, random.Random(f"{run.seed} stage"))
        scrapes = scrape_config(f"127.0.0.1:{stage.port}")
        prometheus = await stack.enter_async_context(PrometheusProcess(folder, scrapes))
        watch, lives = Watch(prometheus), []
        for place, name in enumerate(NAMES):
            # The same seed makes the same ids: a session is told apart by its server, too.
            server = await stack.enter_async_context(simulate(run.product.name, scripted=True))
            run.product.prepare(server, place)
            lives.append(Life(Cast(name, server, run.product, watch), run.seed, run.lateness))
        stack.push_async_callback(stage.end)
        yield Soak(run, stage, watch, lives)


async def soak(run: Run) -> Report:
    """Run it from beginning to end."""
    async with staged(run) as everybody:
        return await everybody.run()
