"""The filter language of Enterprise Manager's queries.

After the vendor's pages "Query Comparison", "AND/OR Operators" and "Grouping": `Field==value`,
`;` for and, `,` for or, parentheses. And binds closer than or. Names and words have no case.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[=!<>]=|[<>])|(?P<mark>[;,()])|(?P<quoted>"(?:[^"]|"")*")'
    r'|(?P<word>[^;,()=!<>"]+))'
)


@dataclass(frozen=True, slots=True)
class Field:
    """Something to filter and sort by: `read` gets it from a row, `parse` from the filter's text.

    Both give values that compare; `parse` raises ValueError. A row may have no value (None).
    """

    read: Callable[[Any], Any]
    parse: Callable[[str], Any]


Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. A row without a value differs from everything and is else left out."""

    name: str
    sign: str
    value: Any
    field: Field

    def holds(self, row: object) -> bool:
        """Whether the row fulfils it."""
        actual = self.field.read(row)
        if actual is None:
            return self.sign == "!="
        return SIGNS[self.sign](actual, self.value)


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts; without any it lets every row pass."""

    parts: tuple["Expression", ...] = ()

    def holds(self, row: object) -> bool:
        """Whether the row fulfils all."""
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts."""

    parts: tuple["Expression", ...]

    def holds(self, row: object) -> bool:
        """Whether the row fulfils one."""
        return any(part.holds(row) for part in self.parts)


Expression = Condition | Every | Either


def parsed(text: str, fields: Fields) -> Expression:
    """A filter as something that rows can be held against. Raises ValueError with a sentence."""
    if not text.strip():
        return Every()
    reader = _Reader(list(_tokens(text)), fields)
    found = reader.either()
    if reader.left:
        raise ValueError(f"Unexpected '{reader.left[0][1]}' in the filter")
    return found


def certain(expression: Expression) -> Iterator[Condition]:
    """The comparisons that every row of the result fulfils."""
    if isinstance(expression, Condition):
        yield expression
    elif isinstance(expression, Every):
        for part in expression.parts:
            yield from certain(part)


class _Reader:
    """Takes tokens from the front as the grammar wants them."""

    def __init__(self, tokens: list[tuple[str, str]], fields: Fields) -> None:
        self.left = tokens
        self._fields = fields

    def either(self) -> Expression:
        return self._joined(",", self._every, Either)

    def _every(self) -> Expression:
        return self._joined(";", self._term, Every)

    def _joined(
        self,
        mark: str,
        part: Callable[[], Expression],
        whole: Callable[[tuple[Expression, ...]], Expression],
    ) -> Expression:
        parts = [part()]
        while self.left and self.left[0] == ("mark", mark):
            self.left.pop(0)
            parts.append(part())
        return parts[0] if len(parts) == 1 else whole(tuple(parts))

    def _term(self) -> Expression:
        if self.left and self.left[0] == ("mark", "("):
            self.left.pop(0)
            inner = self.either()
            self._take("mark", ")")
            return inner
        name = self._take("word")
        field = self._fields.get(name.lower())
        if field is None:
            raise ValueError(f"Unknown property '{name}' in the filter")
        sign = self._take("sign")
        return Condition(name.lower(), sign, field.parse(self._take("word", "quoted")), field)

    def _take(self, *wanted: str) -> str:
        """The next token, if its kind or its text is wanted."""
        kind, text = self.left.pop(0) if self.left else ("end", "")
        if kind not in wanted or (wanted[0] == "mark" and text != wanted[1]):
            raise ValueError(f"Unexpected '{text}' in the filter" if text else "The filter ends")
        if kind == "quoted":
            return text[1:-1].replace('""', '"')
        return text.replace(" ", "")  # the product ignores spaces outside of quotes


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ValueError(f"Unexpected '{text[position:].strip()[0]}' in the filter")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


def text_field(read: Callable[[Any], str | None]) -> Field:
    """Text, compared without case."""
    return Field(lambda row: _folded(read(row)), str.casefold)


def identity_field(read: Callable[[Any], str | None]) -> Field:
    """A URN, which may be given as its id alone."""
    return Field(lambda row: _bare(read(row) or ""), _bare)


def word_field(read: Callable[[Any], str], order: tuple[str, ...]) -> Field:
    """A word of a list, compared by its place there; a word that is not in it is beyond all."""
    places = {word.casefold(): place for place, word in enumerate(order)}

    def place_of(text: str) -> int:
        if text.casefold() not in places:
            raise ValueError(f"'{text}' is none of {', '.join(order)}")
        return places[text.casefold()]

    return Field(lambda row: places.get(read(row).casefold(), len(order)), place_of)


def time_field(read: Callable[[Any], float | None]) -> Field:
    """A moment, in seconds since the epoch; text without a zone is UTC."""
    return Field(read, moment_of)


def flag_field(read: Callable[[Any], bool | None]) -> Field:
    """True or false."""
    flags = {"true": True, "false": False}

    def flag_of(text: str) -> bool:
        if text.lower() not in flags:
            raise ValueError(f"'{text}' is neither true nor false")
        return flags[text.lower()]

    return Field(read, flag_of)


def moment_of(text: str) -> float:
    """An ISO time as seconds since the epoch. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is no date and time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _bare(text: str) -> str:
    return text.rpartition(":")[2].strip().lower()
