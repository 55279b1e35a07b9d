"""Queries of a simulated Enterprise Manager: filters, order, pages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.simulated import NOON
from tests.support.simulated_enterprise_manager import EmClient, logged_on


def iso(moment: float) -> str:
    """A moment in UTC without a zone."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def script(client: EmClient) -> dict[str, str]:
    """Four sessions of two jobs on two servers: names of ours to their ids."""
    world = client.server.world
    first = world.add_job("Mail servers")
    second = world.add_job("DR", kind="Backup", organization="vbr02.example.local")
    runs = {
        "fine": world.add_session(first, NOON - 400, NOON - 300),
        "warned": world.add_session(first, NOON - 300, NOON - 250, status="Warning"),
        "broken": world.add_session(second, NOON - 200, NOON - 100, status="Failed", retry=1),
        "at work": world.add_session(second, NOON - 50),
    }
    return {run.id: name for name, run in runs.items()}


async def names(client: EmClient, known: dict[str, str], **query: Any) -> list[str]:
    """Our names of the sessions that a query finds."""
    rows = await client.rows(**query)
    return [known[row["UID"].rpartition(":")[2]] for row in rows]


FILTERS = (
    ("Result==Warning", {"warned"}),
    ("result>success", {"warned", "broken"}),
    ("Result>=Warning", {"warned", "broken"}),
    ("Result!=Failed", {"fine", "warned", "at work"}),
    ("Result<Success", {"at work"}),
    ("State!=Stopped", {"at work"}),
    ("STATE==working", {"at work"}),
    (f'EndTime>="{iso(NOON - 250)}Z"', {"warned", "broken"}),
    (f'EndTime>="{iso(NOON - 250)}"', {"warned", "broken"}),
    (f'EndTime>"{iso(NOON - 250)}Z"', {"broken"}),
    (f"EndTime<={iso(NOON - 250)}Z", {"fine", "warned"}),
    (f'EndTime!="{iso(NOON - 100)}Z"', {"fine", "warned", "at work"}),
    (f'CreationTime=="{iso(NOON - 200)}.000000Z"', {"broken"}),
    (f'CreationTime>="{iso(NOON - 300)}Z";CreationTime<"{iso(NOON - 50)}Z"', {"warned", "broken"}),
    ('JobName=="mail servers"', {"fine", "warned"}),
    ("JobName==Mail servers", set()),  # spaces outside of quotes are ignored
    ("Result==Warning,Result==Failed", {"warned", "broken"}),
    ("Result==Warning,Result==Failed;IsRetry==true", {"warned", "broken"}),
    ("(Result==Warning,Result==Failed);IsRetry==true", {"broken"}),
    ("IsRetry==False ; ( State == Stopped )", {"fine", "warned"}),
    ('BackupServerName=="vbr02.example.local"', {"broken", "at work"}),
    ('JobType=="backup"', {"fine", "warned", "broken", "at work"}),
    ('Name=="say ""hello"""', set()),
    ("", {"fine", "warned", "broken", "at work"}),
)


@pytest.mark.parametrize(("text", "expected"), FILTERS)
async def test_a_filter_lets_through_what_it_says(text: str, expected: set[str]) -> None:
    """After the vendor's pages on comparison, and, or, and grouping."""
    async with logged_on(scripted=True) as client:
        known = script(client)
        found = await names(client, known, filter=text)
        assert sorted(found) == sorted(expected)


async def test_identities_may_be_given_as_a_urn_or_as_an_id() -> None:
    """Both forms are in the vendor's documents."""
    async with logged_on(scripted=True) as client:
        known = script(client)
        [row] = await client.rows(filter="Result==Warning")
        bare = row["UID"].rpartition(":")[2]
        for text in (f'UID=="{row["UID"]}"', f"UID=={bare}"):
            assert await names(client, known, filter=text) == ["warned"]
        assert len(await client.rows(filter=f'JobUid=="{row["JobUid"]}"')) == 2
        server = row["Links"][0]["Href"].rpartition("/")[2]
        assert len(await client.rows(filter=f"BackupServerUid=={server}")) == 2


BAD_QUERIES = (
    {"type": "Sessions"},
    {"filter": "Progress==1"},
    {"filter": "Result==Great"},
    {"filter": "EndTime>=soon"},
    {"filter": "IsRetry==maybe"},
    {"filter": "(Result==Failed"},
    {"filter": "Result==Failed)"},
    {"filter": "Result=="},
    {"filter": "Result;Failed"},
    {"filter": 'Name=="open'},
    {"sortAsc": "Progress"},
    {"pageSize": "0"},
    {"page": "x"},
    {"type": "Job", "filter": "Result==Failed"},
    {"type": "Job", "sortDesc": "Result"},
)


