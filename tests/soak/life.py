"""The life of one simulated server: what happens there, and the truth about it."""

import random
from collections import Counter
from dataclasses import dataclass

from exporter.simulator import Figures, SimulatedServer
from exporter.simulator.runs import Job, Run
from tests.soak.gate import Gate
from tests.soak.products import Product, result_of
from tests.soak.truth import Fact
from tests.soak.watch import Watch

DAYS = 3 * 86400.0 + 4711.0
"""How long the aged session has been running when everything begins, in seconds."""

SOON = 2.5
"""So many seconds after the beginning a session that ended before is shown at last."""

STEADY_JOBS = 5
OUTCOMES = (*["success"] * 6, "warning", "warning", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is on stage: the server under its configured name, its product, and who watches."""

    name: str
    server: SimulatedServer
    product: Product
    watch: Watch


class Life:
    """Jobs and sessions of one server. `lateness` is how late lists show some of them, at most."""

    def __init__(self, cast: Cast, seed: str, lateness: float) -> None:
        self.name, self.server, self.product = cast.name, cast.server, cast.product
        self.world, self.watch, self.lateness = cast.server.world, cast.watch, lateness
        self.gate = Gate()
        self.seed = seed
        self.chance = random.Random(f"{seed} life of {cast.name}")
        self.lived: Counter[str] = Counter()
        self.deleted: set[str] = set()
        self.revised: dict[str, str] = {}
        self._vanished: list[Fact] = []
        self._told: set[str] = set()
        self._ahead: list[str] = []
        self.jobs = self._first_jobs()
        self.chameleon = self.world.add_job("Chameleon")
        self.aged = self._begin_aged()

    def _first_jobs(self) -> list[Job]:
        kinds = self.product.kinds
        return [
            self.world.add_job(f"Steady {number}", kind=kinds[number % len(kinds)])
            for number in range(STEADY_JOBS)
        ]

    def _begin_aged(self) -> Run:
        """A session that has been running for days; and history that must never be counted."""
        now = self.world.now()
        for hours in range(1, 40):
            start = now - 3600.0 * hours
            self.finish(self.jobs[hours % STEADY_JOBS], start, start + 600.0)
        hidden = self.finish(self.jobs[0], now - 60.0, now - 30.0)
        self.world.change_session(hidden.id, visible_from=now + SOON)
        self._told = {run.id for run in self.world.finished(everything=True)}
        return self.world.add_session(self.jobs[0], now - DAYS, figures=self.figures())

    def figures(self) -> Figures:
        """Random figures of a session."""
        chance = self.chance
        bottlenecks = tuple(self.product.bottlenecks) or ("",)
        return Figures(
            transferred_bytes=chance.randrange(2**33),
            processed_items=chance.randrange(5000),
            processed_objects=chance.randrange(50),
            bottleneck=chance.choice(bottlenecks),
        )

    def word(self, outcome: str = "") -> str:
        """The product's word for an outcome, or for a random one."""
        return self.world.words.outcome(outcome or self.chance.choice(OUTCOMES))

    def finish(
        self, job: Job, started: float, ended: float, outcome: str = "", queued_for: float = 0.0
    ) -> Run:
        """A session with its end, which may lie ahead, and random figures."""
        run = self.world.add_session(
            job,
            started=round(started, 3),
            ended=round(ended, 3),
            queued_for=round(queued_for, 3),
            status=self.word(outcome),
            figures=self.figures(),
            retry=self.chance.choice((0, 0, 0, 1, 2)),
        )
        self._ahead.append(run.id)
        return run

    def vanish(self, run: Run) -> None:
        """Delete a session that runs: nobody can tell any more how it ended."""
        self.world.delete_session(run.id)
        self.lived["session vanished while running"] += 1
        self._vanished.append(Fact(run.id, self.name, run.job_id, run.kind, "unknown"))

    async def quiesce(self) -> None:
        """Stop the life: what runs ends now, what is late is shown; only the aged one goes on."""
        await self.gate.close()
        now = self.world.now()
        for run in filter(None, map(self.world.find, self._ahead)):
            if max(run.ended or now, run.visible_from) > now:
                started, ended = min(run.started, now), min(run.ended or now, now)
                self.world.change_session(run.id, started=started, ended=ended, visible_from=0.0)
        self._ahead.clear()

    def end_aged(self) -> None:
        """The session of many days comes to its end, once."""
        if self.aged.ended is None:
            self.lived["session ended after days"] += 1
            now = self.world.now()
            self.aged = self.world.change_session(self.aged.id, ended=now, status=self.word())

    def facts(self) -> list[Fact]:
        """What has finished since the page was turned last."""
        runs = (run for run in self.world.finished(everything=True) if run.id not in self._told)
        return [*(self._fact(run) for run in runs), *self._vanished]

    def turn_page(self) -> None:
        """A new page begins: what has finished belongs to the ledger that is lost."""
        self._told.update(fact.id for fact in self.facts())
        self._vanished = []

    def _fact(self, run: Run) -> Fact:
        assert run.ended is not None
        words = self.world.words
        result = self.revised.get(run.id) or result_of(run, words)
        start = run.created if self.world.profile.starts_at_creation else run.started
        return Fact(
            run.id,
            self.name,
            run.job_id,
            run.kind,
            result,
            run.ended - start,
            run.figures,
            run.retry,
        )
