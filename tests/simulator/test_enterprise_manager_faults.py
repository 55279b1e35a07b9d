"""Pages of a simulated Enterprise Manager that go wrong."""

import pytest

from exporter.simulator import Fault
from tests.support.simulated import NOON
from tests.support.simulated_enterprise_manager import EmClient, logged_on

ORDER = {"sortAsc": "EndTime", "pageSize": 10}


def script(client: EmClient, count: int = 25) -> None:
    world = client.server.world
    job = world.add_job("Mail")
    for number in range(count):
        world.add_session(job, NOON - 3600 + 60 * number, NOON - 3570 + 60 * number)


async def test_a_row_that_cannot_be_read_comes_on_top_of_the_others() -> None:
    """In JSON and in XML."""
    async with logged_on(scripted=True) as client:
        script(client, 3)
        await client.server.inject(Fault("malformed_row", path="/api/query"))
        rows = await client.rows()
        assert len(rows) == 4
        assert isinstance(rows[0]["CreationTimeUTC"], dict)
        root = await client.xml("/query", type="BackupJobSession", format="Entities")
        first = root.find(".//{*}BackupJobSession")
        assert first is not None
        assert first.get("UID") == "nonsense"


@pytest.mark.parametrize(
    ("field", "member"), [("status", "Result"), ("state", "State"), ("type", "JobType")]
)
async def test_an_unknown_word_stands_in_the_first_row(field: str, member: str) -> None:
    """The other rows are as ever."""
    async with logged_on(scripted=True) as client:
        script(client, 3)
        await client.server.inject(Fault("unknown_word", field=field, word="Novel"))
        words = [row[member] for row in await client.rows(**ORDER)]
        assert words[0] == "Novel"
        assert "Novel" not in words[1:]


async def test_there_is_no_bottleneck_to_spoil() -> None:
    """The product reports none."""
    async with logged_on(scripted=True) as client:
        script(client, 1)
        plain = await client.rows()
        await client.server.inject(Fault("unknown_word", field="bottleneck"))
        assert await client.rows() == plain


async def test_a_session_that_turns_up_late_shifts_the_pages_after_the_first() -> None:
    """The last row of a page is the first of the next, also in ascending order."""
    async with logged_on(scripted=True) as client:
        script(client)
        await client.server.inject(Fault("insert_row"))
        uids = [row["UID"] for row in await client.rows(sortAsc="CreationTime", pageSize=10)]
        assert uids[9] == uids[10]
        assert len(uids) == 27
        assert len(client.server.world.finished()) == 27


async def test_a_session_that_turns_up_late_is_over_and_none_of_a_deleted_job() -> None:
    """Else it would end, or bring the job back, after somebody has counted what there is."""
    async with logged_on(scripted=True) as client:
        world, clock = client.server.world, client.server.world.now()
        gone, kept = world.add_job("Gone"), world.add_job("Kept")
        for number in range(12):
            world.add_session(gone if number % 2 else kept, NOON - 3600 + 60 * number)
        world.delete_job(gone.id)
        before = {row["UID"] for row in await client.rows()}
        await client.server.inject(Fault("insert_row"))
        await client.rows(sortAsc="CreationTime", pageSize=10)
        late = [row for row in await client.rows() if row["UID"] not in before]
        assert [row["JobName"] for row in late] == ["Kept"]
        assert [run.ended for run in world.finished()] == [clock]


async def test_a_page_comes_again_and_again() -> None:
    """And always promises another."""
    async with logged_on(scripted=True) as client:
        script(client)
        await client.server.inject(Fault("repeat_page"))
        pages = [await client.page(page=number, **ORDER) for number in (1, 2, 9)]
        rows = [page["Entities"]["BackupJobSessions"]["BackupJobSessions"] for page in pages]
        assert rows[0] == rows[1] == rows[2]
        assert [page["PagingInfo"]["PagesCount"] for page in pages] == [2, 3, 10]
        assert "Next" in {link["Rel"] for link in pages[2]["PagingInfo"]["Links"]}


async def test_pages_without_an_end_are_always_new() -> None:
    """Of sessions that nobody knows."""
    async with logged_on(scripted=True) as client:
        await client.server.inject(Fault("endless_pages"))
        pages = [await client.page(page=number, **ORDER) for number in (1, 7)]
        rows = [page["Entities"]["BackupJobSessions"]["BackupJobSessions"] for page in pages]
        assert [len(page) for page in rows] == [10, 10]
        assert not {row["UID"] for row in rows[0]} & {row["UID"] for row in rows[1]}
        assert [page["PagingInfo"]["PagesCount"] for page in pages] == [2, 8]


async def test_a_fault_of_transport_meets_the_query() -> None:
    """As with every product."""
    async with logged_on(scripted=True) as client:
        await client.control_fault(kind="status", code=503, path="/api/query", count=1)
        assert (await client.get("/query", type="Job")).status == 503
        assert (await client.get("/query", type="Job")).status == 200


async def test_habits_can_be_changed_from_outside() -> None:
    """By the control API."""
    async with logged_on(scripted=True) as client:
        async with client.http.patch("/_simulator/habits", json={"role": "Portal User"}) as answer:
            assert answer.status == 204
        assert (await client.get("/jobs")).status == 403
        async with client.http.get("/_simulator/habits") as answer:
            assert (await answer.json())["collections_fail_from"] is None
