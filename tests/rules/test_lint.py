"""The shipped rules against the exporter's own metrics; each check is shown to be able to fail."""

import re
from collections import Counter

import pytest

from tests.support.promql import (
    TARGET_LABELS,
    Metric,
    decides,
    exporter_catalogue,
    output_labels,
    problems,
)
from tests.support.rules import (
    DASHBOARDS,
    REMEMBERED,
    RUNBOOK_BASE,
    Rule,
    alerts,
    catalogue,
    shipped_rules,
)

RULES = shipped_rules()
ALERTS = alerts()
CATALOGUE = catalogue()
SEVERITIES = {"critical", "warning", "info"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url"}
FIRST_WORDS = "BackupSession|BackupJob|BackupServer|BackupExporter"
TARGET_SELECTORS = {"BackupExporterDown": {"backup-exporter"}}
"""Alerts that may name a scrape job, and which."""


def dashboard(url: str) -> str:
    """The uid that a dashboard path leads to."""
    return url.removeprefix("/d/").partition("?")[0]


def wordings(alert: Rule) -> list[str]:
    """What is wrong with an alert apart from its expression, one line each."""
    notes, labels = alert.annotations, alert.labels
    checks = {
        "the name does not start with its subject": re.match(f"({FIRST_WORDS})[A-Z]", alert.name),
        "the severity is not one of the three": labels.get("severity") in SEVERITIES,
        "a label holds a value, which makes a new alert of each": "$value" not in str(labels),
        "an annotation is missing or superfluous": set(notes) == ANNOTATIONS,
        "the summary is no fixed sentence": re.fullmatch(r"[A-Z][^{}]*\.", notes["summary"]),
        "the description is no sentence": notes["description"].endswith("."),
        "the runbook has another name": notes["runbook_url"] == f"{RUNBOOK_BASE}{alert.name}.md",
        "the dashboard is not shipped": dashboard(notes["dashboard_url"]) in DASHBOARDS,
        "it has no condition": decides(alert.expression),
    }
    return [problem for problem, holds in checks.items() if not holds]


def lost_labels(alert: Rule) -> frozenset[str]:
    """Labels that the templates ask for and the expression does not keep."""
    return alert.template_labels - output_labels(alert.expression, CATALOGUE)


def good_alert(**changes: object) -> Rule:
    """An alert without a fault, but for `changes`."""
    facts: dict[str, object] = {
        "name": "BackupServerTest",
        "expression": "backup_server_up == 0",
        "labels": {"severity": "info"},
        "annotations": {
            "summary": "A server is down.",
            "description": "{{ $labels.server }} is down.",
            "runbook_url": f"{RUNBOOK_BASE}BackupServerTest.md",
            "dashboard_url": "/d/backup-exporter?var-server={{ $labels.server }}",
        },
    }
    return Rule(**(facts | changes))  # type: ignore[arg-type]  # built by name from a table


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_expression_reads_what_exists_in_a_way_that_can_match(rule: Rule) -> None:
    """Metrics, labels, words, counters, matchings and ranges are right in every rule."""
    assert problems(rule.expression, CATALOGUE) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule.name)
def test_every_alert_is_complete_and_named_by_the_rules(alert: Rule) -> None:
    """Severity, annotations, condition, runbook and dashboard."""
    assert wordings(alert) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule.name)
def test_templates_use_labels_that_the_expression_keeps(alert: Rule) -> None:
    """A label that was aggregated away would be an empty word in the message."""
    assert lost_labels(alert) == frozenset()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule.name)
def test_only_the_exporters_own_alert_names_a_scrape_job(alert: Rule) -> None:
    """The name of the scrape job stands in one alert, so that it is changed in one place."""
    named = set(re.findall(r'\bjob="([^"]*)"', alert.expression))
    assert named == TARGET_SELECTORS.get(alert.name, set())


def test_no_rule_stands_twice() -> None:
    """Each name belongs to one rule."""
    assert [name for name, times in Counter(rule.name for rule in RULES).items() if times > 1] == []


@pytest.mark.parametrize("name", REMEMBERED)
def test_a_rule_that_reads_itself_keeps_the_labels_it_is_said_to_have(name: str) -> None:
    """The one catalogue row written by hand agrees with what the rule yields."""
    rule = next(rule for rule in RULES if rule.name == name)
    assert output_labels(rule.expression, CATALOGUE) == REMEMBERED[name].labels


def test_every_recording_rule_is_read() -> None:
    """No rule is evaluated for nobody."""
    others = {rule.name: rule.expression for rule in RULES}
    unread = [
        rule.name
        for rule in RULES
        if rule.records
        and not any(rule.name in text for name, text in others.items() if name != rule.name)
    ]
    assert unread == []


