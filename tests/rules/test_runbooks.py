"""The runbooks: one for each alert, complete, and with queries that exist."""

import re
from pathlib import Path

import pytest

from tests.support.promql import problems
from tests.support.rules import ROOT, Rule, alerts, catalogue

FOLDER = ROOT / "docs" / "runbooks"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
ALERTS = alerts()
NAMES = frozenset(alert.name for alert in ALERTS)
CATALOGUE = catalogue()


def queries(text: str) -> list[str]:
    """The PromQL of a page."""
    return re.findall(r"```promql\n(.*?)```", text, flags=re.DOTALL)


def alerts_named(text: str) -> frozenset[str]:
    """What looks like the name of an alert."""
    return frozenset(re.findall(r"\bBackup(?:Session|Job|Server|Exporter)[A-Z]\w+", text))


def faults(text: str) -> list[str]:
    """What is wrong with a page's order and its queries, one line each."""
    found = [problem for query in queries(text) for problem in problems(query, CATALOGUE)]
    if re.findall(r"^## (.*)$", text, flags=re.MULTILINE) != HEADINGS:
        found.append("the headings are not those of every runbook")
    if not queries(text):
        found.append("there is no query")
    return found + [f"there is no alert {name}" for name in sorted(alerts_named(text) - NAMES)]


def test_alerts_and_runbooks_are_pairs() -> None:
    """No alert without a page, no page without an alert."""
    assert {path.stem for path in PAGES} == NAMES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_runbook_is_complete_and_its_queries_exist(path: Path) -> None:
    """Meaning, impact, diagnosis with queries over existing metrics, mitigation."""
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_begins_with_what_the_alert_says(alert: Rule) -> None:
    """Name, severity and summary are those of the rule."""
    text = (FOLDER / f"{alert.name}.md").read_text(encoding="utf-8")
    severity, summary = alert.labels["severity"], alert.annotations["summary"]
    assert text.startswith(f"# {alert.name}\n\nSeverity: {severity}. {summary}\n")


def test_the_index_lists_every_alert_in_the_order_of_the_rules() -> None:
    """The table of contents follows the file of the alerts."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert rows == [
        f"| [{alert.name}]({alert.name}.md) | {alert.labels['severity']} |"
        f" {alert.annotations['summary']} |"
        for alert in ALERTS
    ]


GOOD_PAGE = "".join(f"## {heading}\n" for heading in HEADINGS) + "```promql\nup\n```\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD_PAGE.replace("## Impact\n", ""), "headings"),
        (GOOD_PAGE.replace("promql", "sh"), "no query"),
        (GOOD_PAGE.replace("up", "backup_job_gone"), "no metric backup_job_gone"),
        (GOOD_PAGE + "see BackupJobLost", "no alert BackupJobLost"),
    ],
)
def test_a_faulty_runbook_is_noticed(text: str, fault: str) -> None:
    """The checks can fail, and a good page passes."""
    assert faults(GOOD_PAGE) == []
    assert fault in "\n".join(faults(text))
