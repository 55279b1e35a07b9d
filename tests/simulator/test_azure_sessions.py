"""Sessions of a simulated appliance in Azure: pages, filters, rows of every version."""

from typing import Any

import pytest

from exporter.simulator import Fault
from exporter.simulator.azure_rows import duration
from tests.support.simulated import NOON, seconds
from tests.support.simulated_azure import AzureClient, azure

ALL_VERSIONS = ("v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1")
LATER_VERSIONS = ALL_VERSIONS[1:]
WORDS = ("Success", "Warning", "Error", "Canceled")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def scripted_days(client: AzureClient) -> list[str]:
    """One session an hour for 120 hours, words in turn, one that runs, one that waits."""
    world = client.server.world
    jobs = [world.add_job("vm"), world.add_job("disk", kind="PolicySnapshot")]
    for hour in range(1, 121):
        start = NOON - 3600 * hour
        world.add_session(jobs[hour % 2], start, start + 1800, status=WORDS[hour % 4])
    world.add_session(jobs[0], NOON - 200 * 3600)
    world.add_session(jobs[0], NOON - 60, queued_for=600)
    await client.log_on()
    return [job.id for job in jobs]


@pytest.mark.parametrize("version", LATER_VERSIONS)
async def test_the_default_page_has_100_rows_and_the_total(version: str) -> None:
    """Newest start first, what waits on top; the link names another host and no filters."""
    async with azure(version, scripted=True) as client:
        await scripted_days(client)
        page = await client.json("jobSessions", Types="PolicyBackup")
        assert (page["offset"], page["limit"], page["totalCount"]) == (0, 100, 62)
        whole = await client.json("jobSessions")
        assert (len(whole["results"]), whole["totalCount"]) == (100, 122)
        link = f"https://appliance.invalid/api/{version}/jobSessions?offset=0&limit=100"
        assert whole["_links"]["self"]["href"] == link
        assert whole["results"][0]["status"] == "Pending"
        starts = [seconds(row["executionStartTime"]) for row in whole["results"][1:]]
        assert starts == sorted(starts, reverse=True)


async def test_offset_and_limit_cut_the_list_and_minus_one_is_all() -> None:
    """The last page is short."""
    async with azure(scripted=True) as client:
        await scripted_days(client)
        parts = [
            await client.json("jobSessions", Offset=offset, Limit=50) for offset in (0, 50, 100)
        ]
        assert [len(part["results"]) for part in parts] == [50, 50, 22]
        pieces = [row["id"] for part in parts for row in part["results"]]
        assert pieces == [row["id"] for row in await client.rows()]


async def test_version_1_has_30_rows_and_no_parameters_but_types() -> None:
    """Everything comes by the export, whose limit is -1."""
    async with azure("v1", scripted=True) as client:
        await scripted_days(client)
        page = await client.json("jobSessions", Limit=7, Offset=3, FromUtc="2099-01-01T00:00:00Z")
        assert (page["offset"], page["limit"], page["totalCount"]) == (0, 30, 122)
        assert len(page["results"]) == 30
        assert (await client.json("jobSessions", Types="policybackup"))["totalCount"] == 62
        whole = await client.json("jobSessions/export", "POST")
        assert (whole["limit"], len(whole["results"])) == (-1, 122)
        await client.control("PATCH", "habits", pages_in_v1=True)
        assert len((await client.json("jobSessions", Limit=7, Offset=3))["results"]) == 7


@pytest.mark.parametrize("version", LATER_VERSIONS)
async def test_later_versions_have_no_export(version: str) -> None:
    """404."""
    async with azure(version, scripted=True) as client:
        await client.log_on()
        assert (await client.ask("jobSessions/export", "POST")).status == 404


@pytest.mark.parametrize("version", LATER_VERSIONS)
async def test_bounds_look_at_the_start(version: str) -> None:
    """What began before is left out even if it still runs; what waits has no start."""
    async with azure(version, scripted=True) as client:
        await scripted_days(client)
        found = await client.rows(FromUtc="2027-01-15T05:00:00Z", ToUtc="2027-01-15T07:00:00Z")
        starts = [NOON - seconds(row["executionStartTime"]) for row in found]
        assert starts == [3600, 7200, 10800]
        assert len(await client.rows(FromUtc="2027-01-15T05:00:00Z")) == 3


