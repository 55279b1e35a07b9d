"""The Alertmanager sample: who is told of what, what is inhibited, and how a message reads."""

import asyncio
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import PATIENCE, free_port
from tests.support.rules import ROOT, alerts
from tests.support.tools import require_tool

FOLDER = ROOT / "deploy" / "alertmanager"
CONFIGURATION = FOLDER / "alertmanager.yml"
RECEIVERS = {"critical": "on-call", "warning": "tickets", "info": "nobody"}

JOB = {"server": "m365", "job_id": "a"}
SERVER = {"server": "m365", "job": "backup-exporter", "instance": "exporter:19741"}
SITUATION: tuple[Mapping[str, str], ...] = (
    {"alertname": "BackupJobNoRecentSuccess", "severity": "critical", **JOB},
    {"alertname": "BackupSessionFailed", "severity": "warning", **JOB},
    {"alertname": "BackupSessionWarningsRepeated", "severity": "info", **JOB},
    {"alertname": "BackupJobDisabled", "severity": "warning", "server": "m365", "job_id": "other"},
    {"alertname": "BackupSessionRunningTooLong", "severity": "warning", "server": "em"},
    {"alertname": "BackupServerDataStale", "severity": "critical", **SERVER},
    {"alertname": "BackupServerPollFailing", "severity": "warning", **SERVER},
    {"alertname": "BackupServerCertificateExpiring", "severity": "warning", **SERVER},
    {"alertname": "BackupServerPollFailing", "severity": "warning", **SERVER, "server": "em"},
    {"alertname": "BackupServerAuthenticationFailing", "severity": "critical", "server": "locked"},
    {"alertname": "BackupServerDataStale", "severity": "critical", "server": "locked"},
    {"alertname": "BackupExporterDown", "severity": "critical", **SERVER, "server": ""},
    {"alertname": "BackupExporterShardsMissing", "severity": "critical", "job": "backup-exporter"},
    {"alertname": "BackupExporterShardsMissing", "severity": "critical", "job": "backup-far"},
    {
        "alertname": "BackupServerPollFailing",
        "severity": "warning",
        **SERVER,
        "server": "far",
        "instance": "other:19741",
    },
)
INHIBITED = {
    ("BackupSessionFailed", "m365"),
    ("BackupSessionWarningsRepeated", "m365"),
    ("BackupServerDataStale", "m365"),
    ("BackupServerPollFailing", "m365"),
    ("BackupServerPollFailing", "em"),
    ("BackupServerDataStale", "locked"),
    ("BackupExporterShardsMissing", "backup-exporter"),
}
START = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run amtool; its verdict is the exit code."""
    command = [require_tool("amtool"), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def routed(labels: Mapping[str, str], receiver: str) -> bool:
    """Whether the sample sends an alert to a receiver and to nobody else."""
    wanted = [f"--config.file={CONFIGURATION}", f"--verify.receivers={receiver}"]
    pairs = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", *wanted, *pairs).returncode == 0


def notice(name: str, description: str, **labels: str) -> dict[str, Any]:
    """One alert as a template sees it."""
    annotations = {
        "description": description,
        "dashboard_url": "/d/backup-job",
        "runbook_url": "https://runbooks.example/X.md",
        "summary": "A backup failed.",
    }
    facts = {"alertname": "BackupSessionFailed", "severity": "warning", "job_name": name, **labels}
    return {
        "status": "firing",
        "labels": facts,
        "annotations": annotations,
        "startsAt": START.isoformat(),
    }


def rendered(template: str, folder: Path, status: str, *rows: dict[str, Any]) -> str:
    """A message as Alertmanager writes it."""
    data = {
        "status": status,
        "alerts": [{**row, "status": status} for row in rows],
        "commonLabels": {
            "alertname": "BackupSessionFailed",
            "severity": "warning",
            "server": "m365",
        },
        "commonAnnotations": {
            "summary": "A backup failed.",
            "runbook_url": "https://runbooks.example/X.md",
        },
    }
    path = folder / "data.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    run = amtool(
        "template",
        "render",
        f"--template.glob={FOLDER / 'templates' / '*.tmpl'}",
        f'--template.text={{{{ template "{template}" . }}}}',
        f"--template.data={path}",
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.rstrip("\n")


def call(url: str, body: object = None) -> list[dict[str, Any]] | None:
    """JSON from Alertmanager; None while it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return json.loads(answer.read() or b"[]")  # type: ignore[no-any-return]
    except (urllib.error.URLError, ConnectionError):
        return None


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[str]:
    """The address of an Alertmanager with the sample; its receivers are never reached in time."""
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        require_tool("alertmanager"),
        f"--config.file={CONFIGURATION}",
        f"--storage.path={tmp_path}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def eventually(url: str, body: object = None) -> list[dict[str, Any]]:
    """The first answer of a server that is starting."""
    for _ in range(int(10 * PATIENCE)):
        if (answer := await asyncio.to_thread(call, url, body)) is not None:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("Alertmanager does not answer")


