"""What a simulated Enterprise Manager shows: sessions, jobs, servers, its own collections."""

from typing import Any

import pytest

from exporter.simulator.runs import Job
from tests.support.simulated import NOON, seconds
from tests.support.simulated_enterprise_manager import NAMESPACE, EmClient, logged_on


def add_job(client: EmClient, kind: str = "Backup", name: str = "Mail") -> Job:
    return client.server.world.add_job(name, kind=kind)


async def only_row(client: EmClient) -> dict[str, Any]:
    [row] = await client.rows()
    return row


async def test_a_session_at_work_has_no_result_and_no_end() -> None:
    """Its progress is percent."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client), NOON - 60, NOON + 140)
        row = await only_row(client)
        assert (row["State"], row["Result"], row["Progress"]) == ("Working", "None", 30)
        assert row["EndTimeUTC"] is None


async def test_a_session_that_waits_is_starting() -> None:
    """Until it goes to work."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client), NOON - 5, queued_for=60)
        assert (await only_row(client))["State"] == "Starting"


@pytest.mark.parametrize("status", ["Success", "Warning", "Failed", "None", "Novel"])
async def test_a_session_that_is_over_has_stopped_with_a_result(status: str) -> None:
    """Any word may be scripted; None is a session that was stopped with nothing to say."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client), NOON - 60, NOON - 1, status=status)
        row = await only_row(client)
        assert (row["State"], row["Result"], row["Progress"]) == ("Stopped", status, 100)


async def test_a_retry_says_so_and_a_message_is_null_when_there_is_none() -> None:
    """FailureMessage may be null on Failed."""
    async with logged_on(scripted=True) as client:
        world, job = client.server.world, add_job(client)
        world.add_session(job, NOON - 60, NOON - 50, status="Failed", message="Disk full")
        world.add_session(job, NOON - 40, NOON - 30, status="Failed", retry=1)
        first, second = await client.rows(sortAsc="CreationTime")
        assert (first["IsRetry"], first["FailureMessage"]) == (False, "Disk full")
        assert (second["IsRetry"], second["FailureMessage"]) == (True, None)


async def test_an_immediate_copy_that_is_over_has_no_progress() -> None:
    """Progress is no sign of the end."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client, "ImmediateBackupCopy"), NOON - 9, NOON - 1)
        row = await only_row(client)
        assert (row["State"], row["Result"], row["Progress"]) == ("Stopped", "Success", 0)


async def test_a_child_session_is_a_job_of_its_own_named_after_its_container() -> None:
    """Container and child are rows of the same list."""
    async with logged_on(scripted=True) as client:
        world, job = client.server.world, add_job(client, "AgentBackup", "Laptops")
        world.add_session(job, NOON - 60, NOON - 10)
        world.add_session(job, NOON - 50, NOON - 20, kind="AgentManagement")
        container, child = await client.rows(sortAsc="CreationTime")
        assert (container["JobType"], container["JobName"]) == ("AgentBackup", "Laptops")
        assert child["JobType"] == "AgentManagement"
        assert child["JobName"] == "Laptops - Main repository"
        assert child["JobUid"] != container["JobUid"]


