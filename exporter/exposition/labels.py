"""Label sets as text, each value escaped once for all families of its subject."""

from functools import lru_cache

from exporter.exposition.text import escape_label, label_text

Around = tuple[str, str]

GAP = "\0"
"""Stands where a value will be; no escaped value holds it."""


@lru_cache(maxsize=1024)
def distinct_words(values: tuple[str, ...]) -> tuple[str, ...]:
    """Values that many subjects share, such as results, escaped; what is the same then, once."""
    return tuple(dict.fromkeys(str(escape_label(value)) for value in values))


class Labels:
    """The label set of a subject: `plain` is its text, `around` and `adding` extend it."""

    __slots__ = ("_around", "_names", "_values", "plain")

    def __init__(self, names: tuple[str, ...], escaped: tuple[str, ...]) -> None:
        self._names = names
        self._values = escaped
        self._around: dict[str, Around] = {}
        self.plain = label_text(names, escaped)

    def around(self, name: str) -> Around:
        """What stands before and after the value of the further label `name`."""
        around = self._around.get(name)
        if around is None:
            text = label_text((*self._names, name), (*self._values, GAP))
            before, _, after = text.partition(GAP)
            around = self._around[name] = (before, after)
        return around

    def adding(self, names: tuple[str, ...], values: tuple[str, ...]) -> "Labels":
        """A label set that has `names` as well. Raises ValueError if a value lacks."""
        if len(names) != len(values):
            raise ValueError(f"{names} need as many values, not {len(values)}.")
        return Labels((*self._names, *names), (*self._values, *map(escape_label, values)))
