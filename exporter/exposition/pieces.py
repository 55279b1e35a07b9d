"""A section's text: each family's lines, subject after subject, with the size of every part.

The text is by far the most that there is of a job, so it is remembered compressed. New text is made
out of old: what has not changed is copied, not written again.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from exporter.exposition.compress import pack, unpack

Sizes: TypeAlias = "array[int]"


class Column(NamedTuple):
    """One family's lines, and how many bytes of them each subject has."""

    data: bytes | memoryview
    sizes: Sizes


class Stretch(NamedTuple):
    """Neighbouring subjects from one place up to another, in the new column or in the old one."""

    is_new: bool
    start: int
    stop: int


NO_COLUMN = Column(b"", array("I"))


def written(lines: list[str]) -> Column:
    """The column of these lines, one entry for each subject."""
    text = "".join(lines)
    data = text.encode()
    if len(data) == len(text):
        return Column(data, array("I", map(len, lines)))
    return Column(data, array("I", [len(line.encode()) for line in lines]))


def merged(old: Iterable[Column], new: Sequence[Column], order: Sequence[Stretch]) -> list[Column]:
    """The columns whose subjects are these stretches, one after the other."""
    return [_merged(*pair, order) for pair in zip(old, new, strict=True)]


def _merged(old: Column, new: Column, order: Sequence[Stretch]) -> Column:
    views = (memoryview(old.data), memoryview(new.data))
    offsets = ([0, *accumulate(old.sizes)], [0, *accumulate(new.sizes)])
    parts, sizes = [], array("I")
    for is_new, start, stop in order:
        place = offsets[is_new]
        parts.append(views[is_new][place[start] : place[stop]])
        sizes += (new if is_new else old).sizes[start:stop]
    return Column(b"".join(parts), sizes)


class Order:
    """From where the subjects of a new text are taken, noted from the first to the last."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._new = 0

    def keep(self, place: int) -> None:
        """The next subject is the one that had this place in the old text."""
        self._note(False, place)

    def add(self) -> None:
        """The next subject is the next new one."""
        self._note(True, self._new)
        self._new += 1

    def keeps_all(self, places: int) -> bool:
        """Whether the new text is the old one, which has so many subjects."""
        return self.stretches == ([Stretch(False, 0, places)] if places else [])

    @property
    def keeps_none(self) -> bool:
        """Whether all of the new text is new."""
        return all(stretch.is_new for stretch in self.stretches)

    def _note(self, is_new: bool, place: int) -> None:
        last = self.stretches[-1] if self.stretches else None
        if last and last.is_new == is_new and last.stop == place:
            self.stretches[-1] = Stretch(is_new, last.start, place + 1)
        else:
            self.stretches.append(Stretch(is_new, place, place + 1))


class Packed:
    """Columns of equally many subjects, compressed for as long as nobody reads them."""

    __slots__ = ("_count", "_data", "_subjects")

    def __init__(self, columns: Sequence[Column]) -> None:
        self._count = len(columns)
        self._subjects = len(columns[0].sizes)
        parts = [*(column.sizes for column in columns), *(column.data for column in columns)]
        self._data = pack(b"".join(parts))

    def columns(self) -> Iterator[Column]:
        """The columns as they were given."""
        data = memoryview(unpack(self._data))
        start = self._count * self._subjects * NO_COLUMN.sizes.itemsize
        sizes = array("I", data[:start].cast("I"))
        for number in range(self._count):
            own = sizes[number * self._subjects : (number + 1) * self._subjects]
            stop = start + sum(own)
            yield Column(data[start:stop], own)
            start = stop
