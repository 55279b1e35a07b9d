"""Every alert over an exporter restart, a gap in the scrapes and an outage of the server.

The unit tests of the rules are run again with samples taken away, and the world of messages.yml, in
which every alert fires, is looked at in the middle of a gap.
"""

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promtool_series import LOST, samples, without
from tests.support.rules import RULE_FILES, alerts
from tests.support.tools import require_tool

FOLDER = Path(__file__).parent
ALERT_TESTS = sorted(FOLDER.glob("*_alerts.test.yml"))
SHORT: Mapping[str, int] = {"1m": 4, "5m": 1}
"""Scrapes that may be missing in a row without anything vanishing, by their interval."""

MESSAGES = {alert.name for alert in alerts() if alert.labels["severity"] != "info"}
"""Alerts that somebody is told of: a message that they are over must be true."""

TROUBLE = (340, 1630)
"""Minutes at which the world of messages.yml has trouble, all of it at one or the other."""

GAP = 10
"""Minutes without a scrape: longer than Prometheus remembers a sample."""

FOUND = re.compile(r"alertname: (\w+), time: (\w+),")


def promtool(folder: Path, document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run unit tests that are composed here."""
    path = folder / "disturbed.test.yml"
    rules = {"rule_files": [str(path) for path in RULE_FILES]}
    path.write_text(yaml.safe_dump({**document, **rules}), encoding="utf-8")
    command = [require_tool("promtool"), "test", "rules", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def read(path: Path) -> dict[str, Any]:
    """A file of unit tests."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def with_lost_scrapes(test: dict[str, Any]) -> dict[str, Any]:
    """A unit test in which scrapes fail again and again, where they would have told nothing new."""
    lost = SHORT[test["interval"]]
    rows = []
    for row in test["input_series"]:
        told = samples(row["values"])
        kept = [
            LOST if index % (3 * lost) >= 2 * lost and index > 0 and now == told[index - 1] else now
            for index, now in enumerate(told)
        ]
        rows.append({**row, "values": " ".join(kept)})
    return {**test, "input_series": rows}


def firing(folder: Path, world: dict[str, Any], minutes: Iterable[int]) -> dict[int, set[str]]:
    """Which alerts fire when: promtool reports each, being told that none does."""
    times = {f"{minute // 60}h{minute % 60}m": minute for minute in minutes}
    questions = [
        {"eval_time": time, "alertname": alert.name, "exp_alerts": []}
        for time in times
        for alert in alerts()
    ]
    document = read(FOLDER / "messages.yml")
    report = promtool(folder, {**document, "tests": [{**world, "alert_rule_test": questions}]})
    found: dict[int, set[str]] = {minute: set() for minute in times.values()}
    for name, time in FOUND.findall(report.stdout + report.stderr):
        found[_minutes(time)].add(name)
    return found


def _minutes(time: str) -> int:
    units = {"d": 1440, "h": 60, "m": 1, "s": 0}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([dhms])", time))


@pytest.mark.parametrize("path", ALERT_TESTS, ids=lambda path: path.name)
def test_a_short_restart_changes_nothing(tmp_path: Path, path: Path) -> None:
    """Each alert fires and stays silent as before when the exporter is away for a few scrapes."""
    document = read(path)
    document["tests"] = [with_lost_scrapes(test) for test in document["tests"]]
    run = promtool(tmp_path, document)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("moment", TROUBLE)
def test_a_gap_ends_no_alert_that_sends_messages(tmp_path: Path, moment: int) -> None:
    """Nobody is told that trouble is over because nothing was scraped for ten minutes."""
    world = read(FOLDER / "messages.yml")["tests"][0]
    disturbed = without(world, moment // 5 + 1, (moment + GAP) // 5)
    watched = range(moment, moment + 6 * GAP, 5)
    steady, found = firing(tmp_path, world, watched), firing(tmp_path, disturbed, watched)
    assert found[moment] == steady[moment]
    lost = {minute: (steady[minute] & MESSAGES) - found[minute] for minute in watched}
    assert {minute: names for minute, names in lost.items() if names} == {}


@pytest.mark.parametrize("moment", TROUBLE)
def test_what_is_over_is_said_to_be_over_within_the_hour(tmp_path: Path, moment: int) -> None:
    """No alert that sends messages outlives its reason: here everything it was about is gone."""
    world = read(FOLDER / "messages.yml")["tests"][0]
    last = max(len(samples(row["values"])) for row in world["input_series"])
    found = firing(tmp_path, without(world, moment // 5 + 1, last), (moment, moment + 60))
    assert len(found[moment] & MESSAGES) > 5
    assert found[moment + 60] & MESSAGES <= {"BackupExporterDown"}


def test_the_moments_of_trouble_leave_no_message_out(tmp_path: Path) -> None:
    """The test above looks at every alert that somebody is told of."""
    world = read(FOLDER / "messages.yml")["tests"][0]
    found = firing(tmp_path, world, TROUBLE)
    assert MESSAGES - found[TROUBLE[0]] - found[TROUBLE[1]] == set()
