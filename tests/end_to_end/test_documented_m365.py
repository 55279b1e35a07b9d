"""The vendor's documented page of sessions, served as it stands, gives the metrics one expects."""

import json
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.rest_world import small_server
from tests.support.running import entry, polled, running, scrape, write_config
from tests.support.vb365_answers import JOB, Said, job, server_of

PAGE = Path(__file__).parents[1] / "sources" / "fixtures" / "vb365_v6_example.json"
OTHER_JOB = "b7c1cc0b-2b3c-4096-9ba1-2d665b4ae504"
MAIL = {"job_id": JOB, "job_name": "Mail", "server": "m365", "session_type": "Backup"}
SITES = {"job_id": OTHER_JOB, "job_name": "Sites", "server": "m365", "session_type": "Backup"}

LAST = "backup_job_last_session_"
EXPECTED = {
    # The newest session of the first job: 2022-01-31, 16:39:24 to 16:39:33.
    (LAST + "start_timestamp_seconds", "Mail"): 1643647164.008771,
    (LAST + "end_timestamp_seconds", "Mail"): 1643647173.402312,
    (LAST + "duration_seconds", "Mail"): 9.393541,
    (LAST + "transferred_bytes", "Mail"): 0,
    (LAST + "processed_items", "Mail"): 0,
    (LAST + "processed_objects", "Mail"): 1,
    (LAST + "retries", "Mail"): 0,
    (LAST + "processing_bytes_per_second", "Mail"): 0,
    (LAST + "read_bytes_per_second", "Mail"): 797001305,
    (LAST + "write_bytes_per_second", "Mail"): 41,
    (LAST + "processing_items_per_second", "Mail"): 0,
    ("backup_job_last_success_timestamp_seconds", "Mail"): 1643647173.402312,
    ("backup_job_consecutive_failures", "Mail"): 0,
    ("backup_job_first_seen_timestamp_seconds", "Mail"): 1643645299.636978,
    ("backup_job_running_sessions", "Mail"): 0,
    ("backup_job_queued_sessions", "Mail"): 0,
    # The only session of the other job, a warning after three retries.
    (LAST + "start_timestamp_seconds", "Sites"): 1643647139.529374,
    (LAST + "end_timestamp_seconds", "Sites"): 1643647163.684754,
    (LAST + "duration_seconds", "Sites"): 24.15538,
    (LAST + "transferred_bytes", "Sites"): 359459,
    (LAST + "processed_items", "Sites"): 0,
    (LAST + "processed_objects", "Sites"): 0,
    (LAST + "retries", "Sites"): 3,
    (LAST + "processing_bytes_per_second", "Sites"): 30457,
    (LAST + "read_bytes_per_second", "Sites"): 327661,
    (LAST + "write_bytes_per_second", "Sites"): 0,
    (LAST + "processing_items_per_second", "Sites"): 0,
    ("backup_job_last_success_timestamp_seconds", "Sites"): 1643647163.684754,
    ("backup_job_consecutive_failures", "Sites"): 0,
    ("backup_job_first_seen_timestamp_seconds", "Sites"): 1643647139.529374,
    ("backup_job_running_sessions", "Sites"): 0,
    ("backup_job_queued_sessions", "Sites"): 0,
}
"""Every figure that stands alone; the families with one series for each state follow below."""

STATES = {
    ("result", "Mail"): "success",
    ("result", "Sites"): "warning",
    ("bottleneck", "Mail"): "target",
    ("bottleneck", "Sites"): "target",
}

RESULT_ENDS = {
    ("Mail", "success"): 1643647173.402312,
    ("Sites", "warning"): 1643647163.684754,
}


async def _samples(tmp_path: Path) -> list[Sample]:
    """What a scrape shows after the page was polled once."""
    answers = server_of(6, Said(PAGE.read_text(encoding="utf-8").replace('"next"', '"was"')))
    answers["GET /v6/Jobs"] = Said(f"[{_json(JOB, 'Mail')}, {_json(OTHER_JOB, 'Sites')}]")
    answers["GET /v6/CopyJobs"] = Said("[]")
    async with small_server(answers) as served:
        one = entry("m365", served.url, password="x", api_version="v6")
        config = write_config(tmp_path / "config.yaml", one, lookback="3650d", forget_after="3650d")
        async with running(config) as exporter:
            await polled(exporter)
            page = scrape(exporter)
    return [one for family in text_string_to_metric_families(page) for one in family.samples]


def _json(job_id: str, name: str) -> str:
    return json.dumps(job(job_id, name))


async def test_the_documented_page_gives_exactly_the_expected_metrics(tmp_path: Path) -> None:
    """Each value of each session, history filled in, and nothing counted yet."""
    samples = await _samples(tmp_path)
    jobs = [one for one in samples if one.labels.get("job_name") in ("Mail", "Sites")]
    plain = {
        (one.name, one.labels["job_name"]): one.value for one in jobs if one.labels in (MAIL, SITES)
    }
    sums = {key: value for key, value in plain.items() if key[0].endswith("_total")}
    assert {key: value for key, value in plain.items() if key not in sums} == EXPECTED
    assert set(sums.values()) == {0.0}
    for (label, name), state in STATES.items():
        shown = {
            one.labels[label]: one.value
            for one in jobs
            if one.name == f"{LAST}{label}" and one.labels["job_name"] == name
        }
        assert {word for word, value in shown.items() if value} == {state}
    ends = {
        (one.labels["job_name"], one.labels["result"]): one.value
        for one in jobs
        if one.name == "backup_job_last_result_timestamp_seconds" and one.value
    }
    assert ends == RESULT_ENDS
    finished = [one for one in jobs if one.name == "backup_job_sessions_finished_total"]
    assert len(finished) == 10
    assert {one.value for one in finished} == {0.0}


async def test_the_documented_page_says_what_the_server_is(tmp_path: Path) -> None:
    """Up, with its version, organization and repository in the info families."""
    samples = {one.name: one for one in await _samples(tmp_path)}
    assert samples["backup_server_up"].value == 1
    assert samples["backup_server_info"].labels == {
        "server": "m365",
        "product": "vb365",
        "product_version": "8.1.0.305",
        "api_version": "v6",
    }
    info = samples["backup_job_info"].labels
    assert (info["organization"], info["repository"]) == ("contoso", "Repo1")
