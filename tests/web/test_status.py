"""The pages for people as they are served."""

from pathlib import Path

import pytest

from exporter.model import Result
from exporter.view import JobIdentity, ServerView
from exporter.web.page.choice import ROWS
from exporter.web.page.model import LONGEST_OPTION, MOST_OPTIONS, options
from tests.support.pages import HOSTILE, Reader, job_of, server_of, typical_world
from tests.support.web import Answer, FakeState, ask, rewrite, serving

NONE = "\u2013"
JOB = "job?server=m365-dr&job_id=id+of+Teams&session_type=Backup"


async def page_of(*views: ServerView, path: str = "") -> Answer:
    """A page of the exporter with these servers."""
    async with serving(FakeState(views=views)) as url:
        answer = await ask(f"{url}/{path}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


async def read(*views: ServerView, path: str = "") -> Reader:
    """That page as a browser reads it."""
    return Reader((await page_of(*views, path=path)).text)


async def test_what_is_in_trouble_is_said_first_and_why() -> None:
    """Before any table: the verdict, servers that are down, failing and overdue jobs."""
    text = (await read(*typical_world())).text
    beginning = text[: text.index("Last complete poll")]
    told = (
        "1 server is down, 3 jobs need attention.",
        "m365-old is down, its last complete poll was 2 h 5 min ago.",
        "The server refused the password.",
        "Archive on m365-dr succeeded last 3 d 1 h ago, at most 1 d 2 h are allowed.",
        "Teams on m365-dr failed 2 times in a row, last 1 h ago. It was failed.",
    )
    places = [beginning.index(sentence) for sentence in told]
    assert places == sorted(places)


async def test_without_trouble_the_page_says_so() -> None:
    """And shows no empty list of troubles."""
    text = (await read(typical_world()[0])).text
    assert "Nothing needs attention." in text
    assert "Needs attention" not in text


async def test_servers_are_shown_with_their_health() -> None:
    """Product, condition, last and next poll, jobs, troubles and the last error."""
    new = server_of("new", up=False, last_poll=None, last_successful_poll=None, next_poll=None)
    cells = (await read(*typical_world(), new)).cells
    assert cells[8:40] == [
        *("m365-prod", "vb365 8.1.0", "up", "30 s ago", "in 30 s", "3", NONE, ""),
        *("m365-dr", "vb365 8.1.0", "up", "30 s ago", "in 30 s", "3", "3", ""),
        *("m365-old", "vb365 8.1.0", "down", "2 h 5 min ago", "in 30 s", "0", NONE),
        "The server refused the password.",
        *("new", "vb365 8.1.0", "unknown", "never", "", "0", NONE, ""),
    ]


async def test_jobs_are_shown_with_their_past_and_present() -> None:
    """Result, success against its objective, duration, transferred, bottleneck, progress."""
    page = await read(*typical_world(), path="?server=m365-prod&sort=job")
    assert page.cells[-18:] == [
        "Mailboxes m365-prod · Backup meadow.example",
        "success 1 h ago",
        "1 h ago at most 1 d 2 h",
        "1 h usually 1 h",
        "3.26 GiB bottleneck source",
        "",
        "New m365-prod · Backup meadow.example",
        *("never ran", "never", "", "", "no session yet"),
        "Sites m365-prod · Backup meadow.example",
        *("success 1 h ago", "1 h ago", "1 h", ""),
        "! F c ? running for 20 min, 42% about 40 min to go by its history",
    ]
    assert page.titles.count("success, started 2027-01-15 06:00 UTC, took 1 h") == 2


async def test_a_disabled_job_is_marked() -> None:
    """Its failure raises nothing."""
    server = server_of(
        "s",
        job_of("off", Result.FAILED),
        identities=(JobIdentity("id of off", "off", enabled=False),),
    )
    page = await read(server)
    assert "off disabled" in page.text
    assert "Nothing needs attention." in page.text


async def test_without_servers_the_page_says_so() -> None:
    """Empty tables and filters are not shown."""
    page = await read()
    assert page.text.count("No server is configured.") == 3  # title, verdict, section
    assert "No job is known yet." in page.text
    assert {"table", "form"}.isdisjoint(page.tags)


async def test_when_nothing_matches_there_is_a_way_back() -> None:
    """The filters stay as they were."""
    answer = await page_of(*typical_world(), path="?text=nothing%20like%20it&sort=job&order=desc")
    assert "No job matches." in answer.text
    assert 'value="nothing like it"' in answer.text
    assert '<input type="hidden" name="sort" value="job">' in answer.text
    assert '<input type="hidden" name="order" value="desc">' in answer.text


async def test_many_jobs_come_in_pages() -> None:
    """Links lead on and back and keep the choice."""
    jobs = [job_of(f"job {number:03}") for number in range(2 * ROWS + 5)]
    server = server_of("s", *jobs)
    first = await read(server, path="?sort=job")
    middle = await read(server, path="?sort=job&page=2")
    last = await read(server, path="?sort=job&page=3")
    assert "1 to 50 of 105 jobs" in first.text
    assert "51 to 100 of 105 jobs" in middle.text
    assert "101 to 105 of 105 jobs" in last.text
    assert "job 050" in middle.text
    assert "job 049" not in middle.text
    assert {"?sort=job#jobs", "?sort=job&page=3#jobs"} <= set(middle.links)
    assert "?sort=job&page=2#jobs" in first.links
    assert not any("page=4" in link for link in last.links)


async def test_more_troubles_than_fit_are_a_link() -> None:
    """Nothing is left out silently."""
    server = server_of("s", *(job_of(f"j{number}", Result.FAILED) for number in range(12)))
    page = await read(server)
    assert "4 more jobs in trouble" in page.text
    assert "?result=trouble#jobs" in page.links


async def test_a_long_list_of_servers_is_folded_up() -> None:
    """So that the jobs are not far below."""
    few = await page_of(*(server_of(f"s{number}") for number in range(3)))
    many = await page_of(*(server_of(f"s{number}") for number in range(13)))
    assert '<details id="server-list" open>' in few.text
    assert '<details id="server-list">' in many.text
    assert "13 servers, 13 up" in many.text


def test_a_list_to_choose_from_is_bounded_and_holds_what_is_chosen() -> None:
    """Very many organizations do not make a very long page."""
    names = [f"o{number:04}" for number in range(2 * MOST_OPTIONS)]
    found = options((*names, "", "x" * (LONGEST_OPTION + 1)), "gone", "every one")
    assert len(found) == MOST_OPTIONS + 2
    assert (found[0].title, found[-1].value, found[-1].chosen) == ("every one", "gone", True)


async def test_a_job_has_a_page_of_its_own() -> None:
    """Why it is in trouble, what is known of it, and every remembered session."""
    page = await read(*typical_world(), path=JOB)
    assert "failed 2 times in a row, last 1 h ago. It was failed." in page.text
    assert "Organization harbor.example" in page.text
    assert len(page.cells) == 5 * (1 + 8)
    assert page.cells[5:10] == [
        "failed",
        "2027-01-15 06:00:00",
        "2027-01-15 07:00:00",
        "1 h",
        "It was failed.",
    ]


async def test_the_page_of_a_running_job_begins_with_the_open_session() -> None:
    """It has no end yet."""
    path = "job?server=m365-prod&job_id=id+of+Sites&session_type=Backup"
    page = await read(*typical_world(), path=path)
    assert page.cells[5:10] == ["running", "2027-01-15 07:40:00", NONE, "20 min", ""]


async def test_the_page_of_a_job_that_never_ran_says_so() -> None:
    """There is no empty table."""
    path = "job?server=m365-prod&job_id=id+of+New&session_type=Backup"
    page = await read(*typical_world(), path=path)
    assert "No session is known yet." in page.text
    assert "table" not in page.tags


@pytest.mark.parametrize("query", ["", "?server=m365-dr", f"?{'x' * 3000}=1"])
async def test_an_unknown_job_is_one_sentence(query: str) -> None:
    """404 without repeating what was asked for."""
    async with serving(FakeState(views=typical_world())) as url:
        answer = await ask(f"{url}/job{query}")
    assert answer.status == 404
    assert answer.text == "There is no such job; the page at / lists those that there are.\n"


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_names_from_a_backup_server_are_text_and_nothing_else(name: str) -> None:
    """Whatever a job, a server, a message or a search is called, it is shown and not obeyed."""
    job = job_of(name, Result.FAILED)
    (run,) = job.runs
    server = server_of(name, job, organization=name, up=False, last_error=name)
    answer = await page_of(server)
    page = Reader(answer.text)
    assert page.tags.count("script") == 1  # our own
    assert {"img", "b", "style"}.isdisjoint(page.tags)
    assert b"\x00" not in answer.body
    assert len(answer.body) < 60_000
    assert page.links.count("static/refresh.js") == 1
    assert all(not link.startswith(("/", "http", "javascript:")) for link in page.links)
    assert run.message


async def test_a_hostile_name_reads_as_it_is() -> None:
    """Control characters have pictures, what is too long is cut, the rest is unchanged."""
    seen = {
        "script": "<script>alert(1)</script>",
        "control": "two␊lines␉and␀nul␡",
        "long": "x" * 200 + "…",
        "non-bmp": "\U0001d505ackup \U0001f4be \u202eleft",
        "surrogate": "lone ? surrogate",
        "template": "{{ 7 * 7 }}{% raw %}",
    }
    for kind, text in seen.items():
        page = await read(server_of("s", job_of(HOSTILE[kind])))
        assert f"{text} s · Backup" in page.cells


async def test_a_search_is_shown_and_not_obeyed() -> None:
    """What stands in the address is as foreign as what a server says."""
    query = "?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&server=%3Cimg%3E&organization=%00"
    answer = await page_of(*typical_world(), path=query)
    page = Reader(answer.text)
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert b"\x00" not in answer.body


@pytest.mark.parametrize("path", ["", JOB])
async def test_every_link_is_relative_and_answers(path: str) -> None:
    """The page works under a proxy's path, and no link is dead."""
    async with serving(FakeState(views=typical_world())) as url:
        for link in Reader((await ask(f"{url}/{path}")).text).links:
            assert not link.startswith(("/", "http", "//", "javascript:"))
            target = link.partition("#")[0].removeprefix("./")
            assert (await ask(f"{url}/{target}")).status == 200, link


async def test_the_page_is_compressed_where_that_is_wanted() -> None:
    """A tenth of the bytes; proxies are told."""
    async with serving(FakeState(views=typical_world())) as url:
        plain = await ask(f"{url}/")
        small = await ask(f"{url}/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert len(small.body) < len(plain.body) / 3


async def test_a_web_configuration_that_became_unusable_is_told(tmp_path: Path) -> None:
    """The footer names the problems until the file is mended."""
    file = tmp_path / "web.yml"
    rewrite(file, "{}")
    async with serving(web_config=file) as url:
        before = await ask(f"{url}/")
        rewrite(file, "nonsense: <b>")
        during = await ask(f"{url}/")
        rewrite(file, "")
        after = await ask(f"{url}/")
    assert "cannot be used as it is" in during.text
    assert f"{file}:1: nonsense: unknown key" in during.text
    assert "cannot be used as it is" not in before.text + after.text
