"""What differs between versions 5 to 8 of the simulated Microsoft 365 API."""

import pytest

from tests.support.simulated import NOON, client_of, seconds

VERSIONS = [5, 6, 7, 8]
FIELDS = {
    "repositoryId": 7,
    "mainSessionId": 7,
    "jobWillBeRetried": 7,
    "jobType": 7,
    "jobId": 8,
    "jobSessionConfigType": 8,
    "eTag": 8,
    "proxyId": 8,
}


@pytest.mark.parametrize(("newest", "served"), [(None, [5, 6, 7, 8]), ("6", [5, 6]), ("v5", [5])])
async def test_a_server_serves_its_own_version_and_the_older_ones(
    newest: str | None, served: list[int]
) -> None:
    """Without a token, 401 says that a version is served and 404 that it is not."""
    async with client_of(scripted=True, api_version=newest) as client:
        for version in range(3, 11):
            response = await client.get(f"/v{version}/ServiceInstance")
            assert response.status == (401 if version in served else 404)


async def test_a_version_that_never_was_cannot_be_simulated() -> None:
    """The sentence names the versions there are."""
    with pytest.raises(ValueError, match="v5 to v8"):
        async with client_of(api_version="v4"):
            pass


async def test_health_and_portal_settings_are_for_everybody() -> None:
    """Health since version 8, portal settings since version 6."""
    async with client_of(scripted=True) as client:
        health = await client.json("/v8/Health")
        assert health["status"] == "Healthy"
        assert (await client.get("/v6/RestorePortalSettings")).status == 200
        assert (await client.get("/v7/Health")).status == 404
        assert (await client.get("/v5/RestorePortalSettings")).status == 404


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_session_has_the_fields_of_its_version(version: int) -> None:
    """Fields that came later are missing, not null."""
    async with client_of(scripted=True) as client:
        job = client.server.world.add_job("Mail")
        client.server.world.add_session(job, NOON - 600, NOON - 60.5, full=True)
        await client.log_on(version)
        (row,) = await client.sessions(version)
        for name, since in FIELDS.items():
            assert (name in row) is (version >= since), name
        assert row["_links"]["job"]["href"].endswith(f"/v{version}/jobs/{job.id}")
        assert row["_links"]["self"]["href"].startswith("http") is (version == 5)
        assert row["creationTime"] == "2027-01-15T07:50:00Z"
        assert row["endTime"] == "2027-01-15T07:58:59.5Z"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_running_session_shows_no_end_in_the_way_of_its_version(version: int) -> None:
    """Year 9999, null, or no key at all."""
    async with client_of(scripted=True) as client:
        client.server.world.add_session(client.server.world.add_job("Mail"), NOON - 60)
        await client.log_on(version)
        (row,) = await client.sessions(version)
        assert row["status"] == "Running"
        shown = row.get("endTime", "missing")
        expected = {5: "9999-12-31T23:59:59.9999999Z", 7: None, 8: "missing"}
        assert shown == expected.get(version, expected[5])


@pytest.mark.parametrize("form", ["year_1", "year_9999", "null", "missing"])
async def test_the_form_of_a_missing_end_can_be_chosen(form: str) -> None:
    """Nobody knows for certain which form a real server uses."""
    async with client_of(scripted=True) as client:
        client.server.product.open_end = form
        client.server.world.add_session(client.server.world.add_job("Mail"), NOON - 60)
        await client.log_on()
        (row,) = await client.sessions()
        assert ("endTime" in row) is (form != "missing")


