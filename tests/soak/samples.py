"""What Prometheus has stored, as raw samples by series; and series cut where a ledger was lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

NO_IDENTITY = frozenset({"__name__", "job", "instance", "job_name"})
"""Labels that do not tell series apart here: a renamed job goes on under its new name."""


class Key(NamedTuple):
    """One series, whatever its job is called."""

    name: str
    labels: frozenset[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.name}{{{', '.join(f'{n}={v!r}' for n, v in sorted(self.labels))}}}"


def key(name: str, **labels: str) -> Key:
    """The key of a series."""
    return Key(name, frozenset(labels.items()))


class Point(NamedTuple):
    """A sample: when it was scraped, and its value."""

    at: float
    value: float


class Break(NamedTuple):
    """A ledger was damaged at `at`; at `settled` every counter had been seen at 0 again.

    Nothing finished in between.
    """

    at: float
    settled: float


Series = Mapping[Key, Sequence[Point]]


def series_of(rows: Iterable[Mapping[str, Any]]) -> dict[Key, list[Point]]:
    """The series of a vector or matrix as Prometheus' API gives it."""
    found: dict[Key, list[Point]] = defaultdict(list)
    for row in rows:
        metric = row["metric"]
        labels = {name: value for name, value in metric.items() if name not in NO_IDENTITY}
        values = row["values"] if "values" in row else [row["value"]]
        points = (Point(float(at), float(value)) for at, value in values)
        found[key(metric["__name__"], **labels)].extend(points)
    return {one: sorted(points) for one, points in found.items()}


def split(points: Sequence[Point], breaks: Iterable[Break]) -> list[list[Point]]:
    """The points of each life of the ledger; between `at` and `settled` a counter falls once.

    One that is not shown again in between falls when it comes back: it ends before. Of one that
    stood at 0 and does not fall, the last point in between belongs to both lives.
    """
    parts, rest = [], list(points)
    for gap in breaks:
        old = [point for point in rest if point.at <= gap.at]
        during = [point for point in rest if gap.at < point.at <= gap.settled]
        after = [point for point in rest if point.at > gap.settled]
        fall = _first_fall([*old[-1:], *during]) - bool(old)
        parts.append(old + during[:fall])
        zero = [point for point in during[-1:] if not point.value]
        rest = (during[fall:] or zero) + after
    return [*parts, rest]


def _first_fall(points: Sequence[Point]) -> int:
    """The place of the first point that is lower than the one before; the length if none is."""
    for place in range(1, len(points)):
        if points[place].value < points[place - 1].value:
            return place
    return len(points)
