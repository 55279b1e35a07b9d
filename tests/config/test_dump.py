"""The effective configuration is a configuration file again."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from exporter.config.dump import dump_config
from tests.support.config_files import CANARY, SERVER, load

FULL = (
    """\
objectives:
  - {match: {server: 'm.*'}, max_age: 26h}
"""
    + SERVER.replace("vb365\n", "enterprise_manager\n")
    + """\
    tls_config: {ca_file: cert.pem, server_name: a.b, cert_file: cert.pem, key_file: key.pem}
    proxy_url: http://proxy:3128
    jobs: {include: ["a", 'b\\d'], exclude: ["1:30", "yes"]}
    session_types: {exclude: [Ä]}
    backup_servers: {include: [x]}
    lookback: 90m
    success_results: [warning]
"""
    + SERVER.removeprefix("servers:\n")
    .replace("m365\n", "b\n")
    .replace("password: ${PASSWORD}", "password_file: secret")
)


@pytest.mark.parametrize("text", [SERVER, FULL], ids=["smallest", "full"])
def test_round_trip(tmp_path: Path, text: str) -> None:
    """What was dumped loads as what was loaded, apart from the secrets."""
    config = load(tmp_path, text)
    again = load(tmp_path, dump_config(config).replace("<secret>", CANARY))
    assert replace(again, path=config.path, warnings=config.warnings) == config


def test_an_objective_keeps_its_types(tmp_path: Path) -> None:
    """Also those that nobody wrote."""
    config = load(tmp_path, "objectives: [{max_age: 1d}]\n" + SERVER)
    again = load(tmp_path, dump_config(config).replace("<secret>", CANARY))
    assert again.objectives == config.objectives


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    """Every setting is shown with its unit, also one that nobody wrote."""
    (server,) = yaml.safe_load(dump_config(load(tmp_path, SERVER)))["servers"]
    assert (server["poll_interval"], server["lookback"]) == ("1m", "14d")
    assert server["success_results"] == ["success", "warning"]
    assert server["tls_config"] == {"insecure_skip_verify": False, "pinned_sha256": []}
    assert server["password"] == "<secret>"


def test_proxy_credentials(tmp_path: Path) -> None:
    """Of a proxy with credentials the address is shown, and it still loads."""
    config = load(tmp_path, SERVER + "    proxy_url: http://me:${PASSWORD}@proxy:3128\n")
    (server,) = yaml.safe_load(dump_config(config))["servers"]
    assert server["proxy_url"] == "http://<secret>@proxy:3128"