@pytest.mark.parametrize("path", ["Jobs", "CopyJobs", "Organizations", "BackupRepositories"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_small_lists_are_arrays_up_to_version_7_and_pages_since(
    version: int, path: str
) -> None:
    """Clients must accept both shapes."""
    async with client_of(history=86400) as client:
        await client.log_on(version)
        body = await client.json(f"/v{version}/{path}")
        rows = body["results"] if version == 8 else body
        assert len(rows) >= 3
        assert all(row["id"] and row["name"] for row in rows)


async def test_job_sessions_of_one_job_had_a_path_of_their_own_up_to_version_6() -> None:
    """Later it is a filter."""
    async with client_of(history=86400) as client:
        await client.log_on()
        job = client.server.world.jobs()[0]
        old = await client.json(f"/v6/Jobs/{job.id}/JobSessions")
        new = await client.json("/v7/JobSessions", jobId=job.id.upper())
        assert len(old["results"]) == 4
        assert [row["id"] for row in old["results"]] == [row["id"] for row in new["results"]]
        assert (await client.get(f"/v7/Jobs/{job.id}/JobSessions")).status == 404


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_job_names_its_organization_in_the_way_of_its_version(version: int) -> None:
    """By link in all versions, by id since version 8."""
    async with client_of(history=3 * 86400) as client:
        await client.log_on(version)
        jobs = await client.json(f"/v{version}/Jobs")
        row = (jobs["results"] if version == 8 else jobs)[0]
        organizations = await client.json(f"/v{version}/Organizations")
        known = organizations["results"] if version == 8 else organizations
        linked = row["_links"]["organization"]["href"].rpartition("/")[2]
        assert linked in {organization["id"] for organization in known}
        assert row.get("organizationId", linked) == linked
        assert ("lastBackup" in row) is (version >= 7)
        assert seconds(row["lastRun"]) < NOON < seconds(row["nextRun"])


async def test_a_job_that_never_ran_says_so() -> None:
    """A listed job without a run has no times."""
    async with client_of(history=3 * 86400) as client:
        await client.log_on()
        jobs = (await client.json("/v8/Jobs"))["results"]
        (row,) = [row for row in jobs if row["name"].endswith("Archive mailboxes")]
        assert (row["lastRun"], row["lastBackup"], row["nextRun"]) == (None, None, None)
        assert (row["isEnabled"], row["lastStatus"]) == (False, "NotConfigured")


async def test_a_copy_job_names_the_job_it_copies() -> None:
    """The organization's mail job, in this world."""
    async with client_of(history=3600) as client:
        await client.log_on()
        copies = (await client.json("/v8/CopyJobs"))["results"]
        jobs = {row["id"]: row["name"] for row in (await client.json("/v8/Jobs"))["results"]}
        assert all(row["name"] == jobs[row["backupJobId"]] + " copy" for row in copies)
        one = await client.json(f"/v8/CopyJobs/{copies[0]['id']}")
        assert one == copies[0]


@pytest.mark.parametrize(("version", "key"), [(6, "expirationDate"), (7, "licenseExpires")])
async def test_the_licence_names_its_dates_in_the_way_of_its_version(
    version: int, key: str
) -> None:
    """The names changed with version 7."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        assert seconds((await client.json(f"/v{version}/License"))[key]) > NOON


async def test_the_service_instance_tells_the_product_version() -> None:
    """It is that of the newest version served, whichever path asks."""
    async with client_of(scripted=True, api_version="7") as client:
        await client.log_on(6)
        assert (await client.json("/v6/ServiceInstance"))["version"].startswith("7.")
        assert (await client.json("/v6/Proxies"))[0]["status"] == "Online"


@pytest.mark.parametrize("version", [7, 8])
async def test_log_items_have_titles_before_version_8_and_types_since(version: int) -> None:
    """Version 8 can also filter by type and turn the order."""
    async with client_of(scripted=True) as client:
        job = client.server.world.add_job("Mail")
        run = client.server.world.add_session(
            job, NOON - 600, NOON - 60, status="Failed", message="No space left"
        )
        await client.log_on()
        path = f"/v{version}/JobSessions/{run.id}/LogItems"
        rows = (await client.json(path))["results"]
        if version == 7:
            assert rows[-1]["title"] == "[Error] No space left"
            return
        assert (rows[-1]["type"], rows[-1]["message"]) == ("Error", "No space left")
        assert (await client.json(path, type="error"))["results"] == rows[-1:]
        assert (await client.json(path, orderAsc="false"))["results"] == rows[::-1]


async def test_processed_objects_of_a_session_came_with_version_7() -> None:
    """As many as the session's progress counts."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        run = world.add_session(world.add_job("Mail"), NOON - 600, NOON - 60)
        await client.log_on()
        path = f"JobSessions/{run.id}/ProcessedObjects"
        rows = (await client.json(f"/v7/{path}"))["results"]
        assert len(rows) == (await client.json(f"/v7/JobSessions/{run.id}"))["progress"]
        assert (await client.get(f"/v6/{path}")).status == 404


async def test_restores_and_retrievals_are_lists_of_their_own() -> None:
    """They are no job sessions, and each can be read by its id."""
    async with client_of(history=40 * 86400) as client:
        await client.log_on()
        restores = (await client.json("/v8/RestoreSessions"))["results"]
        retrievals = (await client.json("/v8/DataRetrievalSessions"))["results"]
        assert {row["type"] for row in restores} == {"Vex", "Veod", "Vesp"}
        assert {row["type"] for row in retrievals} == {"Retrieve"}
        for path, rows in (("RestoreSessions", restores), ("DataRetrievalSessions", retrievals)):
            assert await client.json(f"/v8/{path}/{rows[0]['id']}") == rows[0]
            assert (await client.get(f"/v8/JobSessions/{rows[0]['id']}")).status == 404
        late = await client.json("/v8/RestoreSessions", startTimeFrom=restores[3]["creationTime"])
        assert len(late["results"]) == 4
        assert (await client.get("/v5/DataRetrievalSessions")).status == 404


async def test_a_restore_at_work_has_no_result() -> None:
    """Neither `endTime` nor `result`, though the schema calls it required."""
    async with client_of(scripted=True) as client:
        client.server.world.add_session(None, NOON - 60, kind="Vex")
        await client.log_on()
        (row,) = (await client.json("/v8/RestoreSessions"))["results"]
        assert row["state"] == "Working"
        assert not row.keys() & {"endTime", "result"}
