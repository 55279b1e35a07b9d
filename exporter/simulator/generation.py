"""Believable runs as a pure function of seed, job and occurrence number.

Nothing is remembered between calls: every random choice is a hash of what it is about, so a run
can be computed without computing those before it, and the same seed gives the same world again.
"""

import hashlib
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from exporter.simulator.profile import DAY, HOUR, MINUTE, JobTemplate, Profile
from exporter.simulator.runs import Figures, Job, Run

LONGEST_RUN = 10 * HOUR
LONGEST_QUEUE = 10 * MINUTE
RETRY_WAIT = 10 * MINUTE
FULL_EVERY = 28
WEEKEND_SHARE = 0.35
CALM = (("failed", 0.015), ("warning", 0.075), ("canceled", 0.004))
JOB_TROUBLE = (("failed", 0.70), ("warning", 0.20), ("canceled", 0.01))
ORGANIZATION_TROUBLE = (("failed", 0.35), ("warning", 0.45), ("canceled", 0.01))
_UNIFORMS = struct.Struct(">16I")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which world: the product's profile, the seed, and how many times faster it lives."""

    profile: Profile
    seed: int
    speed: float


def uniforms(seed: int, *about: object) -> list[float]:
    """Sixteen numbers in [0, 1) that depend on the seed and on what they are about only."""
    key = f"{seed}|{'|'.join(map(str, about))}".encode()
    return [word / 2**32 for word in _UNIFORMS.unpack(hashlib.blake2b(key).digest())]


