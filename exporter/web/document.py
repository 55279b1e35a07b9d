"""A YAML file read strictly: every problem with its line, none stops the reading of the rest.

A reader is a function from an `Item` to a value. It reports what it refuses and then returns None,
so that one pass over the file finds everything there is to mend.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

TAG = "tag:yaml.org,2002:"
TRUE_WORDS = frozenset({"true", "yes", "on"})
NO_YAML = "this is not valid YAML; look at indentation, colons and quotes here and just above"


class Problems:
    """What is wrong with a file, as lines like `web.yml:3: tls_server_config.cert: …`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[tuple[int, str]] = []
        self._lines: dict[str, int] = {}

    def place(self, path: str, line: int) -> None:
        """Remember the line of a key, for problems that only show later."""
        self._lines[path] = line

    def add(self, path: str, message: str) -> None:
        """Report a problem at a key; its line is that of the nearest key that was placed."""
        known = path
        while known and known not in self._lines:
            known = known.rpartition(".")[0]
        self.add_line(self._lines.get(known, 1), f"{path}: {message}")

    def add_line(self, line: int, message: str) -> None:
        """Report a problem at a line."""
        self._found.append((line, message))

    def told(self) -> tuple[str, ...]:
        """All problems in the order of their lines."""
        return tuple(f"{self._file}:{line}: {text}" for line, text in sorted(self._found))


@dataclass(frozen=True, slots=True)
class Item:
    """One value in the file, with the path of keys that leads to it."""

    node: yaml.Node
    path: str
    problems: Problems

    def refuse(self, message: str) -> None:
        """Report this value as a problem."""
        self.problems.add_line(self.line, f"{self.path}: {message}" if self.path else message)

    @property
    def line(self) -> int:
        """Where the value stands, counted from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def empty(self) -> bool:
        """Whether nothing was written after the key."""
        return self.node.tag == f"{TAG}null"

    def scalar(self, kind: str) -> str | None:
        """The text of a value of this YAML type (`str`, `int`, `bool`), else None."""
        matches = isinstance(self.node, yaml.ScalarNode) and self.node.tag == TAG + kind
        return str(self.node.value) if matches else None

    def entries(self) -> Iterator[tuple[str, "Item"]]:
        """Keys and values of a mapping; duplicate and unnamed keys are reported and left out."""
        if self.empty:
            return
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("expected keys and values")
            return
        seen: set[str] = set()
        for key_node, value_node in self.node.value:
            if not isinstance(key_node, yaml.ScalarNode) or not key_node.value:
                Item(key_node, self.path, self.problems).refuse("a key must be a word")
                continue
            key = str(key_node.value)
            item = self._child(key, key_node, value_node)
            if key in seen:
                self.problems.add(item.path, "this key is there twice")
                continue
            seen.add(key)
            yield key, item

    def _child(self, key: str, key_node: yaml.Node, value_node: yaml.Node) -> "Item":
        path = f"{self.path}.{key}" if self.path else key
        self.problems.place(path, int(key_node.start_mark.line) + 1)
        return Item(value_node, path, self.problems)

    def members(self) -> Iterator["Item"]:
        """The values of a list."""
        if self.empty:
            return
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("expected a list")
            return
        for index, node in enumerate(self.node.value):
            yield Item(node, f"{self.path}[{index}]", self.problems)


Reader = Callable[[Item], Any]


def compose(text: str, problems: Problems) -> Item | None:
    """The root of a YAML text; None when it is empty or no YAML at all, which is reported."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # The parser's own words may quote what stands there, and that may be a secret.
        problems.add_line(error.problem_mark.line + 1 if error.problem_mark else 1, NO_YAML)
        return None
    except (yaml.YAMLError, RecursionError):
        problems.add_line(1, NO_YAML)
        return None
    return None if node is None else Item(node, "", problems)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` when one of the known words is close, else nothing."""
    # Only a slip in a file needs it.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def section(fields: Mapping[str, Reader]) -> Reader:
    """Reads a mapping with these keys and no others into a dict of what was given."""

    def read(item: Item) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, child in item.entries():
            reader = fields.get(key)
            if reader is None:
                item.problems.add(child.path, f"unknown key{suggestion(key, fields)}")
            else:
                values[key] = reader(child)
        return values

    return read


def words(reader: Reader) -> Reader:
    """Reads a list of words; blank members are refused, and refused ones left out."""

    def read(item: Item) -> tuple[Any, ...]:
        values = []
        for member in item.members():
            value = reader(member)
            if value == "":
                member.refuse("nothing is written here")
            elif value is not None:
                values.append(value)
        return tuple(values)

    return read


def choice(table: Mapping[str, Any], refused: Mapping[str, str] | None = None) -> Reader:
    """Reads one word of a table and gives what stands beside it; a blank is the empty text.

    `refused` holds words that are understood and not accepted, with the sentence that says why.
    """

    def read(item: Item) -> Any:
        word = text(item)
        if not word:
            return word
        if refused and word in refused:
            item.refuse(refused[word])
            return None
        if word not in table:
            item.refuse(f"unknown word{suggestion(word, table)}; known are {', '.join(table)}")
        return table.get(word)

    return read


def text(item: Item) -> str | None:
    """Reads a text; nothing after the key is the empty text."""
    if item.empty:
        return ""
    value = item.scalar("str")
    if value is None:
        item.refuse("expected a text; put it in quotes")
    return value


def boolean(item: Item) -> bool | None:
    """Reads true or false."""
    value = item.scalar("bool")
    if value is None:
        item.refuse("expected true or false")
        return None
    return value.lower() in TRUE_WORDS


def whole_number(item: Item) -> int | None:
    """Reads a whole number from 0."""
    value = item.scalar("int")
    if value is None or not value.isdecimal():
        item.refuse("expected a whole number from 0")
        return None
    return int(value)
