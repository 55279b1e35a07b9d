"""What the shared expressions mean, over hand-made series: who needs attention and who does not."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana import queries as ask
from tests.support.dashboards import filled
from tests.support.tools import require_tool

DAYS = 3
NOW = DAYS * 86400
HOUR = 3600

Series = dict[str, str]

JOBS: dict[str, dict[str, float]] = {
    "fine": {"last_success": NOW - HOUR, "objective": 26 * HOUR},
    "failing": {"last_success": NOW - HOUR, "objective": 26 * HOUR, "failures": 2},
    "overdue": {"last_success": NOW - 30 * HOUR, "objective": 26 * HOUR},
    "never": {"last_success": 0, "objective": 26 * HOUR, "first_seen": 0},
    "new": {"last_success": 0, "objective": 26 * HOUR, "first_seen": NOW - HOUR},
    "aimless": {"last_success": NOW - 60 * HOUR},
    "disabled": {"last_success": NOW - 60 * HOUR, "objective": 26 * HOUR, "enabled": 0},
}
"""Jobs by name; what is not said has no series or, where the exporter always says it, is usual."""

RESTORES = {"restored-badly": NOW - HOUR, "restored-badly-long-ago": NOW - 25 * HOUR}
"""Jobs by the end of their restore that failed."""


def steady(value: float) -> str:
    """A series that says the same for three days, every five minutes."""
    return f"{value}x{NOW // 300}"


def until_an_outage(value: float) -> str:
    """A series that was withdrawn two hours ago."""
    return f"{value}x{NOW // 300 - 24} _x24"


def series(name: str, values: str, **labels: str) -> Series:
    """One input series of a test file."""
    text = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{text}}}", "values": values}


def job_series(name: str, says: dict[str, float]) -> list[Series]:
    """Every series of a job in `JOBS`."""
    job = {"server": "s", "job_id": f"id-{name}", "job_name": name}
    labels = {**job, "session_type": "Backup"}
    end = says["last_success"]
    found = [
        series("backup_job_last_success_timestamp_seconds", steady(end), **labels),
        series(
            "backup_job_first_seen_timestamp_seconds", steady(says.get("first_seen", 0)), **labels
        ),
        series("backup_job_consecutive_failures", steady(says.get("failures", 0)), **labels),
        series("backup_job_last_session_end_timestamp_seconds", steady(end), **labels),
    ]
    if "objective" in says:
        found.append(
            series("backup_job_objective_max_age_seconds", steady(says["objective"]), **labels)
        )
    enabled = says.get("enabled", 1)
    return [*found, series("backup_job_enabled", until_an_outage(enabled), **job)]


def restore_series(name: str, end: float) -> list[Series]:
    """The series of a restore that failed."""
    labels = {"server": "s", "job_id": f"id-{name}", "job_name": name, "session_type": "Restore"}
    return [
        series("backup_job_consecutive_failures", steady(1), **labels),
        series("backup_job_last_session_end_timestamp_seconds", steady(end), **labels),
    ]


def result_series(result: str) -> list[Series]:
    """The results of a job, of which one holds."""
    labels = {"server": "r", "job_id": "id", "job_name": "results", "session_type": "Backup"}
    return [
        series(
            "backup_job_last_session_result",
            steady(int(state.word == result)),
            **labels,
            result=state.word,
        )
        for state in ask.RESULTS
    ]


def ask_promtool(
    folder: Path, given: list[Series], questions: list[tuple[str, dict[str, float]]]
) -> str:
    """What promtool objects to the expected samples of each expression; nothing if all is well."""
    (folder / "rules.yml").write_text("groups: []", encoding="utf-8")
    tests: list[dict[str, Any]] = [
        {
            "expr": filled(expression),
            "eval_time": f"{DAYS}d",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in wanted.items()],
        }
        for expression, wanted in questions
    ]
    test = {"interval": "5m", "input_series": given, "promql_expr_test": tests}
    file = folder / "dashboards.test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [test]}))
    command = [require_tool("promtool"), "test", "rules", str(file)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.fixture
def world() -> list[Series]:
    """All jobs and restores."""
    jobs = [each for name, says in JOBS.items() for each in job_series(name, says)]
    return jobs + [each for name, end in RESTORES.items() for each in restore_series(name, end)]


def names(*wanted: str) -> dict[str, float]:
    """One sample for each job."""
    return {f'{{job_name="{name}"}}': 1 for name in wanted}


def test_who_needs_attention(tmp_path: Path, world: list[Series]) -> None:
    """Failing, overdue and never succeeded jobs do; disabled ones and old restores do not."""
    question = f"count by (job_name) ({ask.IN_TROUBLE})"
    wanted = names("failing", "overdue", "never", "restored-badly")
    assert ask_promtool(tmp_path, world, [(question, wanted)]) == ""


def test_a_wrong_expectation_is_noticed(tmp_path: Path, world: list[Series]) -> None:
    """The test can fail."""
    question = f"count by (job_name) ({ask.IN_TROUBLE})"
    assert "failing" in ask_promtool(tmp_path, world, [(question, names("overdue"))])


def test_numbers_count_each_job_once_and_say_zero(tmp_path: Path, world: list[Series]) -> None:
    """A headline shows how many there are, 0 where there are none."""
    failing = ask.number_of(f"({ask.FAILING} {ask.ENABLED_ONLY})")
    overdue = ask.number_of(f"({ask.OVERDUE} {ask.ENABLED_ONLY})")
    nobody = ask.number_of(f"({ask.of_jobs('backup_job_consecutive_failures')} > 99)")
    questions = [(failing, {"{}": 2.0}), (overdue, {"{}": 2.0}), (nobody, {"{}": 0.0})]
    assert ask_promtool(tmp_path, world, questions) == ""
    assert ask_promtool(tmp_path, [], [(nobody, {})]) == ""


def test_share_of_the_objective(tmp_path: Path, world: list[Series]) -> None:
    """A job that never succeeded is measured from when it was first seen."""
    question = (
        f"round(100 * max by (job_name) ({ask.AGE} / {ask.OBJECTIVE}))"
        ' and on (job_name) backup_job_enabled{job_name=~"overdue|never|new"} offset 3h'
    )
    wanted = {'{job_name="overdue"}': 115, '{job_name="never"}': 277, '{job_name="new"}': 4}
    assert (
        ask_promtool(tmp_path, world, [(question, {k: float(v) for k, v in wanted.items()})]) == ""
    )


@pytest.mark.parametrize("state", ask.RESULTS, ids=lambda state: state.word)
def test_a_result_has_its_number(tmp_path: Path, state: Any) -> None:
    """The one result that holds decides the number that panels show as its word."""
    labels = '{server="r", job_id="id", job_name="results", session_type="Backup"}'
    wanted = {labels: float(state.code)}
    given = result_series(state.word)
    assert ask_promtool(tmp_path, given, [(ask.RESULT_CODE, wanted)]) == ""


def test_a_slice_of_time_shows_its_worst_result(tmp_path: Path) -> None:
    """A failure that a retry mended within the slice is still seen."""
    labels = {"server": "r", "job_id": "id", "job_name": "mended", "session_type": "Backup"}
    length = NOW // 300
    family = "backup_job_last_session_result"
    given = [
        series(family, f"0x{length - 3} 1x1 0x1", **labels, result="failed"),
        series(family, f"1x{length - 3} 0x1 1x1", **labels, result="success"),
    ]
    slice_of_time = filled(
        ask.WORST_RESULT_CODE, {"server": ".+", "job_name": ".*", "__interval": "30m"}
    )
    text = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    assert ask_promtool(tmp_path, given, [(slice_of_time, {f"{{{text}}}": 5.0})]) == ""


def test_missing_shards_are_counted(tmp_path: Path) -> None:
    """Of three shards one is missing, whatever replicas and other installations there are."""
    given = [
        series("backup_exporter_shards", steady(3), instance=instance)
        for instance in ("a", "b", "c")
    ]
    given += [
        series("backup_exporter_shard_ordinal", steady(ordinal), instance=instance)
        for instance, ordinal in (("a", 0), ("b", 2), ("c", 2))
    ]
    given += [
        series("backup_exporter_shards", steady(1), instance="lab", job="lab"),
        series("backup_exporter_shard_ordinal", steady(0), instance="lab", job="lab"),
    ]
    assert ask_promtool(tmp_path, given, [(ask.MISSING_SHARDS, {"{}": 1.0})]) == ""
