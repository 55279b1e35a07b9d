"""Clients that are slow, rude or gone."""

import asyncio
import contextlib
import gc
import logging
import socket
import tracemalloc

import pytest
from aiohttp import web

from exporter.web import connection
from exporter.web.application import create_app
from exporter.web.options import WebOptions
from exporter.web.stream import PIECE, send
from tests.support.web import FakePages, FakeState, ask, connected, parsed, serving

PATIENCE = 60.0
"""Seconds until something is given up; nothing that works takes so long, even on a slow machine."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """A server that waits a fraction of a second for a request's head."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    return connection.HEAD_SECONDS


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(impatient: float) -> None:
    """Each byte alone does not buy more time."""
    async with serving() as url, connected(url) as (reader, writer):
        for byte in b"GET / HTTP/1.1\r\nX: " + b"y" * 100:
            writer.write(bytes((byte,)))
            await asyncio.sleep(impatient / 10)
            if reader.at_eof():
                break
        rest = b""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):  # a byte may cross the end on its way
                rest = await reader.read()
        assert rest == b""


async def test_a_client_that_says_nothing_is_not_waited_for(impatient: float) -> None:
    """A connection without a request ends soon."""
    async with serving() as url, connected(url) as (reader, _writer):
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""


async def test_an_answered_client_may_be_idle(impatient: float) -> None:
    """Between two scrapes a connection is kept; the clock starts with the next head."""
    async with serving() as url, connected(url) as (reader, writer):
        for _ in range(2):
            writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await reader.readuntil(b"healthy.\n")
            assert parsed(answer).status == 200
            await asyncio.sleep(impatient * 2)
        writer.write(b"GET /-/healthy HTTP/1.1\r\n")
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""


async def test_an_answer_that_takes_long_is_not_cut_off(impatient: float) -> None:
    """The clock for the head stands still while the page is made."""
    state = FakeState(exposition=FakePages(hold=asyncio.Event()))
    async with serving(state) as url:
        scrape = asyncio.create_task(ask(f"{url}/metrics"))
        await asyncio.sleep(impatient * 2)
        assert state.exposition.hold is not None
        state.exposition.hold.set()
        assert (await scrape).status == 200


async def test_requests_sent_ahead_are_answered_in_order(impatient: float) -> None:
    """What arrives while an answer is made waits for its turn, without a clock of its own."""
    state = FakeState(exposition=FakePages(hold=asyncio.Event()))
    async with serving(state) as url, connected(url) as (reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await state.exposition.until_asked(1)
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(impatient * 2)
        assert state.exposition.hold is not None
        state.exposition.hold.set()
        answers = await reader.read()
    assert answers.index(b"# TEXT") < answers.index(b"healthy.")


async def test_the_application_works_behind_any_server_of_the_library() -> None:
    """Tests and tools may serve it without our connections."""
    runner = web.AppRunner(create_app(FakeState(), WebOptions()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    assert (await ask(f"http://{host}:{port}/metrics")).status == 200
    await runner.cleanup()


@pytest.mark.parametrize(
    "rude",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n",
    ],
    ids=["tls", "nonsense", "colon", "line", "field", "fields", "length"],
)
async def test_what_is_no_request_is_refused_without_a_log_entry(
    rude: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A port scan fills no log; the sentence repeats nothing of what came."""
    caplog.set_level(logging.INFO)
    async with serving() as url, connected(url) as (reader, writer):
        caplog.clear()
        writer.write(rude)
        async with asyncio.timeout(PATIENCE):
            answer = parsed(await reader.read())
        assert (await ask(f"{url}/-/healthy")).status == 200
    assert answer.status == 400
    assert answer.text == "This is not a request that can be understood.\n"
    assert answer.headers["x-frame-options"] == "DENY"
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG] == []


async def test_a_body_that_nobody_asked_for_does_not_keep_the_connection() -> None:
    """A long upload is answered and then cut off."""
    async with serving() as url, connected(url) as (reader, writer):
        writer.write(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            assert parsed(await reader.read()).status == 403


async def a_place_is_free(url: str) -> None:
    """Wait until a scrape is not turned away."""
    for _ in range(6000):
        if (await ask(f"{url}/metrics", "HEAD")).status == 200:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("every place stays taken")


async def test_a_client_that_leaves_in_the_middle_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing above debug is logged, and the place among the scrapes is free again."""
    state = FakeState(exposition=FakePages(b"x" * 20_000_000))
    async with serving(state, max_requests=1) as url:
        for _ in range(3):
            async with connected(url) as (reader, writer):
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readexactly(1000)
                writer.transport.abort()
            await a_place_is_free(url)
        state.exposition.body = b"short"
        assert (await ask(f"{url}/metrics")).text == "short"
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def stalled(url: str) -> socket.socket:
    """A client that asks for the metrics and reads nothing."""
    client = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    return client


async def test_stalled_readers_hold_pieces_not_pages() -> None:
    """Twelve clients that read nothing of 20 MB cost less than one page together."""
    body, readers = bytes(20_000_000), 12
    state = FakeState(exposition=FakePages(body))
    async with serving(state) as url:
        tracemalloc.start()
        clients = [stalled(url) for _ in range(readers)]
        await state.exposition.until_asked(readers)
        await asyncio.sleep(0.2)
        gc.collect()
        grown, _peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (await ask(f"{url}/-/healthy")).status == 200
        for client in clients:
            client.close()
    assert grown < readers * 2 * PIECE < len(body)


async def test_a_stalled_reader_is_cut_off() -> None:
    """A client that takes no piece in time loses its connection, and the handler ends."""
    ended = asyncio.Event()

    async def page(request: web.Request) -> web.StreamResponse:
        try:
            return await send(request, bytes(30_000_000), "text/plain", stalled_seconds=0.1)
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = stalled(f"http://{runner.addresses[0][0]}:{runner.addresses[0][1]}")
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
    client.close()
    await runner.cleanup()
