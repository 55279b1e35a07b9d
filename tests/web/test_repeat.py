"""The same request again on the same connection: the same answer, whichever way it took."""

import asyncio
import contextlib
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.exposition import Exposition
from exporter.web import auth, connection, scrape
from exporter.web.auth import password_matches
from exporter.web.connection import LONGEST_HEAD
from exporter.web.repeat import LARGEST, MOST_HEADS, Heads
from tests.support.web import (
    Answer,
    FakePages,
    FakeState,
    ask,
    connected,
    parsed,
    rewrite,
    serving,
    view,
)
from tests.web.test_auth import basic, hashed

METRICS = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
PACKED = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer of a connection, by its length."""
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(parsed(head).headers["content-length"])
        return parsed(head + await reader.readexactly(length))


async def asked(streams: Streams, request: bytes = METRICS) -> Answer:
    """The answer to one request."""
    streams[1].write(request)
    return await answer(streams[0])


def kept(body: bytes | None = None) -> FakeState:
    """A state whose page is always there: whoever makes it took the usual way."""
    return FakeState(exposition=FakePages(body, kept=True))


@pytest.mark.parametrize("request_", [METRICS, PACKED], ids=["plain", "packed"])
async def test_a_repeated_request_gets_the_same_answer(request_: bytes) -> None:
    """Status, headers and body are those of the usual way; only the date may move on."""
    state = kept()
    async with serving(state) as url, connected(url) as streams:
        usual, again = [await asked(streams, request_) for _ in range(2)]
    assert len(state.exposition.asked) == 1
    assert again.status == usual.status == 200
    assert again.body == usual.body
    assert {**again.headers, "date": ""} == {**usual.headers, "date": ""}
    assert [*again.headers].count("date") == 1


async def test_a_page_of_one_server_is_repeated_too() -> None:
    """What is right for /metrics is right for /probe."""
    state = kept()
    probe = b"GET /probe?target=m365-dr HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving(state) as url, connected(url) as streams:
        answers = {(await asked(streams, probe)).body for _ in range(3)}
    assert answers == {b"# TEXT {'servers': ['m365-dr'], 'names': None, 'exporter': False}\n"}
    assert len(state.exposition.asked) == 1


async def test_a_repeat_shows_the_page_of_its_moment() -> None:
    """Nothing of a page is remembered by a connection."""
    state = kept(b"old")
    async with serving(state) as url, connected(url) as streams:
        assert (await asked(streams)).body == b"old"
        state.exposition.body = b"newer"
        assert (await asked(streams)).body == b"newer"
    assert len(state.exposition.asked) == 1
    assert state.exposition.read == [b"old", b"newer"]


async def test_what_was_published_is_on_the_next_page() -> None:
    """The real pages: a change is rendered, no change is repeated, both are noted as read."""
    pages = Exposition()
    state = FakeState(exposition=pages)  # type: ignore[arg-type]  # the real one
    pages.publish(view("m365-prod", generation=1))
    async with serving(state) as url, connected(url) as streams:
        first, second = await asked(streams), await asked(streams)
        assert pages.served("m365-prod") == 1
        pages.publish(view("m365-prod", generation=2, up=False))
        third, fourth = await asked(streams), await asked(streams)
        assert pages.served("m365-prod") == 2
    up = b'backup_server_up{server="m365-prod"}'
    assert [up + b" 1" in one.body for one in (first, second, third, fourth)] == [1, 1, 0, 0]
    assert [up + b" 0" in one.body for one in (first, second, third, fourth)] == [0, 0, 1, 1]


async def test_another_request_takes_the_usual_way() -> None:
    """One byte more is another request; what was asked before it is forgotten."""
    state = kept()
    async with serving(state) as url, connected(url) as streams:
        for request in (METRICS, PACKED, METRICS):
            assert (await asked(streams, request)).status == 200
    assert len(state.exposition.asked) == 3


async def test_a_page_that_is_not_there_takes_the_usual_way() -> None:
    """Nothing is made beside the bounds for making."""
    state = kept()
    state.exposition.kept = False
    async with serving(state) as url, connected(url) as streams:
        for _ in range(3):
            assert (await asked(streams)).status == 200
    assert len(state.exposition.asked) == 3


async def test_a_big_page_takes_the_usual_way() -> None:
    """It is sent in pieces."""
    state = kept(bytes(LARGEST + 1))
    async with serving(state) as url, connected(url) as streams:
        for _ in range(2):
            assert len((await asked(streams)).body) == LARGEST + 1
    assert len(state.exposition.asked) == 2


async def test_a_usual_answer_is_due_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a connection that is in use would be ended as idle."""
    monkeypatch.setattr(scrape, "REPEATING_SECONDS", 0.0)
    state = kept()
    async with serving(state) as url, connected(url) as streams:
        for _ in range(2):
            await asked(streams)
    assert len(state.exposition.asked) == 2


