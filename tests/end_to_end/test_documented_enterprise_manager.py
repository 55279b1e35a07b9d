"""The vendor's documented session of Enterprise Manager gives the metrics that one expects."""

from pathlib import Path

import pytest

from exporter.app import Exporter
from exporter.model import Result
from tests.support.enterprise_manager_answers import JOB, Queries, running, server_of, up
from tests.support.enterprise_manager_answers import job as listed_job
from tests.support.rest_world import Said, small_server
from tests.support.running import entry, job, polled, reaches, scrape, server, write_config
from tests.support.running import running as running_exporter

FIXTURES = Path(__file__).parents[1] / "sources" / "fixtures"
DOCUMENTED = (FIXTURES / "enterprise_manager_backup_session.xml").read_text(encoding="utf-8")
SESSION = "a057c2c3-f3bd-4ab4-9fb7-24058cccb4f6"
NAME = "Backup Job 3"


def _running() -> dict[str, object]:
    """The documented session while it ran."""
    return running(
        "x",
        UID=f"urn:veeam:BackupJobSession:{SESSION}",
        JobName=NAME,
        CreationTimeUTC="2021-09-24T20:00:09.607Z",
        Links=[up("enterprise01.tech.local")],
    )


def _finished(exporter: Exporter) -> float:
    return job(server(exporter, "em"), NAME, "Backup").totals.finished[Result.SUCCESS]


@pytest.mark.parametrize("written", ["v12", "v13", "xml"])
async def test_the_documented_session_is_followed_by_its_id_and_counted(
    tmp_path: Path, written: str
) -> None:
    """Seen running at 41 percent, it leaves the list and is asked for: 165.11 s, a success."""
    queries = Queries(
        running=[_running()],
        jobs=[listed_job(JOB, Name=NAME, Links=[up("enterprise01.tech.local")])],
        format=written,
    )
    answers = server_of(queries) | {f"GET /api/backupSessions/{SESSION}": Said(DOCUMENTED)}
    labels = f'job_id="{JOB}",job_name="{NAME}",server="em",session_type="Backup"'
    async with small_server(answers) as manager:
        one = entry("em", manager.url, product="enterprise_manager", password="x")
        config = write_config(tmp_path / "config.yaml", one)
        async with running_exporter(config) as exporter:
            await polled(exporter)
            before = scrape(exporter)
            queries.running = []
            await reaches(exporter, 1.0, _finished)
            after = scrape(exporter)
    assert f"backup_job_running_session_progress_ratio{{{labels}}} 0.41" in before
    for line in (
        f"backup_job_last_session_duration_seconds{{{labels}}} 165.11",
        f"backup_job_last_session_end_timestamp_seconds{{{labels}}} 1.632513774717e+09",
        f"backup_job_last_session_retries{{{labels}}} 0.0",
        f"backup_job_running_sessions{{{labels}}} 0.0",
        'backup_server_data_timestamp_seconds{server="em"} 1.6999992005e+09',
    ):
        assert line in after
    assert 'backup_server="enterprise01.tech.local"' in after
    assert "backup_job_last_session_transferred_bytes" not in after
