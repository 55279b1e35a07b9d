"""What the alerts say to people, filled in by Prometheus itself and kept as a golden file."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.golden import assert_golden
from tests.support.rules import RULE_FILES, alerts
from tests.support.tools import require_tool

FOLDER = Path(__file__).parent
TIMES = ("130m", "185m", "245m", "330m", "27h")
"""When the world of messages.yml is looked at; the first time at which an alert fires counts."""

FOUND = re.compile(r"alertname: (\w+), time: (\w+),|Annotations:\{(.*)\}")
NOTE = re.compile(r'(dashboard_url|description)="((?:[^"\\]|\\.)*)"')


def ask_for_everything(folder: Path) -> str:
    """What promtool reports where it is told that no alert fires, although each one does."""
    document = yaml.safe_load((FOLDER / "messages.yml").read_text(encoding="utf-8"))
    document["rule_files"] = [str(path) for path in RULE_FILES]
    document["tests"][0]["alert_rule_test"] = [
        {"eval_time": time, "alertname": alert.name, "exp_alerts": []}
        for time in TIMES
        for alert in alerts()
    ]
    path = folder / "messages.test.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [require_tool("promtool"), "test", "rules", str(path)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    return run.stdout + run.stderr


def messages(report: str) -> dict[str, list[str]]:
    """Description and dashboard of each firing alert, at the first time it fires."""
    said: dict[str, list[str]] = {}
    seen_at: dict[str, str] = {}
    alert = time = ""
    for name, moment, notes in FOUND.findall(report):
        if name:
            alert, time = name, moment
        elif seen_at.setdefault(alert, time) == time:
            found = dict(NOTE.findall(notes))
            text = f"{found['description']}\n    {found['dashboard_url']}".replace('\\"', '"')
            said.setdefault(alert, []).append(text)
    return said


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Every message of every alert."""
    return messages(ask_for_everything(tmp_path_factory.mktemp("messages")))


def test_every_alert_has_something_to_say(said: dict[str, list[str]]) -> None:
    """The world of messages.yml leaves no alert out."""
    assert sorted(said) == sorted(alert.name for alert in alerts())


def test_no_template_fails(said: dict[str, list[str]]) -> None:
    """A broken template shows only when it is filled in."""
    assert [text for texts in said.values() for text in texts if "<error" in text] == []


def test_no_message_names_a_job_that_is_none(said: dict[str, list[str]]) -> None:
    """A run of its own, such as a restore, belongs to no job."""
    texts = [text for texts in said.values() for text in texts]
    assert [text for text in texts if 'Job ""' in text] == []
    assert len([text for text in texts if "A run without a job" in text]) >= 2


def test_the_messages_are_those_of_the_golden_file(said: dict[str, list[str]]) -> None:
    """Somebody has read them all."""
    lines = ["\n  ".join((name, *sorted(said[name]))) + "\n" for name in sorted(said)]
    assert_golden(FOLDER / "alert_messages.txt", "\n".join(lines))
