"""The Prometheus client library as the judge of our pages.

Builds the library's own metric objects out of the same table and views, so that its encoders can
say what the page should have been. Slow and plain on purpose: it shares no rendering code.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from exporter.exposition.text import clean
from exporter.metrics import FAMILIES
from exporter.metrics.exporter import EXPORTER_FAMILIES
from exporter.metrics.family import AnyFamily, Shape
from exporter.view import ExporterView, HistogramView, ServerView

KINDS = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "histogram": HistogramMetricFamily,
}


class Collected(Collector):
    """Families that were collected before, for encoders that want to be timed alone."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        """The families as they were."""
        return self._families


class Oracle(Collector):
    """Every family with samples, in the order of the table; servers by name."""

    def __init__(self, servers: Iterable[ServerView], exporter: ExporterView | None = None) -> None:
        self._servers = sorted(servers, key=lambda view: view.name)
        self._exporter = exporter

    def collect(self) -> Iterable[Metric]:
        """The library's objects."""
        for family in FAMILIES:
            metric = KINDS[family.kind](
                family.name, family.help, labels=family.labels, unit=unit_of(family.name)
            )
            self._fill(metric, family)
            if metric.samples:
                yield metric

    def _fill(self, metric: Metric, family: AnyFamily) -> None:
        own = family in EXPORTER_FAMILIES
        views = [self._exporter] if own and self._exporter else () if own else self._servers
        for view in views:
            seen = set()
            for values, subject in family.subject.of(view):
                labels = tuple(map(clean, values))
                if labels not in seen:
                    seen.add(labels)
                    add(metric, family, labels, family.value(subject))


def unit_of(name: str) -> str:
    """The unit that a developer would pass to the library for this name."""
    last = name.removesuffix("_total").rsplit("_", 1)[-1]
    return last if last in ("seconds", "bytes", "ratio") else ""


def add(metric: Metric, family: AnyFamily, labels: tuple[str, ...], value: object) -> None:
    """Put one subject's samples into the metric."""
    if value is None:
        return
    if family.shape is Shape.TEXT:
        assert isinstance(value, tuple)
        metric.add_metric((*labels, *map(clean, value)), 1)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            add_one(metric, (*labels, clean(key)), one)
    else:
        add_one(metric, labels, value)


def add_one(metric: Metric, labels: tuple[str, ...], value: object) -> None:
    """Put one number or one histogram into the metric."""
    if isinstance(value, HistogramView):
        bounds = (*map(floatToGoString, value.bounds), "+Inf")
        metric.add_metric(labels, [*zip(bounds, value.counts, strict=True)], value.sum)
    else:
        metric.add_metric(labels, value)


def expected_text(servers: Iterable[ServerView], exporter: ExporterView | None = None) -> bytes:
    """The page by the library, text format."""
    return generate_latest(Oracle(servers, exporter))


def expected_openmetrics(
    servers: Iterable[ServerView], exporter: ExporterView | None = None
) -> bytes:
    """The page by the library, OpenMetrics."""
    return bytes(generate_openmetrics(Oracle(servers, exporter)))