BAD_EXPRESSIONS = {
    "backup_server_upp == 0": "no metric backup_server_upp",
    'backup_server_up{sever="a"} == 0': "has no label sever",
    'backup_job_last_session_result{result="success|failled"} == 1': '"failled"',
    'increase(backup_server_poll_failures_total{reason="password"}[1h]) > 0': '"password"',
    "backup_server_polls_total > 5": "is a counter",
    "sum(backup_session_duration_seconds_count) > 5": "is a counter",
    "rate(backup_server_up[5m]) > 0": "is a gauge",
    "max_over_time(backup_server_up[16d]) == 0": "beyond the 15 days",
    "max_over_time(backup_server_up[10d] offset 6d) == 0": "beyond the 15 days",
    "max_over_time((backup_server_up == 0)[16d:1h]) == 0": "beyond the 15 days",
    "sum by (severity) (backup_server_up) == 0": "names the label severity",
    "backup_job_info and on (session_type) backup_job_consecutive_failures": "on (session_type)",
    "backup_server_up == 0 and ignoring (reason) backup_server_jobs > 0": "ignoring (reason)",
    "backup_job_last_session_bottleneck == 1 and backup_job_consecutive_failures > 0": "bottleneck",
    "backup_server_up * backup_job_consecutive_failures": "nothing ever matches",
    "backup_server_up * on (server) backup_job_consecutive_failures": "differ in job_id",
    "backup_job_consecutive_failures * on (server) group_left (product) backup_server_up": (
        "names product"
    ),
    "backup_job_consecutive_failures * on (server) group_left () backup_server_endpoint_up": (
        "differ in endpoint"
    ),
}


@pytest.mark.parametrize(("expression", "problem"), BAD_EXPRESSIONS.items())
def test_a_bad_expression_is_noticed(expression: str, problem: str) -> None:
    """The lint can fail: each fault is named."""
    assert problem in "\n".join(problems(expression, CATALOGUE))


@pytest.mark.parametrize("expression", ["sum(", "rate(backup_server_polls_total)", "up + 'a'"])
def test_what_does_not_parse_is_an_error(expression: str) -> None:
    """Syntax and types are the parser's business."""
    with pytest.raises(ValueError, match=r"."):
        problems(expression, CATALOGUE)


GOOD_EXPRESSIONS = {
    "histogram_quantile(0.9, sum by (le) (rate(backup_session_duration_seconds_bucket[1h])))": (
        set()
    ),
    'label_replace(backup_server_up, "host", "$1", "server", "(.*)")': {"server", "host"},
    "topk(3, backup_server_jobs)": {"server"},
    "sum without (job, instance, namespace) (backup_server_jobs)": {"server"},
    'absent(up{job="backup-exporter"})': set(),
    "backup_server_up * on (server) group_right () backup_job_consecutive_failures": {
        "server",
        "job_id",
        "job_name",
        "session_type",
    },
    "-(backup_server_jobs) + 1": {"server"},
    "vector(time())": set(),
    "time()": set(),
    'count_values("jobs", backup_server_jobs)': {"jobs"},
    "backup_job_consecutive_failures * on (server, job_id) group_left (product) backup_job_info": {
        "server",
        "job_id",
        "job_name",
        "session_type",
        "product",
    },
}


@pytest.mark.parametrize(("expression", "labels"), GOOD_EXPRESSIONS.items())
def test_labels_follow_through_an_expression(expression: str, labels: set[str]) -> None:
    """What survives is known, and nothing is wrong with it."""
    assert problems(expression, CATALOGUE) == []
    assert output_labels(expression, CATALOGUE) - TARGET_LABELS == labels


@pytest.mark.parametrize(
    ("expression", "decided"),
    [
        ("up == 0 or up > 3", True),
        ("up or up > 3", False),
        ("up and up > 3", True),
        ("up unless up > 3", False),
        ("up == bool 0", False),
        ("up + 1", False),
        ("absent(up)", True),
        ("up", False),
    ],
)
def test_an_alert_without_a_condition_is_noticed(expression: str, decided: bool) -> None:
    """A comparison must be able to take series away, on every side of `or`."""
    assert decides(expression) is decided


BAD_ALERTS = {
    "the name": good_alert(name="ServerDown"),
    "the severity": good_alert(labels={"severity": "page"}),
    "a label holds": good_alert(labels={"severity": "info", "age": "{{ $value }}"}),
    "an annotation": good_alert(annotations={**good_alert().annotations, "message": "x"}),
    "the summary": good_alert(annotations={**good_alert().annotations, "summary": "{{ $value }}."}),
    "the description": good_alert(annotations={**good_alert().annotations, "description": "down"}),
    "the runbook": good_alert(annotations={**good_alert().annotations, "runbook_url": "x"}),
    "the dashboard": good_alert(annotations={**good_alert().annotations, "dashboard_url": "/d/x"}),
    "it has no condition": good_alert(expression="backup_server_up"),
}


@pytest.mark.parametrize(("problem", "alert"), BAD_ALERTS.items())
def test_a_badly_worded_alert_is_noticed(problem: str, alert: Rule) -> None:
    """The check can fail, and a good alert passes it but for the one fault."""
    assert any(found.startswith(problem) for found in wordings(alert))
    assert set(wordings(alert)) <= {found for found in wordings(alert) if problem in found} | {
        "the runbook has another name"
    }


def test_a_label_that_was_aggregated_away_is_noticed() -> None:
    """The check of templates can fail."""
    assert lost_labels(good_alert(expression="max(backup_server_up) == 0")) == {"server"}


def test_the_catalogue_holds_histograms_by_the_names_they_are_queried_by() -> None:
    """Buckets carry `le`, and a bare histogram name is not a metric."""
    known = exporter_catalogue()
    assert "le" in known["backup_session_duration_seconds_bucket"].labels
    assert "backup_session_duration_seconds" not in known
    assert known["up"] == Metric(TARGET_LABELS)
