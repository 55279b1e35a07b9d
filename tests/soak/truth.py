"""What must have been counted: facts about finished sessions, and the counters that follow."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from exporter.simulator.runs import Figures
from tests.soak.products import Product
from tests.soak.samples import Key, key

FINISHED = "backup_job_sessions_finished_total"
DURATION = "backup_job_session_duration_seconds_total"
SUM = "backup_job_session_{}_total"
BOTTLENECK = "backup_job_session_bottleneck_total"
HISTOGRAM = "backup_session_duration_seconds_count"


class Fact(NamedTuple):
    """One finished session as it must be counted; `figures` and `duration` None are not told."""

    id: str
    server: str
    job_id: str
    session_type: str
    result: str
    duration: float | None = None
    figures: Figures | None = None
    retries: int = 0


def expected(facts: Iterable[Fact], product: Product) -> dict[Key, float]:
    """The value of every counter that these sessions have moved."""
    values: dict[Key, float] = defaultdict(float)
    for fact in facts:
        job = {
            "server": fact.server,
            "job_id": fact.job_id,
            "session_type": fact.session_type,
        }
        values[key(FINISHED, **job, result=fact.result)] += 1
        if fact.duration is not None:
            values[key(DURATION, **job)] += fact.duration
            type_only = {name: job[name] for name in ("server", "session_type")}
            values[key(HISTOGRAM, **type_only)] += 1
        for name, value in _figures(fact, product):
            if name in product.reports:
                values[key(SUM.format(name), **job)] += value
        if fact.figures is not None and product.bottlenecks:
            word = product.bottlenecks[fact.figures.bottleneck]
            values[key(BOTTLENECK, **job, bottleneck=word)] += 1
    return dict(values)


def _figures(fact: Fact, product: Product) -> Iterable[tuple[str, float]]:
    if fact.figures is None:
        return
    yield "transferred_bytes", fact.figures.transferred_bytes or 0
    yield "processed_items", fact.figures.processed_items or 0
    yield "retries", min(fact.retries, product.most_retries)
