"""A real Prometheus scrapes the exporter, and what it computes is true."""

import json
import signal
import urllib.parse
from pathlib import Path

from exporter.simulator import simulate
from tests.end_to_end.test_process import finish, one_server
from tests.support.dashboards import UIDS, asked, choices, load
from tests.support.process import (
    ExporterProcess,
    PrometheusProcess,
    fetch,
    scrape_config,
    until,
)
from tests.support.prometheus_with_rules import health_of_rules, prometheus_with_rules
from tests.support.rules import shipped_rules
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


async def test_a_job_with_a_habit_that_runs_again_fills_the_rest(tmp_path: Path) -> None:
    """Rules and panels that compare with the usual, and those about what runs now, have data."""
    require_tool("prometheus")
    async with simulate("vb365", scripted=True) as simulated:
        job = simulated.world.add_job("Mail").id
        async with ExporterProcess(one_server(tmp_path, simulated), "") as exporter:
            await exporter.until_ready()
            async with prometheus_with_rules(tmp_path, exporter.port) as prometheus:
                await prometheus.until_up()
                for sessions in range(4):
                    finish(simulated, job, "Warning")
                    await until(
                        lambda seen=sessions: prometheus.query(f"{ENDS} == {seen}"),
                        what=f"session {sessions}; log: {exporter.errors}",
                    )
                simulated.world.add_session(job, simulated.world.now() - 60)
                questions = Questions()
                await until(lambda: not questions.ask(prometheus) & NEEDS_A_HABIT)


ENDS = "changes(backup_job_last_session_end_timestamp_seconds[10m])"

NEEDS_A_HABIT = {
    "rule server_job_type:backup_job_last_session_duration_seconds:p90_14d",
    "rule server_job_type:backup_job_last_session_processing_bytes_per_second:p50_14d",
    "rule server_job_type:backup_job_last_session_bottleneck:min_3d",
    "backup-fleet: Running now",
    "backup-job: Elapsed against the usual",
    "backup-job: Objects so far",
    "backup-job: Processed by the running session",
    "backup-job: Running for",
    "backup-job: Transferred by the running session",
}
"""What has data only with a history of three more sessions, or while a session runs."""


async def test_the_demo_answers_every_question(tmp_path: Path) -> None:
    """Soon after its start every panel, choice, mark and rule has data, and no rule fails."""
    require_tool("prometheus")
    async with DemoProcess() as demo:
        async with prometheus_with_rules(tmp_path, demo.port) as prometheus:
            await until(
                lambda: prometheus.query("count(backup_job_last_session_result == 1) > 10"),
                what=f"metrics of jobs; log: {demo.errors}",
            )
            down = {row["metric"]["server"] for row in prometheus.query("backup_server_up == 0")}
            assert {"m365-oslo", "azure-north", "em-prague"} <= down
            questions = Questions()
            await until(
                lambda: not questions.ask(prometheus) - EMPTY.keys(), what="data in every panel"
            )
            assert [name for name, found in offered(prometheus).items() if not found] == []
            # The slowest group waits for its first turn as long as its interval, now 6 seconds.
            await until(lambda: "unknown" not in health_of_rules(prometheus).values())
            assert health_of_rules(prometheus) == dict.fromkeys(RULES, "ok")
        assert "Traceback" not in demo.errors


RULES = sorted(rule.name for rule in shipped_rules())

EMPTY = {
    "backup-exporter: Size of the response": "Prometheus tells it behind a feature flag only",
    "backup-job: Progress": "only Enterprise Manager tells percentages, of jobs that happen to run",
    **dict.fromkeys(
        NEEDS_A_HABIT, "depends on the hour at which the demo starts; the test above shows them"
    ),
}
"""What the demo leaves empty, and why."""


def offered(prometheus: PrometheusProcess) -> dict[str, list[str]]:
    """What each variable of each dashboard lets people choose, asked for as Grafana does."""
    found = {}
    for uid in UIDS:
        for name, selector, label in choices(load(uid)):
            query = urllib.parse.urlencode({"match[]": selector})
            status, body = fetch(f"{prometheus.url}/api/v1/label/{label}/values?{query}")
            assert status == 200, body
            found[f"{uid}: {name}"] = json.loads(body)["data"]
    return found


class Questions:
    """Every query of dashboards and rules, and which of them have not had any data yet.

    What is running now comes and goes, so a panel that had data once has shown that it works.
    """

    def __init__(self) -> None:
        self.empty = {
            (f"{uid}: {title}", expression)
            for uid in UIDS
            for title, expression in asked(load(uid))
        }
        # A recorded sample is looked up over a range, as the alerts do: its group runs rarely.
        self.empty |= {
            (f"rule {rule.name}", f"last_over_time({rule.name}[10m])")
            for rule in shipped_rules()
            if rule.records
        }
        self.filled: set[str] = set()

    def ask(self, prometheus: PrometheusProcess) -> set[str]:
        """Ask what had no data so far; the questions that still have none."""
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
