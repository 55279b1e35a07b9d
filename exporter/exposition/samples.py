"""The sample lines of all subjects of one kind, family by family.

The lines are the same in every text format; only the headers above them differ.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from exporter.exposition.labels import Labels, distinct_words
from exporter.exposition.pieces import NO_COLUMN, Column, Order, Packed, merged, written
from exporter.exposition.text import NUMBERS, escape, escape_label, fit
from exporter.metrics.family import AnyFamily, Family, Shape, Subject
from exporter.view import HistogramView

Source = TypeVar("Source")
Read = TypeVar("Read")

Writer = Callable[[AnyFamily, Sequence[Labels], Sequence[Any]], list[str]]
"""What a family says of each of some subjects, by their label sets and values."""


def _one(family: AnyFamily, labels: Sequence[Labels], values: Sequence[float | None]) -> list[str]:
    name = family.name
    return [
        "" if value is None else f"{name}{label.plain} {NUMBERS[value]}\n"
        for label, value in zip(labels, values, strict=True)
    ]


def _each(
    family: AnyFamily, labels: Sequence[Labels], values: Sequence[Mapping[str, float] | None]
) -> list[str]:
    name, extra, lines = family.name, family.extra[0], []
    for label, numbers in zip(labels, values, strict=True):
        if numbers is None:
            lines.append("")
            continue
        before, after = label.around(extra)
        start, words = name + before, distinct_words(tuple(numbers))
        unique = numbers if len(words) == len(numbers) else _first_ones(numbers)
        pairs = zip(words, unique.values(), strict=True)
        lines.append(
            "".join([f"{start}{word}{after} {NUMBERS[number]}\n" for word, number in pairs])
        )
    return lines


def _first_ones(values: Mapping[str, float]) -> Mapping[str, float]:
    """Of values whose words become the same text, the first."""
    unique: dict[str, float] = {}
    for word, value in values.items():
        unique.setdefault(escape_label(word), value)
    return unique


def _text(family: AnyFamily, labels: Labels, values: tuple[str, ...]) -> str:
    return f"{family.name}{labels.adding(family.extra, values).plain} 1.0\n"


def _distribution(family: AnyFamily, labels: Labels, histogram: HistogramView) -> str:
    name, plain, (before, after) = family.name, labels.plain, labels.around("le")
    bounds = (*(NUMBERS[bound] for bound in histogram.bounds), "+Inf")
    lines = [
        f"{name}_bucket{before}{bound}{after} {NUMBERS[count]}\n"
        for bound, count in zip(bounds, histogram.counts, strict=True)
    ]
    lines.append(f"{name}_count{plain} {NUMBERS[histogram.counts[-1]]}\n")
    lines.append(f"{name}_sum{plain} {NUMBERS[histogram.sum]}\n")
    return "".join(lines)


def _distributions(
    family: AnyFamily, labels: Labels, histograms: Mapping[str, HistogramView]
) -> str:
    unique: dict[str, str] = {}
    for key, histogram in histograms.items():
        child = labels.adding(family.extra, (key,))
        unique.setdefault(child.plain, _distribution(family, child, histogram))
    return "".join(unique.values())


def _singly(write: Callable[[AnyFamily, Labels, Any], str]) -> Writer:
    """A writer that takes one subject after the other."""
    return lambda family, labels, values: [
        "" if value is None else write(family, label, value)
        for label, value in zip(labels, values, strict=True)
    ]


WRITERS: Mapping[Shape, Writer] = {
    Shape.ONE: _one,
    Shape.EACH: _each,
    Shape.TEXT: _singly(_text),
    Shape.DISTRIBUTION: _singly(_distribution),
    Shape.DISTRIBUTIONS: _singly(_distributions),
}


class Section(Generic[Source, Read]):
    """All families of one kind of subject for one source of views, rendered where it changed.

    What stayed equal since the last view keeps its bytes. Not safe for several threads at once.
    """

    def __init__(
        self, subject: Subject[Source, Read], families: tuple[Family[Source, Read], ...]
    ) -> None:
        self._subject = subject
        self._plan = tuple((WRITERS[family.shape], family) for family in families)
        self._view: Source | None = None
        self._text: Sequence[Column] | Packed = [NO_COLUMN] * len(families)

    def show(self, view: Source) -> None:
        """From now on the lines are those of this view."""
        if view is not self._view:
            self._renew(view)
            self._view = view

    def rest(self) -> None:
        """Nobody reads the lines for a while: remember them in less memory."""
        if not isinstance(self._text, Packed):
            self._text = Packed(self._text)

    def columns(self) -> Iterator[Column]:
        """The sample lines of each family, in the families' order."""
        return self._text.columns() if isinstance(self._text, Packed) else iter(self._text)

    def _renew(self, view: Source) -> None:
        """Make this view's text, of the old one as far as it says the same."""
        known = self._known()
        order, labels, subjects = Order(), [], []
        for values, subject in self._distinct(view):
            place, before = known.get(values, (0, None))
            if before is not None and (before is subject or before == subject):
                order.keep(place)
            else:
                order.add()
                labels.append(Labels(self._subject.labels, tuple(map(escape, values))))
                subjects.append(subject)
        if order.keeps_all(len(known)):
            return
        new = [
            written(write(family, labels, [family.value(subject) for subject in subjects]))
            for write, family in self._plan
        ]
        self._text = new if order.keeps_none else merged(self.columns(), new, order.stretches)

    def _known(self) -> dict[tuple[str, ...], tuple[int, Read]]:
        """The subjects of the text that is remembered, with their places in it."""
        if self._view is None:
            return {}
        subjects = enumerate(self._distinct(self._view))
        return {values: (place, subject) for place, (values, subject) in subjects}

    def _distinct(self, view: Source) -> Iterator[tuple[tuple[str, ...], Read]]:
        """The view's subjects; of those whose labels are the same text, the first one stands."""
        taken = set()
        for values, subject in self._subject.of(view):
            clean = fit(values)
            if clean not in taken:
                taken.add(clean)
                yield clean, subject
