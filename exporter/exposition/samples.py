"""One subject's sample lines for every family that speaks of it.

The lines are the same in every text format; only the headers above them differ.
"""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from exporter.exposition.labels import Labels, escape_words, escaped
from exporter.exposition.pieces import NOTHING, Pieces, Sizes
from exporter.exposition.text import format_float
from exporter.metrics.family import AnyFamily, Family, Shape, Subject
from exporter.view import HistogramView

Source = TypeVar("Source")
Read = TypeVar("Read")

Writer = Callable[[AnyFamily, Labels, Any], str]


def _one(family: AnyFamily, labels: Labels, value: float) -> str:
    return f"{family.name}{labels.plain} {format_float(value)}\n"


def _each(family: AnyFamily, labels: Labels, values: Mapping[str, float]) -> str:
    name, (before, after) = family.name, labels.around(family.extra[0])
    words, ambiguous = escape_words(tuple(values))
    lines = [
        f"{name}{before}{word}{after} {format_float(value)}\n"
        for word, value in zip(words, values.values(), strict=True)
    ]
    if ambiguous:  # the first one stands
        unique: dict[str, str] = {}
        for word, line in zip(words, lines, strict=True):
            unique.setdefault(word, line)
        lines = [*unique.values()]
    return "".join(lines)


def _text(family: AnyFamily, labels: Labels, values: tuple[str, ...]) -> str:
    return f"{family.name}{labels.adding(family.extra, values).plain} 1.0\n"


def _distribution(family: AnyFamily, labels: Labels, histogram: HistogramView) -> str:
    name, plain, (before, after) = family.name, labels.plain, labels.around("le")
    bounds = (*map(format_float, histogram.bounds), "+Inf")
    lines = [
        f"{name}_bucket{before}{bound}{after} {format_float(count)}\n"
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
    """One subject with its labels, and where its lines are in the blocks of its section.

    `place` is how many subjects stand before it, None when another one has the same labels.
    `sizes` are the bytes of its lines, family by family.
    """

    __slots__ = ("labels", "place", "sizes", "subject")

    def __init__(self, labels: Labels, subject: Read, place: int | None, sizes: Sizes) -> None:
        self.labels = labels
        self.subject = subject
        self.place = place
        self.sizes = sizes


class Section(Generic[Source, Read]):
    """All families of one kind of subject for one source of views, rendered where it changed.

    What stayed equal since the last call of `blocks` keeps its bytes, which are taken over from the
    blocks before; what kept its labels keeps their escaped text. Not safe for several threads at
    once.
    """

    def __init__(
        self, subject: Subject[Source, Read], families: tuple[Family[Source, Read], ...]
    ) -> None:
        self._subject = subject
        self._plan = tuple((WRITERS[family.shape], family) for family in families)
        self._known: dict[tuple[str, ...], Rendered[Read]] = {}
        self._blocks = [b""] * len(families)

    def blocks(self, view: Source) -> list[bytes]:
        """The sample lines of each family, in the families' order."""
        fresh: dict[tuple[str, ...], Rendered[Read]] = {}
        taken: set[str] = set()
        pieces = Pieces()
        for values, subject in self._subject.of(view):
            old = self._known.get(values)
            labels = old.labels if old else Labels(escaped(self._subject.labels, values))
            if labels.plain in taken:
                fresh.setdefault(values, Rendered(labels, subject, None, NOTHING))
                continue
            place = len(taken)
            taken.add(labels.plain)
            if old is not None and old.place is not None and _is_same(old.subject, subject):
                pieces.keep(old.place)
                sizes = old.sizes
            else:
                sizes = pieces.add(self._lines(labels, subject))
            fresh[values] = Rendered(labels, subject, place, sizes)
        self._blocks = pieces.joined(self._blocks, _sizes(self._known))
        self._known = fresh
        return self._blocks

    def _lines(self, labels: Labels, subject: Read) -> list[bytes]:
        return [
            b""
            if (value := family.value(subject)) is None
            else write(family, labels, value).encode()
            for write, family in self._plan
        ]


def _is_same(old: object, new: object) -> bool:
    return old is new or old == new


def _sizes(known: Mapping[tuple[str, ...], Rendered[Any]]) -> list[Sizes]:
    """The sizes of all subjects that are in the blocks, in their order there."""
    return [rendered.sizes for rendered in known.values() if rendered.place is not None]
