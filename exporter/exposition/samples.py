"""One subject's sample lines for every family that speaks of it.

The lines are the same in every text format; only the headers above them differ.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from exporter.exposition.labels import Labels, escaped
from exporter.exposition.text import format_float
from exporter.metrics.family import AnyFamily, Family, Shape, Subject
from exporter.view import HistogramView

Source = TypeVar("Source")
Read = TypeVar("Read")

Writer = Callable[[AnyFamily, Labels, Any], str]


def _one(family: AnyFamily, labels: Labels, value: float) -> str:
    return f"{family.name}{labels.plain} {format_float(value)}\n"


def _each(family: AnyFamily, labels: Labels, values: Mapping[str, float]) -> str:
    name, texts = family.name, labels.by(family.extra[0])
    lines = [f"{name}{texts[key]} {format_float(value)}\n" for key, value in values.items()]
    if texts.altered:
        # Two values may have become the same text: the first one stands.
        unique: dict[str, str] = {}
        for key, line in zip(values, lines, strict=True):
            unique.setdefault(texts[key], line)
        lines = [*unique.values()]
    return "".join(lines)


def _text(family: AnyFamily, labels: Labels, values: tuple[str, ...]) -> str:
    return f"{family.name}{labels.adding(family.extra, values).plain} 1.0\n"


def _distribution(family: AnyFamily, labels: Labels, histogram: HistogramView) -> str:
    name, plain, texts = family.name, labels.plain, labels.by("le")
    bounds = (*map(format_float, histogram.bounds), "+Inf")
    lines = [
        f"{name}_bucket{texts[bound]} {format_float(count)}\n"
        for bound, count in zip(bounds, histogram.counts, strict=True)
    ]
    lines.append(f"{name}_count{plain} {format_float(histogram.counts[-1])}\n")
    lines.append(f"{name}_sum{plain} {format_float(histogram.sum)}\n")
    return "".join(lines)


def _distributions(
    family: AnyFamily, labels: Labels, histograms: Mapping[str, HistogramView]
) -> str:
    unique: dict[str, str] = {}
    for key, histogram in histograms.items():
        child = labels.child(family.extra[0], key)
        unique.setdefault(child.plain, _distribution(family, child, histogram))
    return "".join(unique.values())


WRITERS: Mapping[Shape, Writer] = {
    Shape.ONE: _one,
    Shape.EACH: _each,
    Shape.TEXT: _text,
    Shape.DISTRIBUTION: _distribution,
    Shape.DISTRIBUTIONS: _distributions,
}


class Rendered(Generic[Read]):
    """One subject with its labels and its lines, one text for each family."""

    __slots__ = ("labels", "lines", "subject")

    def __init__(self, labels: Labels, subject: Read, lines: list[str]) -> None:
        self.labels = labels
        self.subject = subject
        self.lines = lines


class Section(Generic[Source, Read]):
    """All families of one kind of subject for one source of views, rendered where it changed.

    What stayed equal since the last call of `blocks` keeps its lines, what kept its labels keeps
    their escaped text. Not safe for several threads at once.
    """

    def __init__(
        self, subject: Subject[Source, Read], families: tuple[Family[Source, Read], ...]
    ) -> None:
        self._subject = subject
        self._plan = tuple((WRITERS[family.shape], family) for family in families)
        self._known: dict[tuple[str, ...], Rendered[Read]] = {}

    def blocks(self, view: Source) -> list[bytes]:
        """The sample lines of each family, in the families' order."""
        known = self._known
        fresh: dict[tuple[str, ...], Rendered[Read]] = {}
        taken: dict[str, list[str]] = {}
        for values, subject in self._subject.of(view):
            rendered = fresh[values] = self._render(known.get(values), values, subject)
            taken.setdefault(rendered.labels.plain, rendered.lines)
        self._known = fresh
        if not taken:
            return [b""] * len(self._plan)
        return ["".join(column).encode() for column in zip(*taken.values(), strict=True)]

    def _render(
        self, old: Rendered[Read] | None, values: tuple[str, ...], subject: Read
    ) -> Rendered[Read]:
        if old is not None and (old.subject is subject or old.subject == subject):
            return old
        labels = old.labels if old else Labels(escaped(self._subject.labels, values))
        lines = [
            "" if (value := family.value(subject)) is None else write(family, labels, value)
            for write, family in self._plan
        ]
        return Rendered(labels, subject, lines)