def test_amtool_accepts_the_sample() -> None:
    """Syntax, receivers and templates."""
    run = amtool("check-config", CONFIGURATION)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 templates" in run.stdout


@pytest.mark.parametrize(("severity", "receiver"), RECEIVERS.items())
def test_each_severity_reaches_its_receiver(severity: str, receiver: str) -> None:
    """Critical wakes somebody, a warning is a ticket, info disturbs nobody."""
    assert routed({"alertname": "X", "server": "a", "severity": severity}, receiver)


def test_an_alert_of_somebody_else_becomes_a_ticket() -> None:
    """An unknown severity is not lost, and a wrong receiver is noticed."""
    assert routed({"alertname": "Other"}, "tickets")
    assert not routed({"alertname": "Other"}, "on-call")


def test_every_severity_of_the_rules_has_a_receiver() -> None:
    """No shipped alert falls through to the default by accident."""
    assert {alert.labels["severity"] for alert in alerts()} == set(RECEIVERS)


async def test_causes_inhibit_consequences_and_nothing_inhibits_a_missing_backup(
    alertmanager: str,
) -> None:
    """Alertmanager's own judgement of a bad night."""
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    posted = [{"labels": {k: v for k, v in row.items() if v}, "endsAt": ends} for row in SITUATION]
    await eventually(f"{alertmanager}/api/v2/alerts", posted)
    found = await eventually(f"{alertmanager}/api/v2/alerts")
    assert len(found) == len(SITUATION)
    inhibited = [alert["labels"] for alert in found if alert["status"]["inhibitedBy"]]
    assert {(row["alertname"], row.get("server") or row["job"]) for row in inhibited} == INHIBITED


def test_the_title_says_how_bad_what_where_and_how_many(tmp_path: Path) -> None:
    """A subject line that is understood on a telephone."""
    rows = (notice("A", "A failed."), notice("B", "B failed."))
    title = rendered("backup.title", tmp_path, "firing", *rows)
    assert title == "[WARNING] BackupSessionFailed on m365 (2)"
    assert rendered("backup.title", tmp_path, "resolved", rows[0]) == (
        "[RESOLVED] BackupSessionFailed on m365"
    )


def test_the_text_lists_each_job_and_ends_with_what_to_do(tmp_path: Path) -> None:
    """One line a job, when it began, where to look, and the runbook once."""
    rows = (notice("A", "A failed."), notice("B", "B failed."))
    assert rendered("backup.text", tmp_path, "firing", *rows).splitlines() == [
        "A backup failed.",
        "",
        "Firing:",
        "* A failed.",
        "  since 2026-03-01 02:30 UTC",
        "  dashboard: http://localhost:3000/d/backup-job",
        "* B failed.",
        "  since 2026-03-01 02:30 UTC",
        "  dashboard: http://localhost:3000/d/backup-job",
        "",
        "What to do: https://runbooks.example/X.md",
    ]


def test_the_text_of_an_end_says_so(tmp_path: Path) -> None:
    """A resolved alert stands under its own heading."""
    text = rendered("backup.text", tmp_path, "resolved", notice("A", "A failed."))
    assert "Resolved:\n* A failed." in text
    assert "Firing:" not in text
