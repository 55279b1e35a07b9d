"""Everything one source says, family by family, ready to be joined into pages."""

from typing import Generic, TypeVar

from exporter.exposition.samples import Section
from exporter.metrics.family import AnyFamily

Source = TypeVar("Source")


class Sheet(Generic[Source]):
    """The blocks of one server, or of the exporter, rendered when they are asked for.

    `blocks` are aligned with `families`; an empty block is a family without series.
    """

    def __init__(self, families: tuple[AnyFamily, ...]) -> None:
        subjects = {id(family.subject): family.subject for family in families}
        groups = [
            [index for index, family in enumerate(families) if family.subject is subject]
            for subject in subjects.values()
        ]
        self._sections = [
            (group, Section(families[group[0]].subject, tuple(families[i] for i in group)))
            for group in groups
        ]
        self._size = len(families)
        self._view: Source | None = None
        self._blocks: tuple[bytes, ...] = ()

    def blocks(self, view: Source) -> tuple[bytes, ...]:
        """The sample lines of each family as the view tells them."""
        if view is not self._view:
            blocks = [b""] * self._size
            for group, section in self._sections:
                for index, block in zip(group, section.blocks(view), strict=True):
                    blocks[index] = block
            self._blocks, self._view = tuple(blocks), view
        return self._blocks