async def test_a_session_without_a_job_has_no_job_and_raw_fields_win() -> None:
    """Tests may put anything into a row."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(None, NOON - 60, NOON - 10, raw={"EndTimeUTC": ""})
        row = await only_row(client)
        assert (row["JobUid"], row["JobName"], row["EndTimeUTC"]) == (None, "", "")


async def test_the_backup_server_is_the_link_of_its_type() -> None:
    """Jobs of the same name on two servers differ there."""
    async with logged_on(scripted=True) as client:
        world = client.server.world
        for number, server in enumerate(world.profile.organizations):
            job = world.add_job("SQL", organization=server)
            world.add_session(job, NOON - 9 + number, NOON - 1)
        links = [
            next(link for link in row["Links"] if link["Type"] == "BackupServerReference")
            for row in await client.rows(sortAsc="CreationTime")
        ]
        assert [link["Name"] for link in links] == ["vbr01.example.local", "vbr02.example.local"]
        servers = (await client.json("/backupServers", format="Entity"))["BackupServers"]
        assert [one["UID"].rpartition(":")[2] for one in servers] == [
            link["Href"].rpartition("/")[2] for link in links
        ]


async def test_version_13_writes_small_letters_and_six_digits() -> None:
    """The values stay as they were."""
    async with logged_on(scripted=True, api_version="v13") as client:
        client.server.world.add_session(add_job(client), NOON - 60, NOON - 9.5)
        body = await client.page()
        [row] = body["entities"]["backupJobSessions"]["backupJobSessions"]
        assert row["uid"].startswith("urn:veeam:BackupJobSession:")
        assert row["endTimeUTC"].endswith(".500000Z")
        assert (row["jobType"], row["links"][0]["rel"]) == ("Backup", "Up")
        assert body["pagingInfo"]["pagesCount"] == 1


async def test_version_12_writes_capitals_and_as_many_digits_as_it_needs() -> None:
    """None for a whole second."""
    async with logged_on(scripted=True, api_version="v12") as client:
        client.server.world.add_session(add_job(client), NOON - 60, NOON - 9.5)
        row = await only_row(client)
        assert row["CreationTimeUTC"].endswith(":00Z")
        assert row["EndTimeUTC"].endswith(":50.5Z")


@pytest.mark.parametrize("version", ["v11", "v12", "v13"])
async def test_xml_is_alike_in_every_version(version: str) -> None:
    """Attributes for names and links, nothing for null."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client, name="A & <B>"), NOON - 60)
        root = await client.xml("/query", type="BackupJobSession", format="Entities")
        session = root.find(f"{NAMESPACE}Entities/{NAMESPACE}BackupJobSessions/*")
        assert session is not None
        assert (session.get("UID") or "").startswith("urn:veeam:BackupJobSession:")
        assert session.findtext(f"{NAMESPACE}JobName") == "A & <B>"
        assert session.findtext(f"{NAMESPACE}IsRetry") == "false"
        assert session.find(f"{NAMESPACE}EndTimeUTC") is None
        assert session[0].tag == f"{NAMESPACE}Links"
        paging = root.find(f"{NAMESPACE}PagingInfo")
        assert paging is not None
        assert paging.get("PagesCount") == "1"