@pytest.mark.parametrize("query", BAD_QUERIES)
async def test_what_a_query_does_not_know_is_a_bad_request(query: dict[str, str]) -> None:
    """400 with a message."""
    async with logged_on(scripted=True) as client:
        response = await client.get(
            "/query", **({"type": "BackupJobSession", "format": "Entities"} | query)
        )
        assert response.status == 400
        assert (await response.json())["Message"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"sortAsc": "CreationTime"}, ["fine", "warned", "broken", "at work"]),
        ({"sortDesc": "creationtime"}, ["at work", "broken", "warned", "fine"]),
        ({"sortAsc": "EndTime"}, ["at work", "fine", "warned", "broken"]),
        ({"sortDesc": "Result"}, ["broken", "warned", "fine", "at work"]),
    ],
)
async def test_rows_come_in_the_order_asked_for(order: dict[str, str], expected: list[str]) -> None:
    """What has no value is least."""
    async with logged_on(scripted=True) as client:
        assert await names(client, script(client), **order) == expected


async def test_a_page_has_a_hundred_rows_unless_asked_for_less_and_links_to_others() -> None:
    """Links name another host than the one that was asked."""
    async with logged_on(scripted=True) as client:
        world = client.server.world
        job = world.add_job("Mail")
        for number in range(250):
            world.add_session(job, NOON - 300 + number, NOON - 299 + number)
        body = await client.page(page=2)
        paging = body["PagingInfo"]
        assert (paging["PageNum"], paging["PageSize"], paging["PagesCount"]) == (2, 100, 3)
        assert [link["Rel"] for link in paging["Links"]] == ["First", "Prev", "Next", "Last"]
        assert paging["Links"][2]["Href"].startswith("https://em01.example.local:9398/api/query?")
        assert paging["Links"][2]["Href"].endswith("pageSize=100&page=3")
        assert len({row["UID"] for row in await client.rows(pageSize=40)}) == 250


async def test_an_empty_result_is_a_null_and_so_is_what_was_not_asked_for() -> None:
    """In JSON every type has its member."""
    async with logged_on(scripted=True) as client:
        body = await client.page()
        assert body["Refs"] is None
        assert set(body["Entities"].values()) == {None}
        assert {"BackupJobSessions", "Repositories", "Jobs"} <= body["Entities"].keys()
        assert body["PagingInfo"]["PagesCount"] == 1


async def test_references_are_what_comes_without_a_format() -> None:
    """Short forms with the id."""
    async with logged_on(scripted=True) as client:
        script(client)
        body = await client.json("/query", type="backupjobsession", filter="Result==Failed")
        [ref] = body["Refs"]["Refs"]
        assert ref["UID"].startswith("urn:veeam:BackupJobSession:")
        assert ref["Type"] == "BackupJobSessionReference"
        assert body["Entities"] is None
        root = await client.xml("/query", type="BackupJobSession")
        assert len(root.findall(".//{*}Ref")) == 4


async def test_the_same_question_in_a_new_second_sees_what_changed() -> None:
    """Kept results are dropped when a session ends."""
    async with logged_on(scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("Mail"), NOON - 5, NOON + 5)
        assert len(await client.rows(filter="State==Working")) == 1
        assert len(await client.rows(filter="State==Working")) == 1
        client.clock.moment += 6
        assert await client.rows(filter="State==Working") == []


async def test_many_different_questions_are_answered_alike() -> None:
    """What is kept for them is bounded, and nobody notices."""
    async with logged_on(scripted=True) as client:
        known = script(client)
        for number in range(70):
            text = f'EndTime>="{iso(NOON - 250 - number % 2)}Z";IsRetry!=true;UID!={number}'
            assert await names(client, known, filter=text) == ["warned"]


async def test_times_in_filters_are_those_of_the_servers_own_clock() -> None:
    """A clock that is an hour fast shows and reads later times."""
    async with logged_on(scripted=True) as client:
        known = script(client)
        client.server.clock_offset = 3600.0
        text = f'EndTime>="{iso(NOON - 250 + 3600)}Z"'
        assert sorted(await names(client, known, filter=text)) == ["broken", "warned"]
