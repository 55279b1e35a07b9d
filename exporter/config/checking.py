"""Plain values → blocks of the schema, with every problem told in our own words.

The messages of pydantic are not used: they may print the input, and they speak of Python. What is
wrong is taken out and the rest is checked again, so that one slip hides no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError, create_model
from pydantic_core import ErrorDetails

from exporter.config.fields import AnyDuration, Boolean, Text, WholeNumber
from exporter.config.problems import (
    Findings,
    Location,
    kind_of,
    must_be,
    one_of,
    shown,
    suggestion,
)
from exporter.config.schema import (
    Block,
    FileBlock,
    GlobalBlock,
    JobsBlock,
    ObjectiveBlock,
    ServerBlock,
)
from exporter.config.values import ProductFacts

B = TypeVar("B", bound=Block)

OPTION_TYPES: Mapping[str, Any] = {
    "bool": Boolean,
    "int": WholeNumber,
    "str": Text,
    "duration": AnyDuration,
    "selection": JobsBlock,
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Entry(Generic[B]):
    """A checked block, where it stands, and the keys that were written (or meant)."""

    location: Location
    block: B
    written: frozenset[str]


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What could be read of the file; meaningless as a whole when there were findings."""

    defaults: Entry[GlobalBlock]
    objectives: tuple[Entry[ObjectiveBlock], ...]
    servers: tuple[Entry[ServerBlock], ...]


def check_file(
    value: object, products: Mapping[str, ProductFacts], findings: Findings
) -> CheckedFile:
    """Check the shape of everything in the file."""
    if not isinstance(value, dict):
        what = "the file is empty" if value is None else f"the file holds {kind_of(value)}"
        findings.add((), f'{what}; it needs a mapping with the key "servers"', 1)
        value = {}
    top = [field.alias or name for name, field in FileBlock.model_fields.items()]
    for key in value.keys() - set(top):
        findings.add((key,), _unknown_key(key, top))
    checker = _Checker(products, findings)
    objectives = enumerate(_items(value, "objectives", findings))
    servers = enumerate(_items(value, "servers", findings))
    return CheckedFile(
        checker.block(GlobalBlock, value.get("global", {}), ("global",))
        or Entry(("global",), GlobalBlock(), frozenset()),
        _present(checker.block(ObjectiveBlock, v, ("objectives", n)) for n, v in objectives),
        _present(checker.server(v, ("servers", n)) for n, v in servers),
    )


def _present(entries: Any) -> tuple[Any, ...]:
    return tuple(entry for entry in entries if entry is not None)


def _items(top: Mapping[str, object], key: str, findings: Findings) -> list[object]:
    """The list under `key`; an absent one is empty."""
    items = top.get(key, [])
    if not isinstance(items, list):
        findings.add((key,), must_be("a list", items))
        return []
    return items


def _unknown_key(key: str, known: list[str]) -> str:
    meant = suggestion(key, known)
    return f'unknown key; did you mean "{meant}"?' if meant else "unknown key"


class _Checker:
    """Checks blocks against the schema and tells each problem once."""

    def __init__(self, products: Mapping[str, ProductFacts], findings: Findings) -> None:
        self._products = products
        self._findings = findings
        self._server_blocks: dict[str, type[ServerBlock]] = {}

    def server(self, value: object, location: Location) -> Entry[ServerBlock] | None:
        """A server, with the keys that its product alone has."""
        product = value.get("product") if isinstance(value, dict) else None
        if isinstance(product, str) and product not in self._products:
            sentence = f"unknown product {shown(product)}; {one_of(product, self._products)}"
            self._findings.add((*location, "product"), sentence)
        facts = self._products.get(product) if isinstance(product, str) else None
        return self.block(self._server_block(facts), value, location)

    def block(self, kind: type[B], value: object, location: Location) -> Entry[B] | None:
        """The block at `location` without what is wrong in it; None when it is no mapping."""
        if not isinstance(value, dict):
            self._findings.add(location, must_be("a mapping", value))
            return None
        written = set(value)
        while True:
            try:
                return Entry(location, kind.model_validate(value), frozenset(written))
            except ValidationError as error:
                details = error.errors(include_url=False)
            for detail in details:
                self._tell(kind, detail, location)
                _take_out(value, detail["loc"])
            written.update(_meant(kind, details))

    def _tell(self, kind: type[Block], detail: ErrorDetails, location: Location) -> None:
        where = (*location, *detail["loc"])
        if detail["type"] == "extra_forbidden":
            sentence = self._unknown(kind, detail["loc"])
        elif detail["type"] in _WANTED:
            sentence = must_be(_WANTED[detail["type"]], detail["input"])
        else:
            sentence = detail["msg"]
        self._findings.add(where, sentence)

    def _unknown(self, kind: type[Block], loc: Location) -> str:
        """The sentence for a key that its block does not have."""
        key = str(loc[-1])
        owners = [name for name, facts in self._products.items() if key in facts.options]
        if owners and len(loc) == 1 and issubclass(kind, ServerBlock):
            return f"unknown key; only the product {' or '.join(owners)} has it"
        return _unknown_key(key, _keys(_block_at(kind, loc[:-1])))

    def _server_block(self, facts: ProductFacts | None) -> type[ServerBlock]:
        """The schema of a server; without a known product, keys of every product pass."""
        name = facts.name if facts else ""
        if name not in self._server_blocks:
            known = [facts] if facts else list(self._products.values())
            options = {
                key: (OPTION_TYPES[kind] | None if facts else Any, None)
                for one in known
                for key, (kind, _) in one.options.items()
            }
            fields: dict[str, Any] = options
            self._server_blocks[name] = create_model("Server", __base__=ServerBlock, **fields)
        return self._server_blocks[name]


def _keys(kind: type[Block]) -> list[str]:
    return list(kind.model_fields)


def _block_at(kind: type[Block], loc: Location) -> type[Block]:
    """The block that stands at `loc` inside a block of `kind`."""
    for step in loc:
        if isinstance(step, str):
            kind = inner_block(kind.model_fields[step].annotation) or kind
    return kind


def inner_block(annotation: Any) -> type[Block] | None:
    """The block in a field's annotation, also inside a list or an optional; None without one."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    inner = (inner_block(part) for part in getattr(annotation, "__args__", ()))
    return next((block for block in inner if block), None)


def _meant(kind: type[Block], details: list[ErrorDetails]) -> set[str]:
    """The keys that misspelled ones stand for: they are not missing as well."""
    unknown = [d["loc"] for d in details if d["type"] == "extra_forbidden" and len(d["loc"]) == 1]
    return {meant for loc in unknown if (meant := suggestion(str(loc[0]), _keys(kind)))}


def _take_out(value: dict[str, Any], loc: Location) -> None:
    """Remove the innermost key on the way to what is wrong."""
    last = max(index for index, step in enumerate(loc) if isinstance(step, str))
    holder: Any = value
    for step in loc[:last]:
        holder = holder[step]
    holder.pop(loc[last], None)
