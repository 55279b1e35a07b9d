"""The compose stack, read by the real Compose: hardened, complete, and wired to itself."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter import __version__
from exporter.cli.serve import load
from tests.support.dockerfile import DOCKERFILE, ROOT, parse
from tests.support.tools import needs_checkout, require_command, require_tool

FOLDER = ROOT / "deploy" / "compose"
USERS_OWN = {"config.yaml": "config.example.yaml"}
"""Files that a user writes, and what to begin with."""


def compose(*words: str, file: Path = FOLDER / "compose.yaml") -> subprocess.CompletedProcess[str]:
    """Compose's own reading of a file."""
    command = [require_command("docker-compose"), "--file", str(file), "config", *words]
    environment = {"PATH": os.defpath, "HOME": str(file.parent)}
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The whole file as Compose would carry it out."""
    run = compose("--format=json")
    assert (run.returncode, run.stderr) == (0, "")
    stack: dict[str, Any] = json.loads(run.stdout)
    return stack


def test_compose_refuses_a_misspelt_key(tmp_path: Path) -> None:
    """The check can fail."""
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    bad = tmp_path / "compose.yaml"
    bad.write_text(text.replace("read_only: true\n  cap_drop", "read_onlyy: true\n  cap_drop"))
    assert "read_onlyy" in compose("-q", file=bad).stderr


def test_every_container_is_hardened(stack: dict[str, Any]) -> None:
    """Read-only, without capabilities, without new privileges, with a health check."""
    assert set(stack["services"]) == {"exporter", "prometheus", "alertmanager", "grafana"}
    for service in stack["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["healthcheck"]["test"][0] == "CMD"
        assert "privileged" not in service


def test_every_image_has_a_version(stack: dict[str, Any]) -> None:
    """What runs next month is what was tried today."""
    for service in stack["services"].values():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])
    assert stack["services"]["exporter"]["image"].endswith(f":{__version__}")


def test_nothing_is_reached_from_other_hosts(stack: dict[str, Any]) -> None:
    """Each published port is bound to loopback."""
    ports = [port for service in stack["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_mounted_path_exists(stack: dict[str, Any]) -> None:
    """A path that is missing would be made by Docker, as an empty directory of root."""
    mounts = [
        Path(volume["source"])
        for service in stack["services"].values()
        for volume in service["volumes"]
        if volume["type"] == "bind"
    ]
    assert len(mounts) == 6
    users_own = {str(FOLDER / path): FOLDER / example for path, example in USERS_OWN.items()}
    wanted = [users_own.get(str(path), path) for path in mounts]
    assert [path for path in wanted if not path.exists()] == []


def test_a_missing_file_stops_the_start(stack: dict[str, Any]) -> None:
    """Who forgot to copy config.yaml is told so; no empty directory stands in its place."""
    for service in stack["services"].values():
        for volume in service["volumes"]:
            created = volume.get("bind", {}).get("create_host_path")
            assert volume["type"] == "volume" or created is not True


def test_mounts_and_volumes_are_what_is_written_to(stack: dict[str, Any]) -> None:
    """Files of the repository are read-only; only named volumes take data."""
    for service in stack["services"].values():
        for volume in service["volumes"]:
            assert volume["type"] == "volume" or volume["read_only"] is True


def test_secrets_are_files(stack: dict[str, Any]) -> None:
    """No password stands in the environment, where every child process could read it."""
    for secret in stack["secrets"].values():
        assert Path(secret["file"]).parent == FOLDER / "secrets"
    for service in stack["services"].values():
        words = [name for name in service.get("environment", {}) if "PASSWORD" in name]
        assert all(name.endswith("__FILE") for name in words)


@needs_checkout
def test_what_users_write_cannot_be_committed() -> None:
    """Configuration and secrets are ignored by git."""
    ignored = ["config.yaml", "secrets/m365", "secrets/grafana"]
    command = ["git", "check-ignore", *ignored]
    run = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True)
    assert run.stdout.split() == ignored


def test_the_health_check_is_that_of_the_image(stack: dict[str, Any]) -> None:
    """One command in both places."""
    (check,) = [
        one.arguments.partition("CMD ")[2]
        for one in parse(DOCKERFILE.read_text(encoding="utf-8"))
        if one.keyword == "HEALTHCHECK"
    ]
    assert stack["services"]["exporter"]["healthcheck"]["test"][1:] == json.loads(check)


def test_the_example_configuration_loads(stack: dict[str, Any], tmp_path: Path) -> None:
    """With the secrets that the exporter's container gets, and no others."""
    names = [secret["source"] for secret in stack["services"]["exporter"]["secrets"]]
    for name in names:
        (tmp_path / name).write_text("secret")
    text = (FOLDER / "config.example.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(text.replace("/run/secrets", str(tmp_path)))
    assert len(load(tmp_path / "config.yaml").servers) == 1


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    """With the rules where the container has them."""
    shutil.copy(FOLDER / "prometheus.yml", tmp_path)
    shutil.copytree(ROOT / "deploy" / "prometheus" / "rules", tmp_path / "rules")
    command = [require_tool("promtool"), "check", "config", tmp_path / "prometheus.yml"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_prometheus_knows_the_others_by_their_names(stack: dict[str, Any]) -> None:
    """Every target is a service of the stack on a port that it publishes."""
    text = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    targets = [
        target
        for section in (*config["scrape_configs"], *config["alerting"]["alertmanagers"])
        for entry in section["static_configs"]
        for target in entry["targets"]
    ]
    assert targets
    for name, _, port in (target.partition(":") for target in targets):
        assert int(port) in {entry["target"] for entry in stack["services"][name]["ports"]}


def test_prometheus_differs_from_the_sample_in_addresses_only() -> None:
    """Intervals, rules and limits of both files stay in step."""
    sample = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    ours = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    for config in (sample, ours):
        for section in (*config["scrape_configs"], *config["alerting"]["alertmanagers"]):
            del section["static_configs"]
    assert ours == sample


def test_grafana_finds_prometheus_and_the_dashboards(stack: dict[str, Any]) -> None:
    """The provisioned addresses, folders and intervals are those of the stack."""
    provisioning = ROOT / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((provisioning / "dashboards/backup.yml").read_text())["providers"]
    mounted = {
        volume["target"]: volume["source"]
        for volume in stack["services"]["grafana"]["volumes"]
        if volume["type"] == "bind"
    }
    assert source["url"] == "http://prometheus:9090"
    prometheus = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    assert mounted[provider["options"]["path"]] == str(ROOT / "grafana" / "dashboards")
