"""One run: simulated servers with a life, the exporter, Prometheus; faults; and the verdict."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from itertools import product as product_of
from pathlib import Path

from exporter.simulator import simulate
from tests.soak.fates import Fate, plan
from tests.soak.habits import LIVED, lead
from tests.soak.judge import COUNTERS, judge
from tests.soak.life import Cast, Life
from tests.soak.misfortunes import PAUSE, Misfortunes
from tests.soak.products import SERVERS_EACH, Product
from tests.soak.report import Part, Report
from tests.soak.samples import Break, Key
from tests.soak.stage import Stage
from tests.soak.storage import Storage
from tests.soak.truth import FINISHED, expected
from tests.soak.watch import Watch
from tests.support.process import PrometheusProcess, scrape_config

PATIENCE = 90.0
"""Seconds after which counting is given up on: what is missing then is missed. Longer than logons
pause when a password was refused."""

AFTERWARDS = 2.0
"""Seconds after the calm, which has some of its own: what is counted twice can be seen then."""


@dataclass(frozen=True, slots=True)
class Run:
    """What to run: servers of the `products` in one exporter, the `seed`, and its `fates`.

    Fates come in their order, again and again, as long as there are `seconds` left; the first
    `at_least` of them come in any case.
    """

    products: Sequence[Product]
    seed: str
    seconds: float
    fates: Sequence[Fate] = field(default_factory=plan)
    at_least: int = 1

    @property
    def lateness(self) -> float:
        """How late a session may be shown, in seconds."""
        return min(30.0, self.seconds / 10)


class Soak:
    """Everybody on stage."""

    def __init__(self, run: Run, stage: Stage, watch: Watch, lives: list[Life]) -> None:
        self.stage, self.watch, self.lives = stage, watch, lives
        self.chance = random.Random(f"{run.seed} fates")
        self.report = Report(run.seed)
        self.breaks: list[Break] = []
        self.truths: list[dict[Key, float]] = []
        self.misfortunes = [
            Misfortunes(life, stage.secret(life.name), self._part(life).faults) for life in lives
        ]
        self._run = run

    def _part(self, life: Life) -> Part:
        return self.report.parts[life.product.name]

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
        for number, fate in enumerate(cycle(self._run.fates), start=1):
            await fate(self)
            if time.monotonic() > half:
                for life in self.lives:
                    life.end_aged()
            if time.monotonic() > until and number >= self._run.at_least:
                return

    async def _settle(self) -> None:
        for life in self.lives:
            life.end_aged()
        await self._live_out()
        await self.calm()
        await asyncio.sleep(AFTERWARDS)

    async def _live_out(self) -> None:
        """Life goes on without misfortunes until every server has lived through everything."""
        for one in self.misfortunes:
            await one.calm()
        end = time.monotonic() + PATIENCE
        while missing := {what for life in self.lives for what in LIVED - life.lived.keys()}:
            if time.monotonic() > end:
                self.stage.errors.append(f"not lived within {PATIENCE:.0f} s: {sorted(missing)}")
                return
            await asyncio.sleep(0.2)

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
        wanted = {
            key: value
            for key, value in self._truth().items()
            if key.name == FINISHED and not gone & {value for _name, value in key.labels}
        }
        return all(shown.get(key) == value for key, value in wanted.items())

    def _truth(self) -> dict[Key, float]:
        """What must have been counted in this life of the ledger."""
        truth: dict[Key, float] = {}
        for life in self.lives:
            truth |= expected(life.facts(), life.product)
        return truth

    def _write_down(self) -> None:
        """What has happened in this life of the ledger is over."""
        self.truths.append(self._truth())
        for life in self.lives:
            self._part(life).sessions += len(life.facts())
            life.turn_page()

    async def begin_anew(self, damaged: float) -> None:
        """A new life of the ledger, once every counter was seen at 0 again."""
        self._write_down()
        await self._all_at_zero()
        await asyncio.sleep(2.0)
        self.breaks.append(Break(damaged, time.time()))
        self._open()

    async def _all_at_zero(self) -> None:
        end = time.monotonic() + PATIENCE
        names = {life.name for life in self.lives}
        while not _at_zero(await self.watch.counted(), names):
            if time.monotonic() > end:
                self.stage.errors.append("the counters of all servers were not seen at 0")
                return
            await asyncio.sleep(0.3)

    async def _judge(self) -> None:
        self._write_down()
        series = await self.watch.history(COUNTERS.pattern)
        report = self.report
        report.findings = judge(series, self.truths, self.breaks)
        report.lives, report.errors = len(self.truths), self.stage.errors
        for life in self.lives:
            self._part(life).lived += life.lived
        report.series, report.samples = len(series), sum(map(len, series.values()))
        if not self.stage.storage.separate:
            report.left_out = ("a full and a read-only disk: this user may not mount one",)


def _at_zero(counted: Mapping[Key, float], names: set[str]) -> bool:
    """Whether jobs of every server are shown, all of them at 0."""
    servers = {value for key in counted for name, value in key.labels if name == "server"}
    return servers == names and not any(counted.values())


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
        for product, place in product_of(run.products, range(SERVERS_EACH)):
            # The same seed makes the same ids: a session is told apart by its server, too.
            server = await stack.enter_async_context(simulate(product.name, scripted=True))
            product.prepare(server, place)
            cast = Cast(f"{product.name}-{place + 1}", server, product, watch)
            lives.append(Life(cast, run.seed, run.lateness))
        stack.push_async_callback(stage.end)
        yield Soak(run, stage, watch, lives)


async def soak(run: Run) -> Report:
    """Run it from beginning to end."""
    async with staged(run) as everybody:
        return await everybody.run()
