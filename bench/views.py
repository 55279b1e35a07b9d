"""Servers as they are published, with random figures; and the client library's objects."""

import random
import uuid
from collections.abc import Iterable, Mapping

from msgspec.structs import replace
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from exporter.metrics import VIEW_FAMILIES
from exporter.metrics.family import Shape
from exporter.model import Bottleneck, Result, ServerInfo, Statistics
from exporter.view import HistogramView, JobIdentity, JobNow, JobView, Run, ServerView, Totals

NOW = 1_780_000_000.0
SAYS = (
    Bottleneck.SOURCE,
    Bottleneck.TARGET,
    Bottleneck.NONE,
    Bottleneck.DETECTING,
    Bottleneck.UNKNOWN,
)
KINDS = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "histogram": HistogramMetricFamily,
}


def job(source: random.Random, server_name: str, number: int) -> JobView:
    """A job whose product reports everything; all its figures are new."""
    ended = NOW - source.uniform(0, 86400)
    figures = [source.uniform(1e3, 1e9) for _ in range(8)]
    statistics = Statistics(*figures, bottleneck=source.choice(SAYS))
    return JobView(
        job_id=str(uuid.UUID(int=random.Random(f"{server_name}/{number}").getrandbits(128))),
        job_name=f"Mailboxes of department {number}",
        session_type="Backup",
        first_seen=NOW - source.uniform(1e6, 1e7),
        totals=Totals(
            finished={result: source.randrange(10**4) for result in Result},
            duration_seconds=source.uniform(1e5, 1e8),
            transferred_bytes=source.uniform(1e12, 1e14),
            processed_items=float(source.randrange(10**9)),
            retries=float(source.randrange(10**4)),
            bottlenecks={bottleneck: source.randrange(10**4) for bottleneck in SAYS},
        ),
        last_success=ended,
        last_result_ends={result: NOW - source.uniform(0, 1e6) for result in Result},
        consecutive_failures=source.randrange(5),
        objective_max_age=93600.0,
        last=Run("s", ended, Result.SUCCESS, ended - 60, source.uniform(60, 7200), statistics),
        now=JobNow(),
        bottlenecks=SAYS,
    )


def identity(view: JobView) -> JobIdentity:
    """What is known of a job apart from its runs."""
    return JobIdentity(
        view.job_id,
        view.job_name,
        "contoso.example",
        "",
        "Repository 1",
        "SelectedItems",
        True,
        NOW,
    )


def server(jobs: int, seed: int = 1, name: str = "m365-prod") -> ServerView:
    """A server with so many jobs, each of them with about 45 series."""
    source = random.Random(seed)
    views = tuple(job(source, name, number) for number in range(jobs))
    return ServerView(
        name=name,
        product="vb365",
        generation=seed,
        up=True,
        info=ServerInfo("8.1.0.305", "v8"),
        last_poll=NOW + seed,
        last_successful_poll=NOW + seed,
        poll_duration=source.random(),
        polls=seed,
        endpoints={"sessions": True, "jobs": True, "copy_jobs": True},
        requests={"200": 4 * seed},
        logons=1,
        identities=tuple(map(identity, views)),
        jobs=views,
    )


def next_poll(view: ServerView, changed: int, seed: int) -> ServerView:
    """The server after another poll in which so many of its jobs have changed."""
    source = random.Random(seed)
    jobs = list(view.jobs)
    for number in source.sample(range(len(jobs)), changed):
        jobs[number] = job(source, view.name, number)
    fresh = server(0, seed, view.name)
    return replace(fresh, jobs=tuple(jobs), identities=view.identities)


def series(page: bytes) -> int:
    """How many samples a page has."""
    return page.count(b"\n") - page.count(b"\n#") - page.startswith(b"#")


def servers(total_series: int, jobs: int = 50) -> tuple[ServerView, ...]:
    """Servers that have about so many series together."""
    count = round(total_series / (45 * jobs + 60))
    return tuple(server(jobs, seed, f"m365-{seed:04d}") for seed in range(1, count + 1))


class Collected(Collector):
    """The same families by the client library: a collector that makes its objects when asked."""

    def __init__(self, views: Iterable[ServerView]) -> None:
        self._views = tuple(views)

    def collect(self) -> Iterable[Metric]:
        """The objects of the views."""
        return metrics(self._views)


def metrics(views: Iterable[ServerView]) -> Iterable[Metric]:
    """The library's objects for some servers, made from the same table of families."""
    shown = tuple(views)
    for family in VIEW_FAMILIES:
        metric = KINDS[family.kind](family.name, family.help, labels=family.labels)
        for view in shown:
            for labels, subject in family.subject.of(view):
                _add(metric, family.shape, labels, family.value(subject))
        if metric.samples:
            yield metric


def _add(metric: Metric, shape: Shape, labels: tuple[str, ...], value: object) -> None:
    if shape is Shape.TEXT and isinstance(value, tuple):
        metric.add_metric((*labels, *value), 1)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            _add_one(metric, (*labels, str(key)), one)
    elif value is not None:
        _add_one(metric, labels, value)


def _add_one(metric: Metric, labels: tuple[str, ...], value: object) -> None:
    if isinstance(value, HistogramView):
        bounds = (*map(str, value.bounds), "+Inf")
        metric.add_metric(labels, [*zip(bounds, value.counts, strict=True)], value.sum)
    else:
        metric.add_metric(labels, value)
