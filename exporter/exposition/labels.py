"""Label sets as text, escaped once and kept for as long as their subject lives."""

from exporter.exposition.text import clean, escape_label, label_text

Pairs = tuple[tuple[str, str], ...]


def escaped(names: tuple[str, ...], values: tuple[str, ...]) -> Pairs:
    """Names with their values ready to stand between quotes. Raises ValueError if one lacks."""
    return tuple((name, escape_label(value)) for name, value in zip(names, values, strict=True))


class Variants(dict[str, str]):
    """The text of one label set with one more label, by that label's value; made when asked.

    `altered` tells whether a value had to be made fit, so that two may have the same text.
    """

    __slots__ = ("_name", "_pairs", "altered")

    def __init__(self, pairs: Pairs, name: str) -> None:
        super().__init__()
        self._pairs = pairs
        self._name = name
        self.altered = False

    def __missing__(self, value: str) -> str:
        text = label_text((*self._pairs, (self._name, escape_label(value))))
        self[value] = text
        self.altered = self.altered or clean(value) != value
        return text


class Labels:
    """The label set of a subject: `plain` is its text, `by` and `adding` extend it."""

    __slots__ = ("_children", "_pairs", "_variants", "plain")

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._variants: dict[str, Variants] = {}
        self._children: dict[tuple[str, str], Labels] = {}
        self.plain = label_text(pairs)

    def by(self, name: str) -> Variants:
        """The texts with the further label `name`, by its value."""
        variants = self._variants.get(name)
        if variants is None:
            variants = self._variants[name] = Variants(self._pairs, name)
        return variants

    def adding(self, names: tuple[str, ...], values: tuple[str, ...]) -> "Labels":
        """A label set that has `names` as well."""
        return Labels((*self._pairs, *escaped(names, values)))

    def child(self, name: str, value: str) -> "Labels":
        """A label set with one more label, kept for the next time."""
        known = self._children.get((name, value))
        if known is None:
            known = self._children[name, value] = self.adding((name,), (value,))
        return known
