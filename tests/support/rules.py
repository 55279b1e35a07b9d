"""The shipped alert and recording rules as values, and the catalogue that they may read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.promql import Metric, exporter_catalogue, output_labels

ROOT = Path(__file__).resolve().parents[2]
RULES_FOLDER = ROOT / "deploy" / "prometheus" / "rules"
RULE_FILES = tuple(sorted(RULES_FOLDER.glob("*.yml"), reverse=True))
"""Recording rules before the alerts that read them."""

RUNBOOK_BASE = (
    "https://github.com/backup-session-exporter/backup-session-exporter/blob/main/docs/runbooks/"
)
DASHBOARDS = frozenset({"backup-fleet", "backup-job", "backup-exporter"})
REMEMBERED = {
    "server_job:backup_job_enabled:last_known": Metric(frozenset({"server", "job_id", "job_name"})),
    "server_job:backup_job_next_run_wait_seconds:longest": Metric(frozenset({"server", "job_id"})),
}
"""Recording rules that read themselves, whose labels cannot follow from their expression."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: an alert, or a recording rule where `records`."""

    name: str
    expression: str
    records: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def templates(self) -> str:
        """Everything in which Prometheus fills in labels and values."""
        return "\n".join((*self.labels.values(), *self.annotations.values()))

    @property
    def template_labels(self) -> frozenset[str]:
        """The labels that the templates ask for."""
        return frozenset(re.findall(r"\$labels\.(\w+)", self.templates))


def _rules(document: dict[str, Any]) -> Iterator[Rule]:
    for group in document["groups"]:
        for row in group["rules"]:
            name, labels = row.get("alert") or row["record"], row.get("labels", {})
            annotations = row.get("annotations", {})
            yield Rule(name, row["expr"], "record" in row, labels, annotations)


def shipped_rules() -> tuple[Rule, ...]:
    """Every rule of the repository, recording rules first."""
    documents = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULE_FILES)
    return tuple(rule for document in documents for rule in _rules(document))


def alerts() -> tuple[Rule, ...]:
    """The shipped alerts, in the order of their file."""
    return tuple(rule for rule in shipped_rules() if not rule.records)


def catalogue(rules: Sequence[Rule] | None = None) -> dict[str, Metric]:
    """What may be queried: the exporter's metrics, the recording rules, and ALERTS."""
    known = exporter_catalogue() | REMEMBERED
    alert_labels = {"alertname", "alertstate", "severity", "server", "job_id", "job_name"}
    known["ALERTS"] = Metric(frozenset(alert_labels))
    for rule in shipped_rules() if rules is None else rules:
        if rule.records and rule.name not in REMEMBERED:
            known[rule.name] = Metric(output_labels(rule.expression, known))
    return known
