"""XML answers as plain values, by names in lower case.

An element becomes a dictionary of its attributes and children; a child without children of its own
becomes its text, one with children an empty dictionary. What the vendor's schema repeats becomes a
list.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 5
"""How deep entities are looked for; a query's answer holds them at the third level."""

_REMEMBERED = 1024

Fields = dict[str, object]

_NAMES: dict[str, str] = {}
"""Names of elements and attributes without namespace, in lower case, by how they are written."""


def _name(written: str) -> str:
    """The name, remembered from now on; strangers cannot make us remember without end."""
    if len(_NAMES) >= _REMEMBERED:
        _NAMES.clear()
    name = _NAMES[written] = written.rpartition("}")[2].lower()
    return name


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector away from a tree that is built, read and dropped.

    It would walk the ten thousands of elements of a page several times, a tenth of all that a page
    costs, for cycles that are not there.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def name_of(element: "Element") -> str:
    """The name of `element` without namespace, in lower case."""
    return _NAMES.get(element.tag) or _name(element.tag)


def entities(element: "Element", name: str, depth: int = DEEPEST) -> list[Fields]:
    """The entities of this name in `element`, or `element` itself if it is one."""
    if name_of(element) == name:
        return [fields(element)]
    if depth == 0:
        return []
    return [one for child in element for one in entities(child, name, depth - 1)]


def fields(element: "Element") -> Fields:
    """The attributes and children of an entity; its links as a list, other structures empty.

    So a structure in place of a text does not fit, as in JSON, and elsewhere it does not matter.
    Of a link the attributes are as they were written: there are more of them than of all else.
    """
    try:
        return _fields(element)
    except KeyError:  # the first of its kind
        for written in (*element.keys(), *(child.tag for child in element)):
            _name(written)
        return _fields(element)


def _fields(element: "Element") -> Fields:
    """Raises KeyError for a name that was not met before: to look is half of the work."""
    values: Fields = {_NAMES[key]: value for key, value in element.items()}
    for child in element:
        if len(child):
            name = _NAMES[child.tag]
            values[name] = [link.attrib for link in child] if name == "links" else {}
        elif text := child.text:
            values[_NAMES[child.tag]] = text.strip()
    return values
