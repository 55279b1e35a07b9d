"""The entry of an Enterprise Manager in a configuration file, read with the real products."""

from pathlib import Path

import pytest

from exporter.config.load import load_config
from exporter.config.values import Selection, ServerConfig
from exporter.errors import ConfigurationError
from exporter.sources import SOURCES
from exporter.sources.enterprise_manager.sessions import CHILD_TYPES
from tests.support.example import EXAMPLE, load_example

PRODUCTS = {name: product.facts for name, product in SOURCES.items()}
ENTRY = """\
servers:
  - name: em
    product: enterprise_manager
    url: https://em.example.com:9398
    username: 'LAB\\svc-monitor'
    password: secret
"""


def load(folder: Path, text: str) -> ServerConfig:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, PRODUCTS, {}).servers[0]


def test_the_entry_of_the_example_is_good(tmp_path: Path) -> None:
    """Its pace there is the product's own."""
    servers = load_example(tmp_path).servers
    (server,) = [one for one in servers if one.product == "enterprise_manager"]
    assert (server.poll_interval, server.overlap) == (300.0, 3600.0)


def test_the_example_says_what_is_left_out_by_default() -> None:
    """Or nobody would know what to include."""
    example = EXAMPLE.read_text(encoding="utf-8")
    assert all(name in example for name in CHILD_TYPES)


def test_its_defaults_follow_its_own_pace(tmp_path: Path) -> None:
    """It refreshes its data every 15 minutes, and sessions show up that late."""
    server = load(tmp_path, ENTRY)
    assert (server.poll_interval, server.overlap, server.page_size) == (300.0, 3600.0, 500)
    assert server.api_version == "auto"


@pytest.mark.parametrize("version", ["1.5", "v1.6", "V1.7"])
def test_a_version_may_be_pinned(tmp_path: Path, version: str) -> None:
    """With or without its letter."""
    server = load(tmp_path, f'{ENTRY}    api_version: "{version}"\n')
    assert server.api_version == f"v{version[-3:]}"


def test_backup_servers_are_chosen_by_patterns(tmp_path: Path) -> None:
    """As jobs are."""
    chosen = load(tmp_path, f'{ENTRY}    backup_servers: {{exclude: ["vbr0.*"]}}\n')
    selection = chosen.options["backup_servers"]
    assert isinstance(selection, Selection)
    assert selection.admits("vbr10")
    assert not selection.admits("vbr01.lab.example")
    assert load(tmp_path, ENTRY).options["backup_servers"] == Selection()


def test_an_unknown_key_is_told(tmp_path: Path) -> None:
    """The keys of this product do not open the door to others."""
    with pytest.raises(ConfigurationError, match="backup_server: unknown key"):
        load(tmp_path, f"{ENTRY}    backup_server: {{include: [x]}}\n")
