"""Everything one source says, family by family, ready to be joined into pages."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Generic, TypeVar

from exporter.exposition.samples import Section
from exporter.metrics.family import AnyFamily

Source = TypeVar("Source")


class Sheet(Generic[Source]):
    """The text of one server, or of the exporter: `show` a view, then read `blocks`.

    Between two pages `rest` lets it take little memory. Not safe for several threads at once.
    """

    def __init__(self, families: tuple[AnyFamily, ...]) -> None:
        groups = (tuple(group) for _, group in groupby(families, lambda family: id(family.subject)))
        self._sections: tuple[Section[Source, Any], ...] = tuple(
            Section(group[0].subject, group) for group in groups
        )

    def show(self, view: Source) -> None:
        """Render what this view says otherwise than the one before."""
        for section in self._sections:
            section.show(view)

    def rest(self) -> None:
        """Nobody reads the blocks for a while: remember them in less memory."""
        for section in self._sections:
            section.rest()

    def blocks(self) -> Iterator[bytes | memoryview]:
        """The sample lines of each family; an empty block is a family without series."""
        for section in self._sections:
            for column in section.columns():
                yield column.data