def identifier(seed: int, *about: object) -> str:
    """A version 4 UUID that depends on the seed and on what it is about only."""
    key = f"{seed}|{'|'.join(map(str, about))}".encode()
    digits = hashlib.blake2b(key, digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def session_id(profile: Profile, seed: int, *about: object) -> str:
    """The id of a session in the form that the product uses."""
    made = identifier(seed, *about)
    return str(int(made[:13].replace("-", ""), 16)) if profile.numeric_ids else made


def scheduled_at(template: JobTemplate, number: int, speed: float) -> float:
    """When the occurrence is due, seconds since the epoch."""
    return (number * template.period + template.phase) / speed


def number_at(template: JobTemplate, moment: float, speed: float) -> int:
    """The newest occurrence that is due at `moment`."""
    return math.floor((moment * speed - template.phase) / template.period)


def occurrence(scenario: Scenario, job: Job, number: int) -> tuple[Run, ...]:
    """The run of one scheduled moment and the retries that followed it, oldest first."""
    template = job.template
    if template is None:
        return ()
    due = scheduled_at(template, number, scenario.speed)
    if job.paused(due) or uniforms(scenario.seed, job.index, number)[0] >= template.chance:
        return ()
    runs: list[Run] = []
    created = 1 + 3 * uniforms(scenario.seed, "late", job.index, number)[0]
    while len(runs) < scenario.profile.attempts:
        plan = _plan(scenario, job, number, len(runs), created)
        if runs and not plan.worth_a_try:
            runs[-1] = replace(runs[-1], will_retry=False)
            break
        runs.append(plan.run(due, runs))
        if not runs[-1].will_retry:
            break
        created = plan.ended + RETRY_WAIT
    return tuple(runs)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One attempt in story seconds since its occurrence was due."""

    scenario: Scenario
    job: Job
    number: int
    attempt: int
    created: float
    queued: float
    duration: float
    rate: float
    outcome: str
    choice: list[float]
    worth_a_try: bool

    @property
    def ended(self) -> float:
        return self.created + self.queued + self.duration

    def run(self, due: float, earlier: list[Run]) -> Run:
        """The attempt as a run of the faster world, with microseconds."""
        scenario, job = self.scenario, self.job
        speed, profile = scenario.speed, scenario.profile
        fixed = job.template.status if job.template else ""
        about = ("run", job.index, self.number, self.attempt)
        return Run(
            id=session_id(profile, scenario.seed, *about),
            job_id=job.owner_id,
            kind=job.kind,
            created=round(due + self.created / speed, 6),
            started=round(due + (self.created + self.queued) / speed, 6),
            ended=None if fixed else round(due + self.ended / speed, 6),
            status=fixed or profile.words.outcome(self.outcome),
            figures=self._figures(),
            retry=self.attempt,
            main_id=earlier[0].id if earlier else "",
            will_retry=self.outcome == "failed"
            and bool(job.owner_id)
            and self.attempt + 1 < profile.attempts,
            full=self.number % FULL_EVERY == 0,
            message=self._message(),
            organization=job.organization,
            repository=job.repository,
        )

    def _figures(self) -> Figures:
        template, profile = self.job.template, self.scenario.profile
        assert template is not None
        moved = self.rate * self.duration / self.scenario.speed
        items = moved / template.item_size
        seconds = self.duration / self.scenario.speed
        portion = {"failed": 0.3, "canceled": 0.5}.get(self.outcome, 0.8 + 0.2 * self.choice[12])
        return Figures(
            transferred_bytes=int(moved),
            processed_items=int(items),
            processed_objects=int(template.objects * portion),
            processing_bytes_per_second=int(self.rate),
            processing_items_per_second=int(items / seconds),
            read_bytes_per_second=int(self.rate * (1.1 + self.choice[10])),
            write_bytes_per_second=int(self.rate * (0.4 + 0.5 * self.choice[11])),
            bottleneck=_weighted(profile.words.bottlenecks, self.choice[9]),
        )

    def _message(self) -> str:
        messages = self.scenario.profile.messages.get(self.outcome, ())
        return messages[int(self.choice[13] * len(messages))] if messages else ""


def _plan(scenario: Scenario, job: Job, number: int, attempt: int, created: float) -> _Plan:
    template = job.template
    assert template is not None
    choice = uniforms(scenario.seed, job.index, number, attempt)
    story = number * template.period + template.phase
    outcome = _outcome(_odds(scenario, job, story), choice[0])
    rate = template.rate * math.exp(1.2 * (choice[4] + choice[5] - 1))
    work = _size(template, number, story, choice) / rate
    overhead = (10 + 50 * choice[6]) * min(1.0, template.period / HOUR)
    queued = LONGEST_QUEUE * choice[7] if choice[8] < 0.1 else 0.0
    queued = min(queued, 0.05 * template.period)
    share = {"failed": 0.02 + 0.6 * choice[7], "canceled": choice[7]}.get(outcome, 1.0)
    room = 0.95 * template.period - created - queued
    duration = max(0.5, min((overhead + work) * share, LONGEST_RUN, room))
    return _Plan(
        scenario=scenario,
        job=job,
        number=number,
        attempt=attempt,
        created=created,
        queued=queued,
        duration=duration,
        rate=rate * work / (overhead + work),
        outcome=outcome,
        choice=choice,
        worth_a_try=room > 0.05 * template.period and created + queued < LONGEST_RUN,
    )


def _size(template: JobTemplate, number: int, story: float, choice: list[float]) -> float:
    """Bytes to move: more on working days, much more for a full run, never the same twice."""
    weekday = (int(story // DAY) + 3) % 7
    size = template.size * math.exp(1.4 * (choice[1] + choice[2] + choice[3] - 1.5))
    size *= WEEKEND_SHARE if weekday >= 5 else 1.0
    return size * (4.0 if number % FULL_EVERY == 0 else 1.0)


def _odds(scenario: Scenario, job: Job, story: float) -> tuple[tuple[str, float], ...]:
    """Failures cluster: a job, or a whole organization, is in trouble for a while."""
    if _in_trouble(scenario.seed, f"job {job.index}", story // (1.5 * DAY), 0.06):
        return JOB_TROUBLE
    if _in_trouble(scenario.seed, job.organization, story // (0.5 * DAY), 0.03):
        return ORGANIZATION_TROUBLE
    return CALM


@lru_cache(maxsize=4096)
def _in_trouble(seed: int, who: str, slot: float, probability: float) -> bool:
    return uniforms(seed, "trouble", who, slot)[0] < probability


def _outcome(odds: tuple[tuple[str, float], ...], choice: float) -> str:
    for outcome, probability in odds:
        if choice < probability:
            return outcome
        choice -= probability
    return "success"


def _weighted(weights: Mapping[str, float], choice: float) -> str:
    word = ""
    for word, weight in weights.items():  # noqa: B007 - the last word takes what is left
        if choice < weight:
            break
        choice -= weight
    return word
