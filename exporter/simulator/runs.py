"""What happens in a simulated world: jobs, and runs of jobs.

Values without a product: a product's routes decide how a run looks on the wire. Times are seconds
since the epoch by the world's true clock; a shifted server clock is applied when a run is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.simulator.profile import TURNING_POINT, JobTemplate, Words

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run moved and how fast: bytes, items, objects, per second; None is not reported."""

    transferred_bytes: int | None = 0
    processed_items: int | None = 0
    processed_objects: int | None = 0
    processing_bytes_per_second: int | None = 0
    processing_items_per_second: int | None = 0
    read_bytes_per_second: int | None = 0
    write_bytes_per_second: int | None = 0
    bottleneck: str = "NA"

    def after(self, fraction: float, bottleneck: str) -> "Figures":
        """The figures while `fraction` (0 to 1) of the run is done."""
        return replace(
            self,
            transferred_bytes=_share(self.transferred_bytes, fraction),
            processed_items=_share(self.processed_items, fraction),
            processed_objects=_share(self.processed_objects, fraction),
            bottleneck=bottleneck,
        )


NOTHING_MOVED = Figures()
SMALL_RUN = Figures(64 * 2**20, 120, 4, 2**20, 2, 3 * 2**20, 2**20, "Source")
"""What a scripted run moved when the script does not say."""


@dataclass(frozen=True, slots=True)
class Run:
    """One session as it truly is: when it was created, at work, over, and how it ended.

    `status` is the product's own word for the end. Without one a run that is over is a success; a
    run that never ends (`ended` None) shows its `status` all the time, or that it is at work.
    `visible_from` delays its appearance in lists. `raw` replaces fields of the rendered row.
    """

    id: str
    job_id: str
    kind: str
    created: float
    started: float
    ended: float | None
    status: str | None
    figures: Figures = NOTHING_MOVED
    retry: int = 0
    main_id: str = ""
    will_retry: bool = False
    full: bool = False
    message: str = ""
    organization: str = ""
    repository: str = ""
    visible_from: float = 0.0
    raw: Mapping[str, object] = field(default_factory=dict)

    def status_at(self, now: float, words: Words) -> str:
        """The product's word for where the run stands at `now`."""
        if self.ended is None:
            return self.status or (words.queued if now < self.started else words.running)
        if now < self.started:
            return words.queued
        if now < self.ended:
            late = self.fraction_at(now) >= TURNING_POINT
            return words.foreboding.get(self.status or "", words.running) if late else words.running
        return self.status or words.success

    def finished_at(self, now: float, words: Words) -> bool:
        """Whether the product says at `now` that the run is over."""
        if self.ended is not None:
            return now >= self.ended
        return self.status is not None and self.status not in words.open

    def turns(self, words: Words) -> tuple[float, ...]:
        """The moments at which it shows another word or figure than before."""
        if self.ended is None:
            return (self.created, self.started)
        if self.status not in words.foreboding:
            return (self.created, self.started, self.ended)
        turn = self.started + TURNING_POINT * (self.ended - self.started)
        return (self.created, self.started, turn, self.ended)

    def fraction_at(self, now: float) -> float:
        """How much of the run is done at `now`, 0 to 1; 0 for a run without a planned end."""
        if self.ended is None or now <= self.started:
            return 0.0
        return min(1.0, (now - self.started) / max(self.ended - self.started, 1e-6))

    def figures_at(self, now: float, words: Words) -> Figures:
        """The figures at `now`: growing while the run is at work."""
        if self.ended is None or now >= self.ended:
            return self.figures
        fraction = self.fraction_at(now)
        early = fraction < words.detecting_until
        return self.figures.after(fraction, words.detecting if early else self.figures.bottleneck)


@dataclass(slots=True, eq=False)
class Job:
    """What runs again and again. `template` is None for a job whose runs a script writes.

    `pauses` are the times (from, to) in which its schedule starts nothing. `owner_id` is the job
    that its runs name: itself, the listed job that it is a part of, or none (restores).
    """

    id: str
    index: int
    name: str
    kind: str
    organization: str
    repository: str
    template: JobTemplate | None = None
    owner_id: str = ""
    source_id: str = ""
    next_run: float | None = None
    pauses: list[tuple[float, float]] = field(default_factory=list)
    deleted: bool = False

    @property
    def listed(self) -> bool:
        """Whether the product's list of jobs may show it."""
        return not self.deleted and (self.template is None or self.template.listed)

    @property
    def enabled(self) -> bool:
        """Whether the schedule is on now."""
        return not any(until == FOREVER for _start, until in self.pauses)

    def paused(self, moment: float) -> bool:
        """Whether the schedule was off at `moment`."""
        return any(start <= moment < until for start, until in self.pauses)


def _share(total: int | None, fraction: float) -> int | None:
    return None if total is None else int(total * fraction)
