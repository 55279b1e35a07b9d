"""New blocks of text out of old ones: what has not changed is copied, not written again.

A page's text is by far the most that is remembered of a job, so it is kept once, in the blocks
themselves, with the sizes of its parts.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

Sizes: TypeAlias = "array[int]"
"""How many bytes one subject has in each block."""

NOTHING: Sizes = array("I")


class Pieces:
    """What a section's blocks are made of, from the first subject to the last.

    A piece is a stretch of old subjects, from one place up to another, or the lines of a new one.
    """

    def __init__(self) -> None:
        self._pieces: list[tuple[int, int] | list[bytes]] = []

    def keep(self, place: int) -> None:
        """The next subject is the one that had this place in the old blocks."""
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, tuple) and last[1] == place:
            self._pieces[-1] = (last[0], place + 1)
        else:
            self._pieces.append((place, place + 1))

    def add(self, lines: list[bytes]) -> Sizes:
        """The next subject has these lines, one entry for each block; their sizes."""
        self._pieces.append(lines)
        return array("I", map(len, lines))

    def joined(self, old: list[bytes], sizes: Sequence[Sizes]) -> list[bytes]:
        """The new blocks; `sizes` are those of each subject in the old ones, in their order."""
        if self._pieces == [(0, len(sizes))]:
            return old
        return [
            self._block(number, block, [0, *accumulate([one[number] for one in sizes])])
            for number, block in enumerate(old)
        ]

    def _block(self, number: int, old: bytes, offsets: list[int]) -> bytes:
        view = memoryview(old)
        return b"".join(
            view[offsets[piece[0]] : offsets[piece[1]]]
            if isinstance(piece, tuple)
            else piece[number]
            for piece in self._pieces
        )