async def test_new_rules_hold_for_the_next_request(tmp_path: Path) -> None:
    """Headers, limits and passwords of the web configuration are never passed by."""
    state, file = kept(), tmp_path / "web.yaml"
    file.write_text("http_server_config: {headers: {X-Frame-Options: SAMEORIGIN}}")
    async with serving(state, web_config=file) as url, connected(url) as streams:
        seen = [await asked(streams), await asked(streams)]
        rewrite(file, "# none")
        seen += [await asked(streams), await asked(streams)]
        assert len(state.exposition.asked) == 2
        rewrite(file, "rate_limit: {interval: 1h, burst: 2}")
        limited = [(await asked(streams)).status for _ in range(3)]
    frames = [one.headers["x-frame-options"] for one in seen]
    assert frames == ["SAMEORIGIN", "SAMEORIGIN", "DENY", "DENY"]
    assert limited == [200, 200, 429]


async def test_a_password_that_changes_while_it_is_checked_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was let in under old rules must ask again under the new ones."""
    state, file = kept(), tmp_path / "web.yaml"
    file.write_text(f"basic_auth_users: {{alice: {hashed('old')}}}")
    changed = f"basic_auth_users: {{alice: {hashed('new')}}}"

    def change_meanwhile(password: bytes, hash_text: str) -> bool:
        rewrite(file, changed)
        return password_matches(password, hash_text)

    monkeypatch.setattr(auth, "password_matches", change_meanwhile)
    user = basic("alice", "old")["Authorization"].encode()
    request = METRICS.replace(b"Host: x", b"Host: x\r\nAuthorization: " + user)
    async with serving(state, web_config=file) as url, connected(url) as streams:
        assert [(await asked(streams, request)).status for _ in range(2)] == [200, 401]


async def test_a_repeat_finds_no_place_where_there_is_none() -> None:
    """The bound on scrapes holds for both ways."""
    state = kept()
    async with serving(state, max_requests=1) as url, connected(url) as streams:
        assert [(await asked(streams)).status for _ in range(2)] == [200, 200]
        state.exposition.hold = asyncio.Event()
        other = asyncio.create_task(ask(f"{url}/metrics"))
        await state.exposition.until_asked(2)
        assert (await asked(streams)).status == 503
        state.exposition.hold.set()
        assert (await other).status == 200
        assert (await asked(streams)).status == 200


async def unread(streams: Streams, state: FakeState) -> None:
    """Ask again and again without reading until an answer does not leave as a whole.

    Both ends are in this loop, so what can leave has left after some of its turns: no clock tells.
    """
    streams[1].transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
    for number in range(100):
        streams[1].write(METRICS)
        for _ in range(200):
            await asyncio.sleep(0)
        if len(state.exposition.read) < number + 2:
            return
    raise AssertionError("the kernel takes everything")


@pytest.fixture
def big() -> FakeState:
    """A page as big as may be sent whole."""
    return kept(bytes(LARGEST))


async def test_a_repeat_counts_as_read_when_its_last_byte_has_left(big: FakeState) -> None:
    """Until then it occupies a place; afterwards the place is free."""
    async with serving(big, max_requests=1) as url, connected(url) as streams:
        await asked(streams)
        await unread(streams, big)
        seen = len(big.exposition.read)
        assert len(big.exposition.asked) == 1
        assert (await ask(f"{url}/metrics")).status == 503
        streams[1].transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(seen):
            assert len((await answer(streams[0])).body) == LARGEST
        assert len(big.exposition.read) == seen + 1
        assert (await ask(f"{url}/metrics")).status == 200


async def test_a_reader_of_repeats_that_stalls_is_cut_off(
    big: FakeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page was not read, and its place is free."""
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.2)
    async with serving(big, max_requests=1) as url, connected(url) as streams:
        await asked(streams)
        await unread(streams, big)
        seen = len(big.exposition.read)
        await asyncio.sleep(0.4)
        assert len(big.exposition.read) == seen
        assert (await ask(f"{url}/metrics")).status == 200
        streams[1].transport.resume_reading()  # type: ignore[attr-defined]
        rest = b""
        with contextlib.suppress(ConnectionError):
            rest = await streams[0].read()
        assert len(rest) < seen * LARGEST


async def test_who_asks_on_without_reading_waits_for_the_usual_way(big: FakeState) -> None:
    """At most one whole page is held for a connection."""
    async with serving(big) as url, connected(url) as streams:
        await asked(streams)
        await unread(streams, big)
        seen = len(big.exposition.read)
        for _ in range(5):
            streams[1].write(METRICS)
        streams[1].transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(seen + 5):
            assert len((await answer(streams[0])).body) == LARGEST


REQUESTS = {
    METRICS: b"# TEXT {'servers': None, 'names': None, 'exporter': True}\n",
    PACKED: b"# TEXT {'servers': None, 'names': None, 'exporter': True}\n",
    b"GET /metrics?name[]=up HTTP/1.1\r\nHost: x\r\n\r\n": (
        b"# TEXT {'servers': None, 'names': ['up'], 'exporter': True}\n"
    ),
    b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n": b"The exporter is healthy.\n",
    b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody": (
        b"# TEXT {'servers': None, 'names': None, 'exporter': True}\n"
    ),
    b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n": b"There is no such page",
}


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The data in pieces; each cut is a length."""
    for cut in cuts:
        yield data[:cut]
        data = data[cut:]
    yield data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    requests=st.lists(st.sampled_from([*REQUESTS]), min_size=1, max_size=8),
    cuts=st.lists(st.integers(1, 120), max_size=6),
    pause=st.booleans(),
    waits=st.booleans(),
)
async def test_however_requests_arrive_each_gets_its_own_answer(
    requests: list[bytes], cuts: list[int], pause: bool, waits: bool
) -> None:
    """One after the other, all at once, or cut anywhere."""
    async with serving(kept()) as url, connected(url) as (reader, writer):
        if waits:
            answers = []
            for request in requests:
                writer.write(request)
                answers.append(await answer(reader))
        else:
            for piece in pieces(b"".join(requests), cuts):
                writer.write(piece)
                await asyncio.sleep(0.001 if pause else 0)
            answers = [await answer(reader) for _ in requests]
    for request, one in zip(requests, answers, strict=True):
        packed = one.headers.get("content-encoding") == "gzip"
        assert packed == (request == PACKED)
        body = gzip.decompress(one.body) if packed else one.body
        assert body.startswith(REQUESTS[request])


async def test_a_head_in_two_parts_ends_repeats_for_the_connection() -> None:
    """Which bytes belong to which request is then for the parser to say."""
    state = kept()
    async with serving(state) as url, connected(url) as (reader, writer):
        writer.write(METRICS[:10])
        await asyncio.sleep(0.02)
        writer.write(METRICS[10:])
        await answer(reader)
        for _ in range(3):
            writer.write(METRICS)
            await answer(reader)
    assert len(state.exposition.asked) == 4


@pytest.mark.parametrize(
    "request_",
    [
        b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["head", "1.0", "expect"],
)
async def test_unusual_requests_are_not_repeated(request_: bytes) -> None:
    """Their answers differ in more than a head and a page."""
    state = kept(b"")
    async with serving(state) as url, connected(url) as (reader, writer):
        for _ in range(2):
            writer.write(request_)
            async with asyncio.timeout(60):
                head = await reader.readuntil(b"\r\n\r\n")
                if b"100 Continue" in head:
                    head = await reader.readuntil(b"\r\n\r\n")
            assert b"200 OK" in head
    assert len(state.exposition.asked) == 2


async def test_a_long_request_is_not_remembered() -> None:
    """A connection that is idle holds little, whatever it was asked."""
    state, longer = kept(), METRICS.replace(b"Host: x", b"Host: x\r\nX: " + b"x" * LONGEST_HEAD)
    async with serving(state) as url, connected(url) as streams:
        for _ in range(2):
            assert (await asked(streams, longer)).status == 200
    assert len(state.exposition.asked) == 2


def test_the_date_moves_on_and_the_page_changes() -> None:
    """Joined pages are kept for a second, as long as the page is the same."""
    now = [1_700_000_000.2]
    heads = Heads(lambda: now[0])
    body = b"page"
    first = heads.above(b"head\r\n", body)
    assert first == (
        b"head\r\nContent-Length: 4\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\npage"
    )
    now[0] += 0.5
    assert heads.above(b"head\r\n", body) is first
    assert heads.above(b"head\r\n", b"other").endswith(b"\r\n\r\nother")
    now[0] += 0.5
    assert b"22:13:21" in heads.above(b"head\r\n", body)


def test_joined_pages_are_few() -> None:
    """Heads that nobody sends any more are forgotten with their pages."""
    heads, body = Heads(lambda: 0.0), b"page"
    first = heads.above(b"first\r\n", body)
    assert heads.above(b"first\r\n", body) is first
    for number in range(MOST_HEADS):
        heads.above(b"%d\r\n" % number, body)
    again = heads.above(b"first\r\n", body)
    assert again == first
    assert again is not first
