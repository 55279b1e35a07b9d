"""A scripted bad night: exactly the alerts that a good administrator would have written down."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator import SimulatedServer, simulate
from tests.support.process import (
    ExporterProcess,
    Process,
    fetch,
    free_port,
    until,
)
from tests.support.prometheus_with_rules import prometheus_with_rules
from tests.support.running import entry, write_config
from tests.support.tools import require_tool

HOUR = 3600.0

NIGHT: dict[str, tuple[tuple[float, str], ...]] = {
    "Mail": ((50, "Success"), (26, "Success"), (2, "Success")),
    "Sites": ((48, "Success"), (24, "Success"), (1, "Failed")),
    "Teams": ((20, "Success"), (12, "Failed"), (7, "Failed"), (2, "Failed")),
    "Archive": ((60, "Success"), (40, "Warning")),
    "Drives": ((100, "Success"), (76, "Success")),
    "Contacts": ((30, "Failed"), (3, "Success")),
    "Paused": ((120, "Success"),),
    "New": (),
}
"""What every job of the night did: hours ago at which a session ended, and how."""

OBJECTIVE = "objectives: [{match: {job_name: Archive|Mail}, max_age: 26h}]\n"

EXPECTED = {
    ("BackupSessionFailed", "m365", "Sites"),
    ("BackupSessionFailed", "m365", "Teams"),
    ("BackupSessionFailedRepeatedly", "m365", "Teams"),
    ("BackupJobNoRecentSuccess", "m365", "Archive"),
    ("BackupJobNoSuccess26h", "m365", "Drives"),
    ("BackupServerPollFailing", "gone", ""),
    ("BackupServerDataStale", "gone", ""),
    ("BackupServerPollFailing", "locked", ""),
    ("BackupServerDataStale", "locked", ""),
    ("BackupServerAuthenticationFailing", "locked", ""),
}
"""Alert, server and job of everything that fires."""

INHIBITED = {
    ("BackupSessionFailed", "m365", "Teams"),
    ("BackupServerPollFailing", "gone", ""),
    ("BackupServerPollFailing", "locked", ""),
    ("BackupServerDataStale", "locked", ""),
}
"""What Alertmanager holds back, because a graver alert of the same job or server says it."""

Alert = tuple[str, str, str]


def _write_night(server: SimulatedServer) -> None:
    world = server.world
    for name, sessions in NIGHT.items():
        job = world.add_job(name)
        for hours, status in sessions:
            ended = world.now() - hours * HOUR
            world.add_session(job, started=ended - 600.0, ended=ended, status=status)
        if name == "Paused":
            world.enable_job(job.id, False)


class AlertmanagerProcess(Process):
    """Debian's Alertmanager with the shipped configuration."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        config = Path("deploy/alertmanager/alertmanager.yml").resolve()
        super().__init__(
            require_tool("alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=error",
        )

    def alerts(self, **choice: str) -> set[Alert]:
        """What it was told, limited by its own parameters (`active`, `inhibited`)."""
        query = "&".join(f"{name}={value}" for name, value in choice.items())
        _status, body = fetch(f"http://127.0.0.1:{self.port}/api/v2/alerts?{query}")
        return {_named(alert["labels"]) for alert in json.loads(body)}


def _named(labels: dict[str, Any]) -> Alert:
    return labels["alertname"], labels.get("server", ""), labels.get("job_name", "")


@pytest.fixture
async def exporter(tmp_path: Path) -> AsyncIterator[ExporterProcess]:
    """An exporter that polls the night, a server behind a wrong password and one that is gone."""
    async with AsyncExitStack() as stack:
        night = await stack.enter_async_context(simulate("vb365", scripted=True))
        locked = await stack.enter_async_context(simulate("vb365", scripted=True))
        gone = await stack.enter_async_context(simulate("vb365", scripted=True))
        _write_night(night)
        await gone.stop_listening()
        config = write_config(
            tmp_path / "config.yaml",
            entry("m365", night.url, password=f'"{night.password}"'),
            entry("locked", locked.url, password="wrong"),
            entry("gone", gone.url, password="x"),
        )
        config.write_text(config.read_text(encoding="utf-8") + OBJECTIVE, encoding="utf-8")
        running = ExporterProcess(config, str(tmp_path / "data"))
        await stack.enter_async_context(running)
        await running.until_ready()
        yield running


async def test_the_bad_night_gives_exactly_the_expected_alerts(
    tmp_path: Path, exporter: ExporterProcess
) -> None:
    """They fire in Prometheus, reach Alertmanager, and the graver ones hold back the lesser."""
    require_tool("prometheus")
    async with AlertmanagerProcess(tmp_path) as alertmanager:
        prometheus = prometheus_with_rules(tmp_path, exporter.port, alertmanager.port)
        async with prometheus:

            def firing() -> set[Alert]:
                return {
                    _named(row["metric"]) for row in prometheus.query('ALERTS{alertstate="firing"}')
                }

            def told() -> set[Alert]:
                return alertmanager.alerts(active="true", inhibited="false")

            await until(lambda: firing() >= EXPECTED, what="all expected alerts fire")
            await until(lambda: alertmanager.alerts() >= EXPECTED, what="they are passed on")
            # Whatever fires without a reason would have done so within these evaluations, too.
            # A slow machine may miss a scrape, which is an alert of its own and passes.
            await until(lambda: prometheus.query("count_over_time(up[5m]) > 20"))
            await until(lambda: firing() == EXPECTED, what=f"no others: {firing() - EXPECTED}")
            await until(lambda: told() == EXPECTED - INHIBITED, what="the lesser held back")
