"""XML answers as plain values, by names in lower case.

An element becomes a dictionary of its attributes and children; a child without children of its own
becomes its text. What the vendor's schema repeats becomes a list.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 5
"""How deep entities are looked for; a query's answer holds them at the third level."""

_REMEMBERED = 1024

Fields = dict[str, object]


class _Names(dict[str, str]):
    """Names of elements and attributes without namespace, in lower case; remembered."""

    def __missing__(self, tag: str) -> str:
        name = tag.rpartition("}")[2].lower()
        if len(self) < _REMEMBERED:
            self[tag] = name
        return name


_NAMES = _Names()


def name_of(element: "Element") -> str:
    """The name of `element` without namespace, in lower case."""
    return _NAMES[element.tag]


def entities(element: "Element", name: str, depth: int = DEEPEST) -> list[Fields]:
    """The entities of this name in `element`, or `element` itself if it is one."""
    if _NAMES[element.tag] == name:
        return [fields(element)]
    if depth == 0:
        return []
    return [one for child in element for one in entities(child, name, depth - 1)]


def fields(element: "Element") -> Fields:
    """The attributes and children of an entity; its links as a list, other structures left out."""
    values: Fields = {_NAMES[key]: value for key, value in element.items()}
    for child in element:
        if len(child) == 0:
            if child.text:
                values[_NAMES[child.tag]] = child.text.strip()
        elif _NAMES[child.tag] == "links":
            values["links"] = [attributes(link) for link in child]
    return values


def attributes(element: "Element") -> dict[str, str]:
    """The attributes of `element`."""
    return {_NAMES[key]: value for key, value in element.items()}
