"""A Prometheus with the shipped rules, whose waiting times are cut to fit into a test."""

import json
from pathlib import Path

from scripts import demo_stack
from tests.support.process import PrometheusProcess, fetch

SPEED = 600
"""Waiting times of the rules are divided by this; their conditions are the shipped ones."""

NOBODY = "alerting:"


def prometheus_with_rules(
    folder: Path, exporter: int, alertmanager: int | None = None
) -> PrometheusProcess:
    """Scrapes an exporter by its port every second and tells an Alertmanager, if there is one."""
    (folder / "rules").mkdir()
    for rules in demo_stack.RULES.glob("*.yml"):
        text = demo_stack.hasten(rules.read_text(encoding="utf-8"), SPEED)
        (folder / "rules" / rules.name).write_text(text, encoding="utf-8")
    lines = demo_stack.CONFIG.replace("5s", "1s").splitlines(keepends=True)
    config = "".join(line for line in lines if alertmanager or not line.startswith(NOBODY))
    config = config.replace(str(demo_stack.EXPORTER), str(exporter))
    return PrometheusProcess(
        folder, config.replace(str(demo_stack.ALERTMANAGER), str(alertmanager))
    )


def health_of_rules(prometheus: PrometheusProcess) -> dict[str, str]:
    """What Prometheus says of each rule: ok, unknown before its first evaluation, or an error."""
    status, body = fetch(f"{prometheus.url}/api/v1/rules")
    assert status == 200, body
    rules = [rule for group in json.loads(body)["data"]["groups"] for rule in group["rules"]]
    return {rule["name"]: rule.get("lastError") or rule["health"] for rule in rules}
