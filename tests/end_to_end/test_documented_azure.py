"""The vendor's documented answers of an Azure appliance give the metrics that one expects."""

import json
from pathlib import Path

import pytest

from exporter.app import Exporter
from exporter.model import Result
from exporter.view import JobView
from tests.support.azure_answers import TOKEN, TOKEN_PATH
from tests.support.rest_world import Said, small_server
from tests.support.running import entry, job, polled, reaches, running, scrape, server, write_config

FIXTURES = Path(__file__).parents[1] / "sources" / "fixtures"
LIST = (FIXTURES / "azure_v1_sessions.json").read_text(encoding="utf-8")
EXPORT = (FIXTURES / "azure_v1_export.json").read_text(encoding="utf-8")
ONE = (FIXTURES / "azure_v1_session.json").read_text(encoding="utf-8")

DURATIONS = {
    "14": 77.8237,
    "13": 56.864168,
    "12": 1493.563511,
    "11": 69.252998,
    "10": 103.578581,
    "9": 53.101734,
    "8": 370.72257,
    "7": 85.8306,
    "6": 70.187734,
    "4": 985.952283,
    "5": 68.692448,
    "3": 35.467597,
    "2": 2.88237,
    "1": 3.340442,
}
"""Seconds of each documented session, as the page itself tells them, to the microsecond."""

JOBS = {
    ("Policy 1", "PolicyBackup"): 2,
    ("Policy 1", "PolicySnapshot"): 2,
    ("Policy_2", "PolicyBackup"): 1,
    ("Policy_2", "PolicySnapshot"): 1,
    ("Backup Policy", "PolicyBackup"): 2,
    ("Backup Policy", "PolicySnapshot"): 2,
    ("Backup Repository", "RepositoryCreation"): 1,
    ("", "ManualSnapshot"): 1,
    ("", "LingeringSnapshotRetention"): 2,
}
"""Which jobs the 14 sessions belong to, and how many each has."""


def _answers(sessions: object) -> dict[str, object]:
    """An appliance of the first version with that list."""
    return {
        f"POST {TOKEN_PATH}": TOKEN,
        "GET /api/v1/jobSessions": sessions,
        "GET /api/v1/jobSessions/39": Said(ONE),
    }


def _config(folder: Path, url: str) -> Path:
    one = entry("azure", url, product="azure", password="x", api_version="v1")
    return write_config(folder / "config.yaml", one, lookback="3650d", forget_after="3650d")


def _by_job(exporter: Exporter) -> dict[tuple[str, str], JobView]:
    return {(one.job_name, one.session_type): one for one in server(exporter, "azure").jobs}


async def test_fourteen_sessions_with_their_durations_and_one_canceled(tmp_path: Path) -> None:
    """Each is history under its job, none is counted, and the last of each job is shown."""
    async with (
        small_server(_answers(Said(LIST))) as appliance,
        running(_config(tmp_path, appliance.url)) as exporter,
    ):
        await polled(exporter)
        jobs = _by_job(exporter)
        page = scrape(exporter)
    assert {key: len(one.runs) for key, one in jobs.items()} == JOBS
    runs = {run.id: run for one in jobs.values() for run in one.runs}
    assert {id_: run.duration for id_, run in runs.items()} == DURATIONS
    assert [id_ for id_, run in runs.items() if run.result is Result.CANCELED] == ["14"]
    assert {sum(one.totals.finished.values()) for one in jobs.values()} == {0}
    policy = 'job_id="a91630ab-1603-47ea-a76c-0525e77a1188",job_name="Policy 1",server="azure"'
    backup = f'{policy},session_type="PolicyBackup"'
    for line in (
        f"backup_job_last_session_duration_seconds{{{backup}}} 77.8237",
        f"backup_job_last_session_end_timestamp_seconds{{{backup}}} 1.581078142046855e+09",
        f"backup_job_last_success_timestamp_seconds{{{backup}}} 1.581071118999327e+09",
        f"backup_job_consecutive_failures{{{backup}}} 0.0",
    ):
        assert line in page
    assert "backup_job_last_session_transferred_bytes" not in page
    assert "backup_job_last_session_bottleneck" not in page


@pytest.mark.parametrize(
    ("export", "works"), [(EXPORT, 1), (EXPORT[: len(EXPORT) // 2], 0), (EXPORT + "}", 0)]
)
async def test_the_documented_export_adds_nothing_to_the_list(
    tmp_path: Path, export: str, works: int
) -> None:
    """Whole, cut off, or with a brace too many: three sessions of the list, as there."""
    answers = _answers(Said(LIST)) | {"POST /api/v1/jobSessions/export": Said(export)}
    async with (
        small_server(answers) as appliance,
        running(_config(tmp_path, appliance.url)) as exporter,
    ):
        await polled(exporter)
        jobs = _by_job(exporter)
        page = scrape(exporter)
    assert {run.id: run.duration for one in jobs.values() for run in one.runs} == DURATIONS
    assert {key: len(one.runs) for key, one in jobs.items()} == JOBS
    assert f'backup_server_endpoint_up{{endpoint="export",server="azure"}} {works}.0' in page
    assert 'backup_server_up{server="azure"} 1.0' in page


async def test_the_documented_session_is_followed_by_its_id_and_counted(tmp_path: Path) -> None:
    """Seen running, it leaves the list and is asked for: 167.772674 s, a success, counted once."""
    row = json.loads(ONE) | {
        "status": "Running",
        "executionStopTime": None,
        "executionDuration": None,
    }
    seen = json.dumps({"offset": 0, "limit": 30, "totalCount": 1, "results": [row]})
    nothing = json.dumps({"offset": 0, "limit": 30, "totalCount": 0, "results": []})
    lists = [Said(seen), Said(seen), Said(nothing)]
    async with (
        small_server(_answers(lists)) as appliance,
        running(_config(tmp_path, appliance.url)) as exporter,
    ):
        await polled(exporter)
        scrape(exporter)
        await reaches(
            exporter,
            1,
            lambda exporter: job(server(exporter, "azure"), "", "BackupRetention").totals.finished[
                Result.SUCCESS
            ],
        )
        view = job(server(exporter, "azure"), "", "BackupRetention")
    assert [(run.id, run.duration) for run in view.runs] == [("39", 167.772674)]
    assert view.totals.duration_seconds == 167.772674