async def test_status_and_types_may_be_repeated() -> None:
    """Without case; a policy is chosen by its id."""
    async with azure(scripted=True) as client:
        jobs = await scripted_days(client)
        path = f"/api/{client.version}/jobSessions?Limit=-1&Status=error&Status=WARNING"
        rows = (await (await client.http.get(path, headers=client.headers)).json())["results"]
        assert {row["status"] for row in rows} == {"Error", "Warning"}
        assert len(await client.rows(Types="PolicySnapshot")) == 60
        assert len(await client.rows(PolicyId=jobs[1].upper())) == 60
        assert len(await client.rows(Status="Pending")) == 1
        assert len(await client.rows(Status="Running")) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"Limit": "-2"},
        {"Limit": "ten"},
        {"Offset": "-1"},
        {"Status": "Failed"},
        {"Types": "VmSnapshotRetention"},
        {"FromUtc": "yesterday"},
        {"FromUtc": "2027-01-15T05:00:00.5Z"},
        {"ToUtc": "2027-13-15T05:00:00Z"},
    ],
)
async def test_a_parameter_that_cannot_be_is_a_bad_request(query: dict[str, str]) -> None:
    """The problem names it."""
    async with azure(scripted=True) as client:
        await client.log_on()
        response = await client.ask("jobSessions", **query)
        assert response.status == 400
        assert list((await response.json())["errors"]) == list(query)


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_row_has_the_fields_of_its_version(version: str) -> None:
    """Numbers as ids only in version 1; a usn up to version 3."""
    async with azure(version, scripted=True) as client:
        world = client.server.world
        run = world.add_session(world.add_job("vm-1"), NOON - 100.25, NOON - 60)
        await client.log_on()
        (row,) = (await client.json("jobSessions"))["results"]
        assert row["id"] == run.id
        assert row["id"].isdecimal() is (version == "v1")
        assert ("usn" in row) is (version in {"v1", "v2", "v3"})
        assert row["executionDuration"] == "00:00:40.2500000"
        assert row["executionStartTime"] == "2027-01-15T07:58:19.75Z"
        assert row["localizedType"] == "Policy Backup"
        info = row["backupJobInfo"]
        assert (info["policyName"], info["policyRemoved"]) == ("vm-1", False)
        assert info.get("policyType") == (None if version == "v1" else "VirtualMachines")
        links = {name: link["href"] for name, link in row["_links"].items()}
        assert links["log"] == f"{links['self']}/log"
        assert await client.json(f"jobSessions/{run.id}") == row


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_what_has_not_stopped_shows_null_since_version_8_and_nothing_before(
    version: str,
) -> None:
    """What waits has no start either."""
    async with azure(version, scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("vm"), NOON - 100)
        world.add_session(world.jobs()[0], NOON - 50, queued_for=100)
        await client.log_on()
        waits, runs = (await client.json("jobSessions"))["results"]
        shown = version in {"v8", "v8.1"}
        assert ("executionStopTime" in runs, "executionDuration" in runs) == (shown, shown)
        assert runs.get("executionStopTime") is None
        assert ("executionStartTime" in waits) is shown
        assert (waits["status"], runs["status"]) == ("Pending", "Running")


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("null", None),
        ("year_1", "0001-01-01T00:00:00Z"),
        ("year_9999", "9999-12-31T23:59:59.9999999Z"),
        ("missing", "nothing"),
    ],
)
async def test_what_has_not_stopped_can_show_other_forms(form: str, value: Any) -> None:
    """As the appliance is told over the control API."""
    async with azure(scripted=True) as client:
        client.server.world.add_session(client.server.world.add_job("vm"), NOON - 100)
        await client.log_on()
        await client.control("PATCH", "habits", open_stop=form)
        (row,) = await client.rows()
        assert row.get("executionStopTime", "nothing") == value
        assert (await client.control("GET", "habits", 200))["open_stop"] == form


async def test_durations_can_be_milliseconds() -> None:
    """The old tables say so, their samples do not; another form is refused."""
    async with azure("v2", scripted=True) as client:
        client.server.world.add_session(client.server.world.add_job("vm"), NOON - 90, NOON - 88.5)
        await client.log_on()
        assert (await client.rows())[0]["executionDuration"] == "00:00:01.5000000"
        await client.control("PATCH", "habits", durations="milliseconds")
        assert (await client.rows())[0]["executionDuration"] == 1500
        for wrong in ({"durations": "years"}, {"open_stop": "soon"}, {"colour": "red"}):
            assert (await client.control("PATCH", "habits", 400, **wrong))["error"]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "00:00:00"),
        (59.9999996, "00:01:00"),
        (2.45670, "00:00:02.4567000"),
        (86400 + 2 * 3600 + 3 * 60 + 4.4, "1.02:03:04.4000000"),
        (12 * 86400, "12.00:00:00"),
    ],
)
def test_a_duration_counts_days_before_a_dot(length: float, text: str) -> None:
    """No fraction for whole seconds, seven digits otherwise."""
    assert duration(length) == text


async def test_a_session_on_its_way_to_trouble_says_so_in_its_second_half() -> None:
    """It runs with errors or warnings, or is being canceled, until it ends."""
    async with azure(scripted=True) as client:
        world = client.server.world
        for number, word in enumerate(("Error", "Warning", "Canceled", "Success")):
            world.add_session(world.add_job(word), NOON - number * 0.001, NOON + 100, status=word)
        await client.log_on()
        client.clock.moment += 10
        assert {row["status"] for row in await client.rows()} == {"Running"}
        client.clock.moment += 60
        words = [row["status"] for row in await client.rows()]
        assert words == ["RunningWithError", "RunningWithWarning", "Canceling", "Running"]
        assert len(await client.rows(Status="RunningWithError")) == 1
        client.clock.moment += 60
        words = [row["status"] for row in await client.rows()]
        assert words == ["Error", "Warning", "Canceled", "Success"]


async def test_sessions_of_a_removed_policy_say_so() -> None:
    """A renamed one shows its new name; rows that were kept do not show the old one."""
    async with azure(scripted=True) as client:
        world = client.server.world
        job = world.add_job("old")
        world.add_session(job, NOON - 90, NOON - 60)
        await client.log_on()
        assert (await client.rows())[0]["backupJobInfo"]["policyName"] == "old"
        world.rename_job(job.id, "new")
        assert (await client.rows())[0]["backupJobInfo"]["policyName"] == "new"
        world.delete_job(job.id)
        assert (await client.rows())[0]["backupJobInfo"]["policyRemoved"] is True


async def test_bytes_and_rates_stand_in_the_protected_items_only() -> None:
    """Their sum is what the session moved; other sessions have none."""
    async with azure(scripted=True) as client:
        world = client.server.world
        figures = {"transferred_bytes": 1001, "processed_objects": 3}
        run = world.add_session(world.add_job("vm"), NOON - 90, NOON - 60, figures=figures)
        other = world.add_session(None, NOON - 90, NOON - 60, kind="RestoreVms")
        await client.log_on()
        page = await client.json(f"jobSessions/{run.id}/protectedItems", Limit=2)
        assert (page["totalCount"], len(page["results"])) == (3, 2)
        whole = await client.json(f"jobSessions/{run.id}/protectedItems")
        moved = [item["runs"][0]["rates"]["transferredDataBytes"] for item in whole["results"]]
        assert sum(moved) == 1001
        ran = whole["results"][0]["runs"][0]
        assert seconds(ran["endTime"]) - seconds(ran["startTime"]) == 30
        empty = await client.json(f"jobSessions/{other.id}/protectedItems")
        assert empty["totalCount"] == 0


async def test_a_session_has_a_log_and_an_unknown_one_is_not_found() -> None:
    """404 as a problem."""
    async with azure(scripted=True) as client:
        world = client.server.world
        run = world.add_session(None, NOON - 90, NOON - 60, status="Error", message="No quota")
        await client.log_on()
        told = await client.json(f"jobSessions/{run.id}/log")
        assert told["jobSessionId"] == run.id
        assert (told["log"][0]["status"], told["log"][0]["message"]) == ("Error", "No quota")
        for path in ("", "/log", "/protectedItems"):
            response = await client.ask(f"jobSessions/{UNKNOWN}{path}")
            assert (response.status, response.content_type) == (404, "application/problem+json")


async def test_the_bounds_are_by_the_clock_of_the_appliance() -> None:
    """Like everything that it shows."""
    async with azure(scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("vm"), NOON - 600, NOON - 60)
        await client.log_on()
        await client.control("POST", "clock", offset_seconds=7200)
        (row,) = await client.rows(FromUtc="2027-01-15T09:50:00Z")
        assert seconds(row["executionStopTime"]) == NOON + 7140
        assert await client.rows(FromUtc="2027-01-15T09:50:01Z") == []


async def filled(client: AzureClient, count: int = 12) -> None:
    world = client.server.world
    job = world.add_job("vm")
    for number in range(count):
        world.add_session(job, NOON - 60 * number - 60, NOON - 60 * number - 30)
    await client.log_on()


async def test_pages_can_go_wrong() -> None:
    """Rows shift, pages repeat, or never end."""
    async with azure(scripted=True) as client:
        await filled(client)
        first = await client.json("jobSessions", Limit=5)
        await client.server.inject(Fault("insert_row", count=1))
        second = await client.json("jobSessions", Limit=5, Offset=5)
        assert second["results"][0]["id"] == first["results"][4]["id"]
        assert second["totalCount"] == 13
        await client.server.inject(Fault("repeat_page", count=1))
        again = await client.json("jobSessions", Limit=5, Offset=50)
        assert len(again["results"]) == 5
        assert again["totalCount"] > 55
        await client.server.inject(Fault("endless_pages"))
        for offset in (0, 5000):
            page = await client.json("jobSessions", Limit=5, Offset=offset)
            assert len(page["results"]) == 5
            assert page["totalCount"] > offset + 5
        assert len((await client.json("jobSessions", Limit=-1))["results"]) == 100


async def test_an_inserted_row_belongs_to_a_policy_even_if_there_was_none() -> None:
    """It is made up."""
    async with azure(scripted=True) as client:
        await client.log_on()
        await client.server.inject(Fault("insert_row"))
        await client.json("jobSessions", Offset=1)
        assert (await client.rows())[0]["backupJobInfo"]["policyName"] == "inserted"


@pytest.mark.parametrize("field", ["status", "type", "bottleneck"])
async def test_rows_can_go_wrong(field: str) -> None:
    """A word that is new, a row that cannot be read; sessions have no bottleneck."""
    async with azure(scripted=True) as client:
        await filled(client, 2)
        await client.server.inject(Fault("unknown_word", field=field, count=1))
        assert (await client.rows())[0].get(field) == (
            None if field == "bottleneck" else "Hibernating"
        )
        await client.server.inject(Fault("malformed_row", count=1))
        rows = await client.rows()
        assert (len(rows), rows[0]["status"]) == (3, 7)
