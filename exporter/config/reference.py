"""The reference page of the configuration file, written from the schema.

`python -m exporter.config.reference > docs/configuration.md` renews the page; a test compares it.
"""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pydantic.fields import FieldInfo

from exporter.config.checking import inner_block
from exporter.config.durations import format_duration
from exporter.config.fields import Placeholder
from exporter.config.schema import (
    Block,
    FileBlock,
    GlobalBlock,
    JobsBlock,
    MatchBlock,
    ObjectiveBlock,
    ServerBlock,
    SessionTypesBlock,
    TlsBlock,
)
from exporter.config.values import ServerConfig

_LEAD = """\
<!-- Written by `python -m exporter.config.reference > docs/configuration.md`; do not edit. -->
# Configuration file

One YAML file, named by `--config.file` (default `config.yaml`). `config.example.yaml` shows every
key in use. `--config.check` prints every problem of a file, or "ok"; starting and reloading check
in the same way, and a reload that finds a problem leaves the running configuration as it is.

- Unknown keys, duplicate keys and values of the wrong type are errors. All of them are reported at
  once, one line each: `config.yaml:12: servers[1].pasword: unknown key; did you mean "password"?`
- A setting is looked for on the server, then in `global`, then in the product's own defaults, then
  in the general defaults listed here. A setting written in `global` therefore also replaces the
  default of a product that would like another one.
- File names are relative to the directory of the configuration file. Every file that is named must
  exist, be readable and hold what its key asks for when the configuration is loaded.
- What works and is still unwise, such as a password sent unencrypted, is a warning: on stderr of
  `--config.check`, and in the log of a start.
- `${NAME}` stands for an environment variable in `url`, `username`, `password`, `password_file`
  and `proxy_url`, alone or within a longer text. A variable that is not set is an error.
- Regular expressions are Python's and are anchored: they must match the whole text. A dot matches
  any character.
- Anchors, aliases and merge keys of YAML work; tags do not. A file may be 1 MiB long.
- No secret is ever shown: not on `/config`, not in a log, not in a message about a mistake.

## Placeholders

| placeholder | value |
|---|---|
"""
_PLACEHOLDERS = (
    ("`<boolean>`", "`true` or `false`"),
    ("`<duration>`", "numbers with units out of `y`, `w`, `d`, `h`, `m`, `s`, `ms` in that order: "
     "`90s`, `1h30m`, `14d`; a day has 24 hours, a year 365 days; only `0` needs no unit"),
    ("`<filename>`", "the name of a file, relative to the configuration file's directory"),
    ("`<int>`", "a whole number"),
    ("`<name>`", "text of up to 200 printable characters"),
    ("`<product>`", "the name of a product"),
    ("`<regex>`", "a regular expression; it must match the whole text"),
    ("`<result>`", "`success`, `warning`, `failed`, `canceled` or `unknown`"),
    ("`<secret>`", "text that is never shown"),
    ("`<sha256>`", "64 hexadecimal digits, with or without colons"),
    ("`<string>`", "text that is not empty"),
    ("`<url>`", "an address that begins with `https://` or `http://`"),
    ("`<version>`", "`auto` or a version of the product's API: `v8`, or `8` for short"),
)  # fmt: skip
_SECTIONS: tuple[tuple[str, type[Block]], ...] = (
    ("Top level", FileBlock),
    ("`global`", GlobalBlock),
    ("`objectives[]`", ObjectiveBlock),
    ("`objectives[].match`", MatchBlock),
    ("`servers[]`", ServerBlock),
    ("`servers[].tls_config`", TlsBlock),
    ("`servers[].jobs`", JobsBlock),
    ("`servers[].session_types`", SessionTypesBlock),
)
_DEFAULTS = {field.name: field.default for field in fields(ServerConfig)}
_OWN_DEFAULTS: dict[tuple[type[Block], str], str] = {
    **{(MatchBlock, key): "`.*`" for key in MatchBlock.model_fields},
    (MatchBlock, "session_type"): "what recurs",
    (TlsBlock, "insecure_skip_verify"): "`false`",
}


def configuration_reference() -> str:
    """The whole page as Markdown."""
    placeholders = "".join(f"| {name} | {meaning} |\n" for name, meaning in _PLACEHOLDERS)
    return "\n".join([_LEAD + placeholders, *(_section(*section) for section in _SECTIONS)])


def _section(title: str, block: type[Block]) -> str:
    text = " ".join(inspect.cleandoc(block.__doc__ or "").split())
    head = f"## {title}\n\n{text}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
    return head + "".join(_rows(block))


def _rows(block: type[Block]) -> Iterator[str]:
    """One line for each key of `block` that the page has not explained with another block."""
    for name, info in block.model_fields.items():
        if block is not GlobalBlock and name in GlobalBlock.model_fields:
            continue
        key, default = info.alias or name, _default(block, name)
        yield f"| `{key}` | {_value(info)} | {default} | {info.description} |\n"


def _value(info: FieldInfo) -> str:
    """What stands behind a key: a placeholder, a list of them, or a block of its own."""
    listed = "list[" in str(info.annotation)
    inner = inner_block(info.annotation)
    text = "mapping" if inner else f"`{_placeholder(info.annotation, info.metadata)}`"
    return f"list of {text}{'s' if inner else ''}" if listed else text


def _placeholder(annotation: Any, metadata: Any = ()) -> str:
    """The placeholder of a type, however deep it is wrapped."""
    found = [item.text for item in metadata if isinstance(item, Placeholder)]
    if found:
        return found[0]
    parts = getattr(annotation, "__args__", ())
    inner = (_placeholder(part, getattr(part, "__metadata__", ())) for part in parts)
    return next((text for text in inner if text), "")


def _default(block: type[Block], name: str) -> str:
    own = _OWN_DEFAULTS.get((block, name), "")
    value = _DEFAULTS.get(name) if issubclass(block, GlobalBlock) else None
    if isinstance(value, float):
        return f"`{format_duration(value)}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    return f"`{value}`" if isinstance(value, str | int) else own


if __name__ == "__main__":
    sys.stdout.write(configuration_reference())
