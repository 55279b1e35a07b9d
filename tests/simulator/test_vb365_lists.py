"""Pages and filters of the simulated `/JobSessions`."""

import pytest

from exporter.simulator.runs import Job
from tests.support.simulated import NOON, Client, client_of, seconds

ZERO = "00000000-0000-0000-0000-000000000000"


async def scripted_day(client: Client) -> list[Job]:
    """One session an hour for 50 hours, words in turn, and one that runs."""
    world = client.server.world
    jobs = [world.add_job("Mail"), world.add_job("Mail copy", kind="Copy")]
    words = ["Success", "Warning", "Failed", "Stopped"]
    for hour in range(1, 50):
        start = NOON - 3600 * hour
        world.add_session(jobs[hour % 2], start, start + 1800, status=words[hour % 4])
    world.add_session(jobs[0], NOON - 5 * 3600 + 1)
    await client.log_on()
    return jobs


@pytest.mark.parametrize("version", [5, 6, 7, 8])
async def test_the_default_page_has_30_rows_and_says_where_the_next_is(version: int) -> None:
    """Host-relative links since version 6, absolute ones before; no filters in them."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        page = await client.json(f"/v{version}/JobSessions", endTimeLowerBound="2026-01-01")
        base = client.server.url if version == 5 else ""
        next_page = f"{base}/v{version}/JobSessions?offset=30&limit=30"
        assert (page["offset"], page["limit"], len(page["results"])) == (0, 30, 30)
        assert page["setId"] == ZERO
        assert page["_links"]["next"]["href"] == next_page
        assert "totalCount" not in page


async def test_the_last_page_is_short_and_has_no_next() -> None:
    """It links back instead."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        page = await client.json("/v8/JobSessions", offset=30)
        assert len(page["results"]) == 20
        assert set(page["_links"]) == {"self", "prev", "first"}


async def test_rows_come_newest_first_by_creation() -> None:
    """Across pages, too."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        times = [seconds(row["creationTime"]) for row in await client.sessions(limit=7)]
        assert len(times) == 50
        assert times == sorted(times, reverse=True)


async def test_names_of_parameters_are_compared_without_case() -> None:
    """`LIMIT` is `limit`."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        assert len((await client.json("/v8/JobSessions", LIMIT=3))["results"]) == 3


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}])
async def test_a_page_that_cannot_be_is_a_bad_request(query: dict[str, str]) -> None:
    """With an error code since version 7."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        response = await client.get("/v8/JobSessions", **query)
        assert response.status == 400
        assert (await response.json())["errorCode"] == "ParameterValidationFailure"


async def test_a_limit_beyond_ten_thousand_counts_as_ten_thousand() -> None:
    """The page says what it did."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        assert (await client.json("/v8/JobSessions", limit=99999))["limit"] == 10000


async def test_version_5_knows_no_filters() -> None:
    """It ignores them."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        query = {"endTimeLowerBound": "2027-01-15T07:00:00Z", "jobType": "Copy"}
        assert len(await client.sessions(5, **query)) == 50
        assert len(await client.sessions(6, **query)) < 5


async def test_a_lower_bound_keeps_what_ended_later_and_what_still_runs() -> None:
    """Since version 6."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        found = await client.sessions(6, endTimeLowerBound="2027-01-15T05:30:00Z")
        ended = [row for row in found if row["status"] != "Running"]
        assert len(found) == len(ended) + 1
        assert min(seconds(row["endTime"]) for row in ended) == NOON - 2.5 * 3600


async def test_the_bounds_can_look_at_the_creation_instead() -> None:
    """The vendor's texts contradict each other."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        client.server.product.sessions.window_reads = "creation"
        found = await client.sessions(8, endTimeLowerBound="2027-01-15T05:30:00Z")
        assert min(seconds(row["creationTime"]) for row in found) == NOON - 2 * 3600


async def test_an_upper_bound_came_with_version_7() -> None:
    """It leaves out what is not over."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        bound = "2027-01-13T09:30:00Z"
        assert len(await client.sessions(6, endTimeUpperBound=bound)) == 50
        found = await client.sessions(7, endTimeUpperBound=bound)
        assert max(seconds(row["endTime"]) for row in found) == seconds(bound)


async def test_a_bound_that_is_no_time_is_a_bad_request() -> None:
    """It is not ignored."""
    async with client_of(scripted=True) as client:
        await client.log_on()
        response = await client.get("/v8/JobSessions", endTimeLowerBound="yesterday")
        assert response.status == 400


@pytest.mark.parametrize("version", [6, 7, 8])
async def test_sessions_can_be_filtered_by_type(version: int) -> None:
    """Since version 6."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        found = await client.sessions(version, jobType="copy")
        assert len(found) == 25
        assert version == 6 or {row["jobType"] for row in found} == {"Copy"}


async def test_sessions_can_be_filtered_by_job_since_version_7() -> None:
    """By the job's id."""
    async with client_of(scripted=True) as client:
        jobs = await scripted_day(client)
        assert len(await client.sessions(6, jobId=jobs[0].id)) == 50
        assert len(await client.sessions(7, jobId=jobs[0].id)) == 25


async def test_the_filter_says_succeeded_what_the_field_calls_success() -> None:
    """Since version 8; another word is refused."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        found = await client.sessions(8, status="Succeeded")
        assert {row["status"] for row in found} == {"Success"}
        assert len(await client.sessions(8, status="Running")) == 1
        assert len(await client.sessions(7, status="Running")) == 50
        assert (await client.get("/v8/JobSessions", status="Success")).status == 400


@pytest.mark.parametrize("version", [5, 6, 7, 8])
async def test_one_session_looks_as_in_the_list(version: int) -> None:
    """And an unknown id is not found."""
    async with client_of(scripted=True) as client:
        await scripted_day(client)
        row = (await client.sessions(version))[-1]
        assert await client.json(f"/v{version}/jobsessions/{row['id']}") == row
        response = await client.get(f"/v{version}/JobSessions/{ZERO}")
        body = await response.json()
        assert response.status == 404
        assert body.get("errorCode") == ("ResourceNotFound" if version >= 7 else None)


async def test_an_unknown_job_is_not_found() -> None:
    """So is one that was deleted."""
    async with client_of(scripted=True) as client:
        jobs = await scripted_day(client)
        assert (await client.get(f"/v8/Jobs/{jobs[0].id}")).status == 200
        client.server.world.delete_job(jobs[0].id)
        assert (await client.get(f"/v8/Jobs/{jobs[0].id}")).status == 404
        assert (await client.get(f"/v8/Jobs/{ZERO}")).status == 404