async def test_characters_that_xml_cannot_carry_are_replaced() -> None:
    """A name with a control character still makes a document."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client, name="bell\x07"), NOON - 60)
        root = await client.xml("/query", type="BackupJobSession", format="Entities")
        assert root.findtext(f".//{NAMESPACE}JobName") == "bell?"


async def test_json_may_have_a_byte_order_mark_and_may_not_come_at_all() -> None:
    """Both are habits of an installation."""
    async with logged_on(scripted=True) as client:
        client.product.habits.byte_order_mark = True
        assert (await (await client.get("/")).read()).startswith(b"\xef\xbb\xbf{")
        client.product.habits.answers_xml = True
        assert (await client.get("/")).content_type == "application/xml"


@pytest.mark.parametrize("kind", ["backup", "replica"])
async def test_a_single_session_is_found_by_its_id_and_others_are_not(kind: str) -> None:
    """Backup sessions are no replica sessions."""
    async with logged_on(scripted=True) as client:
        world = client.server.world
        job = add_job(client, "Backup" if kind == "backup" else "Replica")
        run = world.add_session(job, NOON - 60, NOON - 10, visible_from=NOON - 5)
        hidden = world.add_session(job, NOON - 60, NOON - 10, visible_from=NOON + 5)
        entity = await client.json(f"/{kind}Sessions/{run.id}", format="Entity")
        assert entity["UID"].rpartition(":")[2] == run.id
        root = await client.xml(f"/{kind}Sessions/{run.id}", format="Entity")
        assert root.tag == f"{NAMESPACE}{kind.capitalize()}JobSession"
        assert (await client.json(f"/{kind}Sessions/{run.id}"))["Type"].endswith("Reference")
        other = "replica" if kind == "backup" else "backup"
        for path in (f"/{other}Sessions/{run.id}", f"/{kind}Sessions/{hidden.id}"):
            assert (await client.get(path, format="Entity")).status == 404
        assert (await client.get(f"/{kind}Sessions/none", format="Entity")).status == 404


async def test_replicas_have_a_list_of_their_own() -> None:
    """Query and whole list."""
    async with logged_on(scripted=True) as client:
        client.server.world.add_session(add_job(client, "Replica"), NOON - 60, NOON - 10)
        [row] = await client.rows("ReplicaJobSession")
        assert row["JobType"] == "Replica"
        assert await client.rows() == []
        whole = await client.json("/replicaSessions", format="Entity")
        assert whole["ReplicaJobSessions"] == [row]


async def test_whole_lists_reach_back_thirty_days_and_are_references_at_first() -> None:
    """The query knows older ones."""
    async with logged_on(scripted=True) as client:
        world, job = client.server.world, add_job(client)
        for age in (29, 31):
            world.add_session(job, NOON - age * 86400, NOON - age * 86400 + 60)
        assert len(await client.rows()) == 2
        assert len((await client.json("/backupSessions"))["Refs"]) == 1
        root = await client.xml("/backupSessions", format="Entity")
        assert [one.tag for one in root] == [f"{NAMESPACE}BackupJobSession"]


async def test_jobs_are_for_portal_administrators_only() -> None:
    """403 for others, while sessions are still shown."""
    async with logged_on(history=86400.0) as client:
        assert len(await client.rows("Job")) == 12
        assert len((await client.json("/jobs", format="Entity"))["Jobs"]) == 12
        client.product.role = "Portal User"
        assert client.product.role == client.product.habits.role == "Portal User"
        for path in ("/jobs", "/query?type=Job", "/query?type=AgentBackupJob"):
            assert (await client.get(path)).status == 403
        assert (await client.get("/query", type="BackupJobSession")).status == 200


async def test_jobs_can_be_filtered_and_sorted_and_tell_their_schedule() -> None:
    """One of them is switched off and has no next run."""
    async with logged_on(history=86400.0) as client:
        [off] = await client.rows("Job", filter="ScheduleEnabled==false")
        assert (off["Name"], off["NextRun"]) == ("Archive test", None)
        names = [one["Name"] for one in await client.rows("Job", sortDesc="Name")]
        assert names == sorted(names, key=str.casefold, reverse=True)
        second = await client.rows("Job", filter='BackupServerName=="vbr02.example.local"')
        assert len(second) == 4
        soon = await client.rows("Job", sortAsc="NextRun")
        assert soon[0]["NextRun"] is None
        assert seconds(soon[1]["NextRun"]) > NOON
        assert (await client.page("Repository"))["Entities"]["Repositories"] is None


async def test_a_new_session_waits_for_the_next_collection() -> None:
    """Until then it shows the state of the last one."""
    async with logged_on(scripted=True) as client:
        client.product.habits.collect_every = 900.0
        client.server.world.add_session(add_job(client), NOON + 10, NOON + 1000)
        client.clock.moment = NOON + 890
        assert await client.rows() == []
        await client.log_on()
        client.clock.moment = NOON + 900
        assert (await only_row(client))["State"] == "Working"
        client.clock.moment = NOON + 1500
        row = await only_row(client)
        assert (row["State"], row["Progress"]) == ("Working", 89)
        client.clock.moment = NOON + 1800
        assert (await only_row(client))["State"] == "Stopped"


async def test_collections_are_sessions_and_a_fast_world_collects_faster() -> None:
    """Every 15 minutes of the world's own time."""
    async with logged_on(speed=60.0, history=3600.0) as client:
        assert client.product.habits.collect_every == 15.0
        client.clock.moment = NOON + 4
        found = (await client.json("/systemSessions", format="Entity"))["SystemSessions"]
        collections = [one for one in found if one["SessionType"] == "CollectJob"]
        assert seconds(collections[0]["EndTimeUTC"]) == NOON
        assert seconds(collections[1]["EndTimeUTC"]) == NOON - 15
        assert {one["State"] for one in collections} == {"CompletedSuccessfully"}
        assert found[-1]["SessionType"] == "DatabaseMaintenance"


