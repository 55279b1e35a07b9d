"""How many series a job costs, counted on views that report everything or next to nothing."""

from collections.abc import Mapping

from exporter.metrics.family import AnyFamily, ListedJob
from exporter.metrics.job import JOB_FAMILIES
from exporter.metrics.listed_job import LISTED_JOB_FAMILIES
from exporter.model import Bottleneck, Result, Statistics
from exporter.view import DURATION_BUCKETS, JobIdentity, JobNow, JobView, Run, Totals

SERIES_OF_A_HISTOGRAM = len(DURATION_BUCKETS) + 3
"""Each bound, +Inf, count and sum."""


def series_of_listed_job() -> int:
    """What a job costs once, whatever its session types, where everything is known of it."""
    identity = JobIdentity("id", "name", enabled=True, next_run=1.0)
    return _count(LISTED_JOB_FAMILIES, ListedJob("product", identity))


def series_of_plain_job() -> int:
    """What each session type costs where only results and times are reported and nothing runs."""
    return _count(JOB_FAMILIES, _job(Statistics(), Totals(finished={}), JobNow(), ()))


def series_of_busy_job(bottlenecks: tuple[Bottleneck, ...]) -> int:
    """What each session type costs at most, with an objective and a session at work."""
    measured = {field: 1.0 for field in Statistics.__struct_fields__ if field != "bottleneck"}
    statistics = Statistics(**measured, bottleneck=bottlenecks[0] if bottlenecks else None)
    totals = Totals(
        finished={},
        transferred_bytes=1.0,
        processed_items=1.0,
        retries=1.0,
        bottlenecks={} if bottlenecks else None,
    )
    now = JobNow(running=1, oldest_start=1.0, oldest=statistics)
    return _count(JOB_FAMILIES, _job(statistics, totals, now, bottlenecks, 1.0))


def _job(
    statistics: Statistics,
    totals: Totals,
    now: JobNow,
    bottlenecks: tuple[Bottleneck, ...],
    objective: float | None = None,
) -> JobView:
    last = Run("id", 1.0, Result.SUCCESS, started=0.0, duration=1.0, statistics=statistics)
    return JobView(
        job_id="id",
        job_name="name",
        session_type="type",
        first_seen=1.0,
        totals=totals,
        last_success=1.0,
        last_result_ends={},
        consecutive_failures=0,
        objective_max_age=objective,
        last=last,
        now=now,
        bottlenecks=bottlenecks,
    )


def _count(families: tuple[AnyFamily, ...], subject: object) -> int:
    values = [family.value(subject) for family in families]
    return sum(len(value) if isinstance(value, Mapping) else value is not None for value in values)
