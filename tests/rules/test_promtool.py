"""Prometheus' own judgement of the shipped rules: syntax, and what fires when."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.rules import ROOT, RULE_FILES, alerts
from tests.support.tools import require_tool

FOLDER = Path(__file__).parent
TEST_FILES = sorted(FOLDER.glob("*.test.yml"))
NAMES = [alert.name for alert in alerts()]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool; its verdict is the exit code."""
    command = [require_tool("promtool"), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@cache
def unit_tests() -> list[dict[str, Any]]:
    """Every test of every file."""
    documents = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in TEST_FILES)
    return [test for document in documents for test in document["tests"]]


def expected_to_fire(test: dict[str, Any]) -> set[str]:
    """The alerts that a unit test says fire at one time or another."""
    samples = [sample for query in test["promql_expr_test"] for sample in query["exp_samples"]]
    return set(re.findall(r'alertname="(\w+)"', str(samples)))


def metrics_of(test: dict[str, Any]) -> set[str]:
    """The metrics that a unit test feeds."""
    return {series["series"].partition("{")[0] for series in test["input_series"]}


def test_promtool_accepts_the_rules() -> None:
    """Syntax, duplicates and templates."""
    run = promtool("check", "rules", *RULE_FILES)
    assert run.returncode == 0, run.stderr


def test_promtool_accepts_the_sample_configuration() -> None:
    """The sample finds its rule files and has no unknown key."""
    run = promtool("check", "config", ROOT / "deploy" / "prometheus" / "prometheus.yml")
    assert run.returncode == 0, run.stderr
    assert f"{len(RULE_FILES)} rule files found" in run.stdout


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_the_unit_tests_of_the_rules_hold(path: Path) -> None:
    """What fires, what stays silent, and the pitfalls of counting."""
    run = promtool("test", "rules", path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    """The unit tests can fail: an alert that should fire and does not."""
    document = yaml.safe_load((FOLDER / "server_alerts.test.yml").read_text(encoding="utf-8"))
    document["rule_files"] = [str(path) for path in RULE_FILES]
    document["tests"] = document["tests"][:1]
    document["tests"][0]["promql_expr_test"][0]["exp_samples"] = [
        {"labels": '{alertname="BackupServerPollFailing", server="back"}', "value": 1}
    ]
    path = tmp_path / "wrong.test.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert promtool("test", "rules", path).returncode != 0


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_is_shown_to_fire(name: str) -> None:
    """A rule that nobody has seen firing may be dead."""
    assert any(name in expected_to_fire(test) for test in unit_tests())


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_is_shown_to_stay_silent(name: str) -> None:
    """A test whose name says so feeds it near misses."""
    silent = [test for test in unit_tests() if name in test["name"] and "silent" in test["name"]]
    assert silent
    assert all(metrics_of(test) for test in silent)
