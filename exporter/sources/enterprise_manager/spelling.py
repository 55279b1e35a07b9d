"""How Enterprise Manager spells the names of fields: one structure, one spelling for each version.

XML and the JSON up to version 12 write `CreationTimeUTC`, the JSON of version 13 `creationTimeUTC`.
Values are spelled the same everywhere.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

Spell = Callable[[str], str]

_PASCAL = {"uid": "UID", "creation_time": "CreationTimeUTC", "end_time": "EndTimeUTC"}
_CAMEL = {"uid": "uid"}

Shape = TypeVar("Shape", bound=msgspec.Struct)


def pascal(name: str) -> str:
    """`job_uid` as version 12 writes it."""
    return _PASCAL.get(name) or name.title().replace("_", "")


def camel(name: str) -> str:
    """`job_uid` as version 13 writes it."""
    spelled = pascal(name)
    return _CAMEL.get(name) or spelled[0].lower() + spelled[1:]


def lower(name: str) -> str:
    """`job_uid` without case, for answers whose names were put into lower case."""
    return pascal(name).lower()


def spelled(shape: type[Shape], spell: Spell, **inner: Any) -> type[Shape]:
    """A structure with the fields of `shape` under the names that `spell` gives them.

    `inner` replaces the types of fields that hold structures themselves. A subclass would inherit
    the names, so this is a structure of its own; it is used like the one that it copies.
    """
    columns = [
        (field.name, inner.get(field.name, field.type), field.default)
        if not field.required
        else (field.name, inner.get(field.name, field.type))
        for field in msgspec.structs.fields(shape)
    ]
    made: Any = msgspec.defstruct(shape.__name__, columns, rename=spell, frozen=True, gc=False)
    return made  # type: ignore[no-any-return]  # the same fields, so the type of the caller
