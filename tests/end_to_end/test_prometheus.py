"""A real Prometheus scrapes the exporter, and what it computes is true."""

import signal
from pathlib import Path

from exporter.simulator import simulate
from tests.end_to_end.test_process import finish, one_server
from tests.support.dashboards import UIDS, expressions, load
from tests.support.process import ExporterProcess, PrometheusProcess, scrape_config, until
from tests.support.tools import require_tool

INCREASES = "sum by (result) (backup_job_sessions_finished_total)"


def _targets(prometheus: PrometheusProcess) -> str:
    return prometheus.query("up")[0]["value"][1]


async def test_prometheus_sees_every_session_and_the_first_failure(tmp_path: Path) -> None:
    """A job whose very first session fails is born at 0, so that its failure can page somebody."""
    require_tool("prometheus")
    async with simulate("vb365", scripted=True) as simulated:
        world = simulated.world
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            target = scrape_config(f"127.0.0.1:{exporter.port}")
            async with PrometheusProcess(tmp_path, target) as prometheus:
                await prometheus.until_up()
                finish(simulated, world.add_job("Fresh").id, "Failed")
                await until(
                    lambda: prometheus.query(
                        'backup_job_sessions_finished_total{job_name="Fresh",result="failed"} == 1'
                    )
                )
                born = prometheus.query(
                    'backup_job_sessions_finished_total{job_name="Fresh",result="failed"}[5m]'
                )
                grown = prometheus.query(
                    'increase(backup_job_sessions_finished_total{job_name="Fresh"}[5m]) > 0'
                )
                assert float(born[0]["values"][0][1]) == 0.0
                assert [row["metric"]["result"] for row in grown] == ["failed"]
                assert "exported_job" not in born[0]["metric"]
                assert await exporter.signal(signal.SIGTERM) == 0


async def test_the_demo_is_scraped_within_half_a_minute(tmp_path: Path) -> None:
    """`demo` shows metrics of jobs to a real Prometheus soon after its start."""
    require_tool("prometheus")
    async with DemoProcess() as demo:
        target = scrape_config(f"127.0.0.1:{demo.port}")
        async with PrometheusProcess(tmp_path, target) as prometheus:
            await until(
                lambda: prometheus.query("count(backup_job_last_session_result == 1) > 10"),
                what=f"metrics of jobs; log: {demo.errors}",
            )
            down = {row["metric"]["server"] for row in prometheus.query("backup_server_up == 0")}
            assert {"m365-oslo", "azure-north", "em-prague"} <= down
            await until(lambda: len(_empty_panels(prometheus) - EMPTY.keys()) == 0, 60.0)
        assert "Traceback" not in demo.errors


EMPTY = {
    "backup-exporter: Size of the response": "Prometheus tells it behind a feature flag only",
    "backup-job: Progress": "only Enterprise Manager tells percentages, of jobs that happen to run",
}
"""Panels that the demo leaves empty, and why."""


def _empty_panels(prometheus: PrometheusProcess) -> set[str]:
    """Every query of every dashboard is asked; the panels that have no data at all."""
    found: dict[str, bool] = {}
    for uid in UIDS:
        for title, expression in expressions(load(uid)):
            name = f"{uid}: {title}"
            found[name] = found.get(name, False) or bool(prometheus.query(expression))
    return {name for name, some in found.items() if not some}


class DemoProcess(ExporterProcess):
    """`backup-session-exporter demo`, small and quick."""

    def __init__(self) -> None:
        super().__init__(Path("unused"), "")
        self._command = (
            *self._command[:3],
            "demo",
            "--hours-of-history=2",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )
