"""What happens on the wire: limits, redirects, broken connections, and what is noted of it."""

import asyncio
import errno
import gzip
import socket
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from exporter.errors import (
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    RateLimited,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from exporter.rest.failures import translate
from exporter.rest.wire import Request
from tests.rest.conftest import Connect
from tests.support.rest_world import NOW, Said, SmallServer, StillClock, settings, small_server


def anonymous(path: str = "/x", **options: object) -> Request:
    return Request("GET", path, anonymous=True, **options)  # type: ignore[arg-type]


async def test_path_and_query_arrive_in_exact_case_below_a_prefix(
    server: SmallServer, connect: Connect
) -> None:
    """The configured URL may have a path of its own; times are URL-encoded."""
    server.answers = {"GET /veeam/v8/JobSessions": Said("[]"), "POST /veeam/token": Said(TOKEN)}
    client = connect(f"{server.url}/veeam/")
    await client.get("/v8/JobSessions", (("endTimeLowerBound", "2025-01-02T03:04:05Z"),))
    assert server.seen[-1].query == "endTimeLowerBound=2025-01-02T03%3A04%3A05Z"


TOKEN = '{"access_token": "t0ken", "expires_in": 3600}'


async def test_a_query_string_that_is_encoded_already_is_sent_as_it_is(
    server: SmallServer, connect: Connect
) -> None:
    """Enterprise Manager wants its semicolons literal."""
    server.answers = {"GET /api/query": Said("{}"), "POST /token": Said(TOKEN)}
    await connect(server.url).get("/api/query", "filter=a%3E%3D1;b")
    assert server.seen[-1].query == "filter=a%3E%3D1;b"


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Forbidden), (404, NotFound), (429, RateLimited), (500, HttpFailed), (418, HttpFailed)],
)
async def test_each_bad_status_becomes_an_error_of_ours(
    server: SmallServer, connect: Connect, status: int, error: type[SourceError]
) -> None:
    """The sentence names method, path and status, and the product's own words, but no query."""
    server.answers = {"GET /x": Said('{"message": "Quota\\nexceeded"}', status)}
    with pytest.raises(error) as caught:
        await connect(server.url).send(anonymous(query="token=hidden"))
    text = str(caught.value)
    assert text.startswith(f"GET /x was answered with {status}")
    assert text.endswith(": Quota exceeded")
    assert "hidden" not in text


async def test_an_accepted_status_is_returned(server: SmallServer, connect: Connect) -> None:
    """A caller that wants to judge a status itself gets the answer."""
    response = await connect(server.url).send(anonymous(accepted=frozenset({404})))
    assert response.status == 404


async def test_a_status_without_a_name_is_told_by_its_number(
    server: SmallServer, connect: Connect
) -> None:
    """Servers may invent status codes."""
    server.answers = {"GET /x": Said("[1]", 499)}
    with pytest.raises(HttpFailed, match=r"answered with 499$"):
        await connect(server.url).send(anonymous())


async def test_nobody_listening_is_unreachable(connect: Connect, clock: StillClock) -> None:
    """A refused connection is retried and then told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = rf"no connection, 127\.0\.0\.1 port {port} refused it; is the service running"
    with pytest.raises(Unreachable, match=said):
        await connect(f"http://127.0.0.1:{port}").send(anonymous())
    assert len(clock.slept) == 3


async def test_a_name_without_address_is_unreachable(connect: Connect) -> None:
    """The sentence says that the name is the problem, and which."""
    with pytest.raises(Unreachable, match=r"host name no-such-host\.invalid cannot be resolved"):
        await connect("http://no-such-host.invalid").send(anonymous(tries=1))


async def test_a_url_that_is_none_is_unreachable(connect: Connect) -> None:
    """A scheme without a host reaches nobody."""
    with pytest.raises(Unreachable, match="not one that can be called"):
        await connect("http:///nowhere").send(anonymous(tries=1))


async def test_no_answer_in_time_is_a_timeout(server: SmallServer, connect: Connect) -> None:
    """The configured request_timeout holds for one request."""

    async def never(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    server.answers = {"GET /x": never}
    with pytest.raises(TimedOut, match="request_timeout"):
        await connect(settings(server.url, request_timeout=0.05)).send(anonymous(tries=2))
    assert len(server.seen) == 2


async def test_a_proxy_that_does_not_listen_is_named(connect: Connect) -> None:
    """A dead proxy is not mistaken for a dead server, and its credentials are not shown."""
    entry = settings("http://127.0.0.1:9", proxy_url="http://user:pr0xy@127.0.0.1:9")
    with pytest.raises(Unreachable, match="proxy_url cannot be reached") as caught:
        await connect(entry).send(anonymous(tries=1))
    assert "pr0xy" not in str(caught.value)


async def test_requests_go_through_the_configured_proxy(connect: Connect) -> None:
    """The proxy sees the whole address."""
    async with small_server({"GET /x": Said("via proxy")}) as proxy:
        entry = settings("http://vb365.invalid:4443", proxy_url=proxy.url)
        response = await connect(entry).send(anonymous())
    assert response.body == b"via proxy"


async def test_a_proxy_of_the_environment_is_ignored(
    server: SmallServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the configuration decides where requests go."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answers = {"GET /x": Said("direct")}
    assert (await connect(server.url).send(anonymous(tries=1))).body == b"direct"


async def raw_answers(*answers: bytes) -> asyncio.Server:
    """A server below HTTP: each connection gets the next bytes and is closed."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", ParseFailed, "does not speak HTTP"),
        (b"", Unreachable, "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1", Unreachable, "in the middle"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
            Unreachable,
            "in the middle",
        ),
    ],
)
async def test_broken_answers_become_errors_of_ours(
    connect: Connect, answer: bytes, error: type[SourceError], sentence: str
) -> None:
    """Whatever comes over a connection, no library's error leaves the room."""
    server = await raw_answers(answer)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(error, match=sentence):
            await connect(f"http://127.0.0.1:{port}").send(anonymous(tries=1))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (OSError(errno.EHOSTUNREACH, "x"), "vb365.example.com port 4443 (no route to host);"),
        (OSError("several"), "vb365.example.com port 4443 (no address of it answers);"),
    ],
)
def test_no_way_to_a_host_is_told_in_words(trouble: OSError, said: str) -> None:
    """With the address and the system's reason, and not in Python's words."""
    target = ConnectionKey("vb365.example.com", 4443, True, True, None, None, None)
    error = translate(aiohttp.ClientConnectorError(target, trouble), "GET /x")
    assert said in str(error)
    assert str(error).endswith("is the address right, and the firewall open?")


async def test_a_connection_that_breaks_is_tried_again(connect: Connect) -> None:
    """One broken answer does not fail the call."""
    server = await raw_answers(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        response = await connect(f"http://127.0.0.1:{port}").send(anonymous())
    assert response.body == b"[]"


async def test_a_body_beyond_the_limit_is_refused(server: SmallServer, connect: Connect) -> None:
    """The limit holds while reading, so that memory is bounded."""
    server.answers = {"GET /x": Said(b"x" * (2**20 + 1))}
    with pytest.raises(TooLarge, match="more than 1 MiB"):
        await connect(server.url, maximum_body=2**20).send(anonymous())


async def test_a_compressed_body_is_measured_after_decompression(
    server: SmallServer, connect: Connect
) -> None:
    """A small body that unpacks to a huge one is refused as well, by the default of 64 MiB."""
    bomb = gzip.compress(b"\0" * (64 * 2**20 + 1), 1)
    assert len(bomb) < 2**20
    server.answers = {"GET /x": Said(bomb, headers={"Content-Encoding": "gzip"})}
    with pytest.raises(TooLarge, match="more than 64 MiB"):
        await connect(server.url).send(anonymous())


async def test_a_redirect_within_the_origin_is_followed(
    server: SmallServer, connect: Connect
) -> None:
    """A server may move a path."""
    server.answers = {"GET /x": Said("", 302, {"Location": "/y"}), "GET /y": Said("here")}
    assert (await connect(server.url).send(anonymous())).body == b"here"


async def test_a_redirect_to_another_host_is_refused_before_it_is_asked(
    server: SmallServer, connect: Connect
) -> None:
    """The token of one server never reaches another."""
    async with small_server({"GET /steal": Said("thanks")}) as other:
        server.answers = {
            "GET /x": Said("", 302, {"Location": f"{other.url}/steal?q=1"}),
            "POST /token": Said(TOKEN),
        }
        with pytest.raises(HttpFailed, match=f"another host, {other.url}, which is refused"):
            await connect(server.url).get("/x")
        assert other.seen == []


async def test_redirects_in_a_circle_end(server: SmallServer, connect: Connect) -> None:
    """At most three redirects are followed."""
    server.answers = {"GET /x": Said("", 307, {"Location": "/x"})}
    with pytest.raises(HttpFailed, match="more than 3 times"):
        await connect(server.url).send(anonymous())
    assert len(server.seen) == 4


@pytest.mark.parametrize("location", ["", "http://[broken"])
async def test_a_redirect_to_nowhere_is_an_error(
    server: SmallServer, connect: Connect, location: str
) -> None:
    """A redirect without a usable target neither loops nor crashes."""
    server.answers = {"GET /x": Said("", 302, {"Location": location})}
    with pytest.raises(HttpFailed, match=r"nowhere|more than 3 times"):
        await connect(server.url).send(anonymous())


async def test_a_logon_is_not_turned_into_a_get_by_a_redirect(
    server: SmallServer, connect: Connect
) -> None:
    """A POST that is redirected by 302 would lose its body: it is refused."""
    server.answers = {"POST /token": Said("", 302, {"Location": "/login"})}
    with pytest.raises(HttpFailed, match="is the url the server's API"):
        await connect(server.url).get("/x")


async def test_cookies_are_never_sent_back(server: SmallServer, connect: Connect) -> None:
    """A cookie would win over the token at some servers."""
    server.answers = {"GET /x": Said("", headers={"Set-Cookie": "session=1"})}
    client = connect(server.url)
    await client.send(anonymous())
    await client.send(anonymous())
    assert "Cookie" not in server.seen[1].headers


async def test_requests_are_counted_by_status_until_asked(
    server: SmallServer, connect: Connect
) -> None:
    """Counts are handed over once, logons with them."""
    server.answers = {"GET /x": Said("[]"), "POST /token": Said(TOKEN)}
    client = connect(server.url)
    await client.get("/x")
    await client.get("/y", accepted=(404,))
    traffic = client.traffic()
    assert traffic.requests == {"200": 2, "404": 1}
    assert traffic.logons == 1
    assert client.traffic().requests == {}
    assert client.traffic().logons == 0


async def test_the_servers_clock_is_noted_from_its_date_header(
    server: SmallServer, connect: Connect
) -> None:
    """The offset is the server's Date minus our clock, and shifts our times to the server's."""
    server.answers = {"GET /x": Said("", headers={"Date": formatdate(NOW + 90, usegmt=True)})}
    client = connect(server.url)
    assert client.server_time(NOW) is None
    await client.send(anonymous())
    assert client.traffic().clock_offset == 90.0
    assert client.server_time(NOW) == NOW + 90.0


async def test_plain_http_says_nothing_of_certificates(
    server: SmallServer, connect: Connect
) -> None:
    """Without TLS there is no verdict."""
    client = connect(server.url)
    await client.send(anonymous(accepted=frozenset({404})))
    traffic = client.traffic()
    assert traffic.tls_verified is None
    assert traffic.certificate_expiry is None


async def test_a_post_carries_its_body_and_the_token(server: SmallServer, connect: Connect) -> None:
    """Some lists are asked for by POST."""
    server.answers = {"POST /export": Said("{}"), "POST /token": Said(TOKEN)}
    await connect(server.url).post("/export", b'{"a":1}', "application/json")
    seen = server.seen[-1]
    assert seen.body == '{"a":1}'
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Authorization"] == "Bearer t0ken"
