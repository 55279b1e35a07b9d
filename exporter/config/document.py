"""YAML text → plain values and the line of each of them.

The composer of PyYAML gives nodes with marks; values are built from them here, so that duplicate
keys are noticed, no tag is ever acted on, and aliases cannot multiply a small file into a large
one. Anchors, aliases and merge keys (`<<`) work. Floats and the like stay numbers, other scalars
that YAML 1.1 would turn into something surprising (`1:30`, `0o17`, dates) stay text.
"""

import re
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from exporter.config.problems import Findings, Location, kind_of, printable

MAX_BYTES = 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 32

# The C parser is ten times faster and bounds nesting itself; the other one is built without it.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_PLAIN = ("null", "bool", "int", "float", "str", "timestamp", "merge", "value", "seq", "map")
_TAGS = frozenset(_TAG + name for name in _PLAIN)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAB = re.compile(" *\t")
_TRUE = frozenset({"yes", "true", "on"})

# The parser's own sentences may quote the file, a password included; ours stand for them.
_SYNTAX = (
    ("undefined alias", "a value that begins with * must be in quotes"),
    ("duplicate anchor", "this anchor exists already; a value that begins with & needs quotes"),
    ("cannot start any token", "a tab or sign that cannot stand here; use spaces or quotes"),
    ("mapping values are not allowed", "a key cannot stand here; check the indentation, or put a "
     "value that holds a colon in quotes"),
    ("expected ':'", "this line needs a colon followed by a space after its key"),
    ("expected a single document", "the file must hold one document; remove the second ---"),
    ("another document", "the file must hold one document; remove the second ---"),
    ("end of stream", "a quote is opened and never closed"),
    ("escape", "an unknown escape in double quotes; use single quotes around a backslash"),
    ("',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("<block end>", "the indentation does not fit the lines above"),
    ("expected key", "the indentation does not fit the lines above, or text follows a quote"),
    ("'-' indicator", "the indentation does not fit the list above"),
    ("tag", "a value that begins with ! must be in quotes"),
    ("alphabetic or numeric", "a value that begins with * or & must be in quotes"),
    ("nesting", "lists and mappings are nested too deeply"),
)  # fmt: skip
# What was opened is more useful to know than where the file ended without closing it.
_NEVER_CLOSED = ("end of stream", "',' or")


class TooBig(Exception):
    """Aliases or nesting make the document larger than any configuration is."""


@dataclass(slots=True)
class Document:
    """The values of a file and, for each location in it, the line it stands on (from 1)."""

    value: object = None
    lines: dict[Location, int] = field(default_factory=dict)


def read_text(path: Path, findings: Findings) -> str | None:
    """The file's text, or None after saying why it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        findings.add((), f"{printable(str(path))} is a directory; name the file in it")
        return None
    except FileNotFoundError as error:
        sentence = f"cannot read {printable(str(path))}: {error.strerror}"
        findings.add((), f"{sentence}; name the file with --config.file")
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a usable path"
        findings.add((), f"cannot read {printable(str(path))}: {why}")
        return None
    if len(raw) > MAX_BYTES:
        findings.add((), "is larger than 1 MiB, which no configuration needs to be")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.add((), "is not UTF-8 text; save it with that encoding", line)
        return None


def parse(text: str, findings: Findings) -> Document | None:
    """The document in `text`, or None after saying why there is none.

    Duplicate keys, keys that are not text and tags are added to `findings`, and what is left of
    the document is returned so that everything else in it can be checked too.
    """
    document = Document()
    findings.know_lines(document.lines)
    try:
        node = yaml.compose(text, Loader=_LOADER)
        if node is not None:
            document.value = _Builder(document.lines, findings).build(node, (), 0)
    except yaml.YAMLError as error:
        _explain(error, text, findings)
        return None
    except (TooBig, RecursionError):
        findings.add((), "is nested too deeply, or its aliases repeat too much", 1)
        return None
    return document


def _explain(error: yaml.YAMLError, text: str, findings: Findings) -> None:
    """One sentence of ours for an error of the parser, with line and column."""
    if isinstance(error, yaml.reader.ReaderError):
        found = _CONTROL.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else None
        findings.add((), "holds a control character, which YAML does not allow", line)
        return
    said = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
    why = next((ours for words, ours in _SYNTAX if words in said), "something is out of place here")
    at_start = any(words in said for words in _NEVER_CLOSED)
    mark = getattr(error, "context_mark" if at_start else "problem_mark", None)
    if mark and any(map(_TAB.match, text.splitlines()[mark.line : mark.line + 1])):
        why = "a tab in the indentation; use spaces"
    column = f" at column {mark.column + 1}" if mark else ""
    findings.add((), f"is not valid YAML{column}: {why}", mark.line + 1 if mark else None)


class _Builder:
    """Builds values out of nodes and remembers where each stood."""

    def __init__(self, lines: dict[Location, int], findings: Findings) -> None:
        self._lines = lines
        self._findings = findings
        self._nodes = 0

    def build(self, node: yaml.Node, location: Location, depth: int) -> object:
        """The value of `node`; every visit counts, also of a node that an alias repeats."""
        self._visit(depth)
        self._lines.setdefault(location, _line(node))
        if node.tag not in _TAGS:
            self._findings.add(location, "YAML tags are not supported; put a value that begins "
                               "with ! in quotes", _line(node))  # fmt: skip
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location, depth)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.build(item, (*location, index), depth + 1) for index, item in items]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, location: Location, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        first: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                merged.append(value_node)
                continue
            key = self._key(key_node, location)
            if key is None:
                continue
            if key in first:
                sentence = f"duplicate key; it stands on line {first[key]} already"
                self._findings.add((*location, key), sentence, _line(key_node))
                continue
            first[key] = _line(key_node)
            self._lines.setdefault((*location, key), first[key])
            values[key] = self.build(value_node, (*location, key), depth + 1)
        for source in merged:
            self._merge(source, values, location, depth + 1)
        return values

    def _key(self, node: yaml.Node, location: Location) -> str | None:
        """The key that `node` is, or None after saying that it is none."""
        key = _scalar(node) if isinstance(node, yaml.ScalarNode) else [node]
        if isinstance(key, str):
            return key
        self._findings.add(location, f"a key must be text, not {kind_of(key)}", _line(node))
        return None

    def _merge(
        self, source: yaml.Node, values: dict[str, object], location: Location, depth: int
    ) -> None:
        """Add what `<<` names; a key that is there already wins, as YAML has it."""
        self._visit(depth)
        if isinstance(source, yaml.SequenceNode):
            for item in source.value:
                self._merge(item, values, location, depth + 1)
            return
        if not isinstance(source, yaml.MappingNode):
            self._findings.add(location, "<< needs a mapping, or a list of them", _line(source))
            return
        fresh = [pair for pair in source.value if not _names_one_of(pair[0], values)]
        inner = yaml.MappingNode(source.tag, fresh, source.start_mark, source.end_mark)
        added = self.build(inner, location, depth)
        assert isinstance(added, dict)
        for key, value in added.items():
            values.setdefault(key, value)

    def _visit(self, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise TooBig


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _names_one_of(node: yaml.Node, keys: Container[str]) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in keys


def _scalar(node: yaml.ScalarNode) -> object:
    """The plain value of a scalar; nothing that could be long, costly or surprising."""
    text, kind = node.value, node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in _TRUE
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(text)
    return str(text)
