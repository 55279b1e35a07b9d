"""The products' words looked up in tables, without case; a word we do not know is said once."""

import logging
from collections.abc import Mapping
from typing import Generic, TypeVar

from exporter.rest.text import one_line

log = logging.getLogger(__name__)

LONGEST_WORD = 64
_REMEMBERED = 256

Meaning = TypeVar("Meaning")


class WordTable(dict[str | None, Meaning], Generic[Meaning]):
    """`table[word]` for every spelling of a known word; `unknown` for all others, null included.

    `field` names the field in the log line that a new word gets once. Spellings are remembered, so
    that the next lookup is that of a dictionary; a server that never stops inventing words is
    remembered up to a limit.
    """

    def __init__(self, field: str, known: Mapping[str, Meaning], unknown: Meaning) -> None:
        super().__init__()
        self.update((word, meaning) for word, meaning in known.items())
        self.unknown = unknown
        self._field = field
        self._lower = {word.lower(): meaning for word, meaning in known.items()}

    def __missing__(self, word: str | None) -> Meaning:
        meaning = self._lower.get((word or "").strip().lower(), self.unknown)
        if len(self) < _REMEMBERED:
            self[word] = meaning
            if meaning is self.unknown:
                shown = one_line(word or "", LONGEST_WORD)
                log.warning('unknown %s "%s"; it is counted as unknown', self._field, shown)
        return meaning
