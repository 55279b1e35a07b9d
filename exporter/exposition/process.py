"""The client library's own metrics of this process and its Python."""

from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector


def process_registry() -> CollectorRegistry:
    """A registry of its own with `process_*` and `python_info`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class Collected(Collector):
    """Families that were collected before, as the library's encoders want them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        """The families as they were."""
        return self._families


def process_text(
    registry: Collector, *, openmetrics: bool, names: frozenset[str] | None = None
) -> bytes:
    """What a registry says now; `names` narrows it to families that have one of these names.

    The OpenMetrics text ends with `# EOF`.
    """
    families = (family for family in registry.collect() if names is None or _named(family, names))
    encode = generate_openmetrics if openmetrics else generate_latest
    return bytes(encode(Collected(families)))


def _named(family: Metric, names: frozenset[str]) -> bool:
    return family.name in names or any(sample.name in names for sample in family.samples)
