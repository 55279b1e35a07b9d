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
            panels = Panels()
            await until(
                lambda: not panels.ask(prometheus) - EMPTY.keys(), 60.0, "data in every panel"
            )
        assert "Traceback" not in demo.errors


EMPTY = {
    "backup-exporter: Size of the response": "Prometheus tells it behind a feature flag only",
    "backup-job: Progress": "only Enterprise Manager tells percentages, of jobs that happen to run",
}
"""Panels that the demo leaves empty, and why."""


class Panels:
    """Every query of every dashboard, and which panels have not had any data yet.

    What is running now comes and goes, so a panel that had data once has shown that it works.
    """

    def __init__(self) -> None:
        self.empty = {
            (f"{uid}: {title}", expression)
            for uid in UIDS
            for title, expression in expressions(load(uid))
        }
        self.filled: set[str] = set()

    def ask(self, prometheus: PrometheusProcess) -> set[str]:
        """Ask what had no data so far; the panels that still have none."""
        answered = {one for one in self.empty if prometheus.query(one[1])}
        self.filled |= {title for title, _expression in answered}
        self.empty -= answered
        return {title for title, _expression in self.empty} - self.filled


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
