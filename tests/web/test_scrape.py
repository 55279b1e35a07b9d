"""/metrics, /probe and /sd over real sockets."""

import asyncio
import gzip
import json

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.scrape import accepts_gzip
from tests.support.web import (
    CANARY,
    Answer,
    FakeFormat,
    FakePages,
    FakeState,
    ask,
    connected,
    parsed,
    serving,
)


async def test_the_format_follows_the_accept_header() -> None:
    """Each of the three formats is answered with its own content type."""
    async with serving() as url:
        for accept, chosen in (
            ("application/openmetrics-text;version=1.0.0", FakeFormat.OPENMETRICS),
            ("text/plain;version=1.0.0", FakeFormat.TEXT_1),
            ("text/plain;version=0.0.4", FakeFormat.TEXT),
        ):
            answer = await ask(f"{url}/metrics", headers={"Accept": accept})
            assert answer.status == 200
            assert answer.headers["content-type"] == chosen.content_type
            assert answer.text.startswith(f"# {chosen.name} ")
            assert answer.headers["vary"] == "Accept, Accept-Encoding"


async def test_without_an_accept_header_the_answer_is_plain_text() -> None:
    """A client that says nothing gets text 0.0.4, not compressed."""
    async with serving() as url:
        answer = await ask(f"{url}/metrics")
    assert answer.headers["content-type"] == FakeFormat.TEXT.content_type
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("x-gzip", True),
        ("identity", False),
        ("br, zstd", False),
        ("gzip;q=nonsense", False),
        ("gzip;level=9", True),
        ("identity, gzip", True),
        ("identity;q=0.5, gzip", True),
        ("identity, gzip;q=0.5", False),
        ("identity, *;q=0.1", False),
        ("identity;q=0, gzip;q=0.1", True),
    ],
)
def test_gzip_is_used_when_it_is_wanted(header: str | None, wanted: bool) -> None:
    """Accept-Encoding is read with its qualities: 0 means no."""
    assert accepts_gzip(header) is wanted


async def test_a_header_in_two_lines_is_one_list() -> None:
    """Whichever line the wish stands in."""
    state = FakeState()
    async with serving(state) as url, connected(url) as (reader, writer):
        writer.write(
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Accept: text/html\r\nAccept: application/openmetrics-text;version=1.0.0\r\n"
            b"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n"
        )
        answer = parsed(await reader.read())
    assert answer.headers["content-type"] == FakeFormat.OPENMETRICS.content_type
    assert answer.headers["content-encoding"] == "gzip"


@given(st.text())
def test_any_accept_encoding_is_understood_or_not_but_never_fails(header: str) -> None:
    """No header is an error."""
    assert accepts_gzip(header) in (True, False)


async def test_a_compressed_page_says_so() -> None:
    """The body is one gzip member and Content-Length counts its bytes."""
    async with serving() as url:
        answer = await ask(f"{url}/metrics", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert gzip.decompress(answer.body).startswith(b"# TEXT ")


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    """HEAD tells the length of the page that GET would bring."""
    async with serving() as url:
        page = await ask(f"{url}/metrics")
        head = await ask(f"{url}/metrics", "HEAD")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == page.headers["content-length"]
    assert head.headers["content-type"] == page.headers["content-type"]


async def test_a_page_counts_as_read_when_it_was_sent() -> None:
    """GET has read it, HEAD has not, nor has a client that went away before the end."""
    state = FakeState(exposition=FakePages(body=bytes(20_000_000)))
    pages = state.exposition
    async with serving(state) as url:
        await ask(f"{url}/metrics", "HEAD")
        async with aiohttp.ClientSession() as client:
            plain = {"Accept-Encoding": "identity"}
            response = await client.get(f"{url}/metrics", headers=plain)
            response.close()
        await pages.until_asked(2)
        await asyncio.sleep(0.1)
        assert pages.read == []
        await ask(f"{url}/metrics")
        assert pages.read == [pages.body]


async def test_servers_and_families_narrow_the_page() -> None:
    """Both parameters may be repeated."""
    state = FakeState()
    query = "server=m365-dr&server=m365-prod&name[]=backup_server_up&name%5B%5D=backup_job_info"
    async with serving(state) as url:
        assert (await ask(f"{url}/metrics?{query}")).status == 200
        assert (await ask(f"{url}/metrics")).status == 200
    assert state.exposition.asked == [
        {
            "servers": frozenset({"m365-prod", "m365-dr"}),
            "names": frozenset({"backup_server_up", "backup_job_info"}),
            "exporter": True,
        },
        {"servers": None, "names": None, "exporter": True},
    ]


@pytest.mark.parametrize("path", ["/metrics?server=", "/probe?target=m365-prod2&x="])
async def test_an_unknown_server_is_not_found(path: str) -> None:
    """The answer is one sentence that repeats nothing of the question."""
    async with serving() as url:
        answer = await ask(f"{url}{path}http://169.254.169.254/{CANARY}")
    assert answer.status == 404
    assert answer.text == "There is no server of that name; /sd lists those that there are.\n"


async def test_a_known_server_beside_an_unknown_one_is_not_found() -> None:
    """Nothing is left out in silence."""
    async with serving() as url:
        assert (await ask(f"{url}/metrics?server=m365-prod&server=other")).status == 404


async def test_probe_answers_one_server_alone() -> None:
    """The exporter's own families stay on /metrics."""
    state = FakeState()
    async with serving(state) as url:
        answer = await ask(f"{url}/probe?target=m365-dr")
    assert answer.status == 200
    assert state.exposition.asked == [
        {"servers": frozenset({"m365-dr"}), "names": None, "exporter": False}
    ]


@pytest.mark.parametrize("query", ["", "?target=", "?target=m365-dr&target=m365-prod", "?server=x"])
async def test_probe_wants_exactly_one_target(query: str) -> None:
    """Anything else is a bad request, said in a sentence."""
    async with serving() as url:
        answer = await ask(f"{url}/probe{query}")
    assert answer.status == 400
    assert answer.text == "Say which server: /probe?target=NAME.\n"


async def test_discovery_names_every_server_by_the_address_that_was_asked() -> None:
    """One group for each server, complete for a scrape of /probe."""
    async with serving() as url:
        answer = await ask(f"{url}/sd")
    groups = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert groups[0] == {
        "targets": [url.removeprefix("http://")],
        "labels": {
            "__metrics_path__": "/probe",
            "__param_target": "m365-prod",
            "server": "m365-prod",
        },
    }
    assert [group["labels"]["server"] for group in groups] == ["m365-prod", "m365-dr"]


async def test_discovery_prefers_the_configured_address() -> None:
    """Behind a proxy the exporter is told by which address it is reached."""
    async with serving(external_address="exporter.example.com:443") as url:
        groups = json.loads((await ask(f"{url}/sd")).body)
    assert {target for group in groups for target in group["targets"]} == {
        "exporter.example.com:443"
    }


@pytest.mark.parametrize("host", ["", "a b", 'x"y', "evil/../x", "[::1", "a:b:c"])
async def test_discovery_does_not_repeat_a_strange_host(host: str) -> None:
    """A Host header that is no host falls back to the socket's own address."""
    async with serving() as url:
        groups = json.loads((await ask(f"{url}/sd", headers={"Host": host})).body)
    assert groups[0]["targets"] == [url.removeprefix("http://")]


async def test_a_big_page_arrives_whole() -> None:
    """Pieces are put together without loss, also where the last one is short."""
    body = bytes(range(256)) * 5000 + b"end"
    async with serving(FakeState(exposition=FakePages(body))) as url:
        answer = await ask(f"{url}/metrics")
    assert answer.body == body


async def test_an_empty_page_is_an_answer() -> None:
    """A filter that nothing matches brings 200 and no bytes."""
    async with serving(FakeState(exposition=FakePages(b""))) as url:
        answer = await ask(f"{url}/metrics")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == "0"


async def test_beyond_the_bound_scrapes_are_told_to_come_again() -> None:
    """The bound counts scrapes that are being answered, over /metrics and /probe alike."""
    state = FakeState(exposition=FakePages(hold=asyncio.Event()))
    async with serving(state, max_requests=2) as url, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(ask(f"{url}/metrics"))
        second = tasks.create_task(ask(f"{url}/probe?target=m365-dr"))
        await state.exposition.until_asked(2)
        refused = await ask(f"{url}/metrics")
        assert refused.status == 503
        assert refused.text.startswith("Too many scrapes are being answered")
        assert refused.headers["retry-after"] == "1"
        assert (await ask(f"{url}/-/healthy")).status == 200
        assert state.exposition.hold is not None
        state.exposition.hold.set()
        assert [(await first).status, (await second).status] == [200, 200]
        assert (await ask(f"{url}/metrics")).status == 200


async def test_five_hundred_scrapes_at_once_are_all_answered() -> None:
    """Without a bound nobody is turned away, and every page is whole."""
    body = b"x" * 100_000
    state = FakeState(exposition=FakePages(body))
    async with (
        serving(state, max_requests=0) as url,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
        ) as session,
        asyncio.TaskGroup() as tasks,
    ):

        async def scrape() -> tuple[int, int]:
            async with session.get(f"{url}/metrics") as answer:
                return answer.status, len(gzip.decompress(await answer.read()))

        scrapes = [tasks.create_task(scrape()) for _ in range(500)]
    assert {task.result() for task in scrapes} == {(200, len(body))}


async def test_the_telemetry_path_can_be_another() -> None:
    """The metrics move, and the page at / links to where they are."""
    async with serving(telemetry_path="/telemetry/all") as url:
        assert (await ask(f"{url}/telemetry/all")).status == 200
        assert (await ask(f"{url}/metrics")).status == 404
        page: Answer = await ask(f"{url}/")
    assert 'href="telemetry/all"' in page.text