async def test_a_collection_takes_its_time() -> None:
    """In the last seconds of the interval one is in progress."""
    async with logged_on(scripted=True) as client:
        client.clock.moment = NOON + 895
        first = (await client.json("/systemSessions", format="Entity"))["SystemSessions"][0]
        assert (first["State"], first["EndTimeUTC"]) == ("InProgress", None)
        assert first["Result"]["Result"] == "None"


@pytest.mark.parametrize("every", [0.0, 900.0])
async def test_when_collections_fail_the_data_stays_old(every: float) -> None:
    """The server goes on to answer."""
    async with logged_on(scripted=True) as client:
        habits = client.product.habits
        habits.collect_every, habits.collections_fail_from = every, NOON + 100
        job = add_job(client)
        client.server.world.add_session(job, NOON - 60, NOON - 10)
        client.server.world.add_session(job, NOON + 200, NOON + 300)
        client.clock.moment += 899
        await client.log_on()
        client.clock.moment += 899
        assert len(await client.rows()) == 1
        found = (await client.json("/systemSessions", format="Entity"))["SystemSessions"]
        states = [one["State"] for one in found if one["SessionType"] == "CollectJob"]
        assert states[:3] == ["InProgress", "Failed", "CompletedSuccessfully"]


async def test_a_believable_world_has_containers_children_and_two_servers() -> None:
    """And a name that both servers use."""
    async with logged_on(history=8 * 86400.0) as client:
        rows = await client.rows(pageSize=1000)
        assert {row["JobType"] for row in rows} == {
            *("Backup", "BackupCopy", "ImmediateBackupCopy", "ImmediateBackupCopyWorker"),
            *("AgentBackup", "AgentManagement", "NasBackup"),
        }
        workers = {row["JobName"] for row in rows if row["JobType"].endswith("Worker")}
        assert workers == {"Copy to the vault\\SQL servers", "Plant copy\\SQL servers"}
        assert len({row["JobUid"] for row in rows if row["JobName"] == "SQL servers"}) == 2
        assert {row["Result"] for row in rows} >= {"Success", "Warning", "Failed"}
        failed = [row["FailureMessage"] for row in rows if row["Result"] == "Failed"]
        assert None in failed
        assert any(failed)
        assert await client.rows("ReplicaJobSession")


async def test_the_list_agrees_with_the_truth() -> None:
    """Every finished session of the last days is in one of the two lists."""
    async with logged_on(history=2 * 86400.0) as client:
        client.product.habits.collect_every = 0.0
        query = {"pageSize": 500, "filter": "State==Stopped"}
        rows = await client.rows(**query) + await client.rows("ReplicaJobSession", **query)
        async with client.http.get("/_simulator/truth") as response:
            truth = {one["id"]: one for one in (await response.json())["sessions"]}
        assert {row["UID"].rpartition(":")[2] for row in rows} == truth.keys()
        for row in rows:
            told = truth[row["UID"].rpartition(":")[2]]
            assert (row["Result"], seconds(row["EndTimeUTC"])) == (
                told["status"],
                pytest.approx(told["end"], abs=1e-5),
            )


async def test_a_renamed_job_renames_its_sessions() -> None:
    """Kept rows do not stay behind."""
    async with logged_on(scripted=True) as client:
        job = add_job(client)
        client.server.world.add_session(job, NOON - 60, NOON - 10)
        assert (await only_row(client))["JobName"] == "Mail"
        client.server.world.rename_job(job.id, "Post")
        assert (await only_row(client))["JobName"] == "Post"
