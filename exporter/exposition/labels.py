"""Label sets as text, escaped once and kept for as long as their subject lives."""

from functools import lru_cache

from exporter.exposition.text import escape_label, label_text

Pairs = tuple[tuple[str, str], ...]
Around = tuple[str, str]

GAP = "\0"
"""Stands where a value will be; no escaped value holds it."""


@lru_cache(maxsize=1024)
def escape_words(values: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Values that many subjects share, such as results, escaped; whether two became the same."""
    words = tuple(map(escape_label, values))
    return words, len({*words}) < len(words)


def escaped(names: tuple[str, ...], values: tuple[str, ...]) -> Pairs:
    """Names with their values ready to stand between quotes. Raises ValueError if one lacks."""
    return tuple((name, escape_label(value)) for name, value in zip(names, values, strict=True))


class Labels:
    """The label set of a subject: `plain` is its text, `around` and `adding` extend it."""

    __slots__ = ("_around", "_children", "_pairs", "plain")

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._around: dict[str, Around] = {}
        self._children: dict[tuple[str, str], Labels] | None = None
        self.plain = label_text(pairs)

    def around(self, name: str) -> Around:
        """What stands before and after the value of the further label `name`.

        One text for each value would be quicker and would take most of a job's memory.
        """
        around = self._around.get(name)
        if around is None:
            before, _, after = label_text((*self._pairs, (name, GAP))).partition(GAP)
            around = self._around[name] = (before, after)
        return around

    def adding(self, names: tuple[str, ...], values: tuple[str, ...]) -> "Labels":
        """A label set that has `names` as well."""
        return Labels((*self._pairs, *escaped(names, values)))

    def child(self, name: str, value: str) -> "Labels":
        """A label set with one more label, kept for the next time."""
        if self._children is None:
            self._children = {}
        known = self._children.get((name, value))
        if known is None:
            known = self._children[name, value] = self.adding((name,), (value,))
        return known
