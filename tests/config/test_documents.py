"""What is written about the configuration agrees with the schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exporter.config.checking import inner_block
from exporter.config.reference import configuration_reference
from exporter.config.schema import Block, FileBlock, GlobalBlock
from exporter.sources import SOURCES
from tests.support.example import EXAMPLE, load_example

ROOT = Path(__file__).parents[2]


def schema_keys(block: type[Block], way: str = "") -> Iterator[str]:
    """Every key of the file, with the blocks it stands in; settings only where they are shown."""
    for name, info in block.model_fields.items():
        if block is not GlobalBlock and name in GlobalBlock.model_fields:
            continue
        key = f"{way}/{info.alias or name}"
        inner = inner_block(info.annotation)
        yield from schema_keys(inner, key) if inner else [key]


def written_keys(value: Any, way: str = "") -> Iterator[str]:
    """Every key of a document, in the same form."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{way}/{key}"
            yield from written_keys(inner, f"{way}/{key}")
    if isinstance(value, list):
        for item in value:
            yield from written_keys(item, way)


def test_example_loads(tmp_path: Path) -> None:
    """The example is a good configuration without a warning, with one server of each product."""
    config = load_example(tmp_path)
    assert sorted(server.product for server in config.servers) == sorted(SOURCES)
    assert config.warnings == ()


def test_example_is_complete() -> None:
    """Every key of the schema is in the example."""
    written = set(written_keys(yaml.safe_load(EXAMPLE.read_text())))
    assert set(schema_keys(FileBlock)) - written == set()


def test_reference_page() -> None:
    """The committed page is what the generator writes."""
    assert (ROOT / "docs/configuration.md").read_text() == configuration_reference()


def test_reference_names_every_key() -> None:
    """Every key of the schema has a row with a placeholder and a meaning."""
    page = configuration_reference()
    for key in schema_keys(FileBlock):
        rows = [row for row in page.splitlines() if row.startswith(f"| `{key.split('/')[-1]}` |")]
        assert rows, key
        assert all("<" in row and len(row.split("|")[-2].strip()) > 10 for row in rows)
