"""What operators and people ask for, and what holds for every answer."""

import logging
from pathlib import Path

import pytest

from exporter.config.values import Config
from exporter.errors import ServingError
from exporter.web.options import ListenAddress, WebOptions, no_dump, parse_listen_address
from exporter.web.server import WebServer
from tests.support.web import (
    CANARY,
    FakeOffer,
    FakePages,
    FakeState,
    ask,
    rewrite,
    serving,
    view,
)

EVERY_PATH = (
    "/",
    "/metrics",
    "/metrics?server=nobody",
    "/probe?target=m365-dr",
    "/probe",
    "/sd",
    "/config",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/job",
    "/api/v1/servers",
    "/api/v1/jobs?server=m365-dr",
    "/api/v1/sessions",
    "/api/v1/sessions?limit=x",
    "/api/v1/nothing",
    "/api/openapi.json",
    "/static/style.css",
    "/static/refresh.js",
    "/static/nothing.css",
    "/nothing",
)


async def test_healthy_while_the_process_lives() -> None:
    """Health does not depend on any backup server."""
    async with serving(FakeState(is_ready=False)) as url:
        assert (await ask(f"{url}/-/healthy")).status == 200


async def test_ready_after_the_first_polls() -> None:
    """Before them the answer is 503."""
    state = FakeState(is_ready=False)
    async with serving(state) as url:
        before = await ask(f"{url}/-/ready")
        state.is_ready = True
        after = await ask(f"{url}/-/ready")
    assert (before.status, after.status) == (503, 200)
    assert before.text == "The exporter is not ready: a first poll is still running.\n"


async def test_reload_is_forbidden_unless_it_was_enabled() -> None:
    """Nothing is reloaded, and the sentence names the flag."""
    state = FakeState()
    async with serving(state) as url:
        answer = await ask(f"{url}/-/reload", "POST")
    assert answer.status == 403
    assert "--web.enable-lifecycle" in answer.text
    assert state.reloads == 0


async def test_reload_reads_the_configuration_anew() -> None:
    """200 when it was accepted."""
    state = FakeState()
    async with serving(state, enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload", "POST")
    assert (answer.status, state.reloads) == (200, 1)


async def test_a_refused_reload_tells_every_reason() -> None:
    """500, one line for each problem."""
    state = FakeState(reasons=("config.yaml:3: one", "config.yaml:9: two"))
    async with serving(state, enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload", "POST")
    assert answer.status == 500
    assert answer.text == "config.yaml:3: one\nconfig.yaml:9: two\n"


async def test_another_web_site_cannot_make_a_browser_reload() -> None:
    """A browser says where a request comes from; such a request is refused."""
    state = FakeState()
    async with serving(state, enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload", "POST", {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, state.reloads) == (403, 0)


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
async def test_another_web_site_cannot_make_a_browser_reload_over_plain_http(origin: str) -> None:
    """There browsers tell only the origin of the page that made them ask."""
    state = FakeState()
    async with serving(state, enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload", "POST", {"Origin": origin})
    assert (answer.status, state.reloads) == (403, 0)


async def test_a_page_of_our_own_origin_may_reload() -> None:
    """Whoever builds a button into a page at the same address is no other site."""
    state = FakeState()
    async with serving(state, enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload", "POST", {"Origin": url})
    assert (answer.status, state.reloads) == (200, 1)


async def test_reload_by_get_is_refused_with_a_sentence() -> None:
    """405 names the method that works, in words and in the Allow header."""
    async with serving(enable_lifecycle=True) as url:
        answer = await ask(f"{url}/-/reload")
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert answer.text == "This address answers POST only.\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
async def test_pages_are_only_read(method: str) -> None:
    """Every method but GET and HEAD is refused."""
    async with serving() as url:
        for path in (
            "/",
            "/job",
            "/metrics",
            "/probe",
            "/sd",
            "/config",
            "/-/healthy",
            "/api/v1/jobs",
        ):
            answer = await ask(f"{url}{path}", method)
            assert answer.status == 405
            assert answer.headers["allow"] == "GET, HEAD"


async def test_an_unknown_page_is_one_sentence() -> None:
    """404 without repeating the path."""
    async with serving() as url:
        answer = await ask(f"{url}/<script>{CANARY}")
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "There is no such page; the page at / shows those that there are.\n"


async def test_the_configuration_is_shown_as_the_dump_writes_it() -> None:
    """The text is that of the configuration in effect."""

    def dump(config: Config) -> str:
        return f"servers: {[server.name for server in config.servers]}\n"

    async with serving(dump_config=dump) as url:
        answer = await ask(f"{url}/config")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "servers: ['m365-prod', 'm365-dr']\n"


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_every_answer_carries_the_security_headers(path: str, method: str) -> None:
    """Also errors and files: no script from elsewhere, no frame, no sniffing, no referrer."""
    async with serving() as url:
        headers = (await ask(f"{url}{path}", method)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["server"] == "backup-session-exporter"


async def test_the_expectation_of_the_impossible_carries_them_too() -> None:
    """An answer that the library makes before our code is asked has the same headers."""
    async with serving() as url:
        answer = await ask(f"{url}/metrics", headers={"Expect": "miracles"})
    assert answer.status == 417
    assert answer.headers["x-frame-options"] == "DENY"


async def test_headers_of_the_web_configuration_replace_ours(tmp_path: Path) -> None:
    """On every answer, from the request on that follows the change."""
    file = tmp_path / "web.yml"
    rewrite(
        file,
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n"
        "    Strict-Transport-Security: max-age=60\n",
    )
    async with serving(web_config=file) as url:
        first = (await ask(f"{url}/nothing")).headers
        rewrite(file, "http_server_config: {headers: {X-Frame-Options: ''}}")
        second = (await ask(f"{url}/nothing")).headers
    assert first["x-frame-options"] == "sameorigin"
    assert first["strict-transport-security"] == "max-age=60"
    assert second["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in second


async def test_no_answer_holds_a_secret() -> None:
    """The password of the configuration is on no page."""
    async with serving(FakeState(views=(view(),)), dump_config=no_dump) as url:
        bodies = [(await ask(f"{url}{path}")).body for path in EVERY_PATH]
    assert all(CANARY.encode() not in body for body in bodies)


async def test_a_failure_inside_is_one_sentence_and_one_log_entry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client learns nothing of it; the log has the traceback."""

    class Broken(FakePages):
        async def offer(self, *_args: object, **_options: object) -> FakeOffer:
            raise LookupError(CANARY)

    async with serving(FakeState(exposition=Broken())) as url:
        answer = await ask(f"{url}/metrics", headers={"Accept": "text/html"})
    assert answer.status == 500
    assert answer.text == "The exporter failed to answer; its log says why.\n"
    assert answer.headers["x-frame-options"] == "DENY"
    assert [record.getMessage() for record in caplog.records if record.levelno >= 30] == [
        "answering /metrics failed"
    ]


async def test_the_stylesheet_is_sent_once() -> None:
    """Whoever has it gets 304, and it holds no address of another host."""
    async with serving() as url:
        first = await ask(f"{url}/static/style.css")
        again = await ask(
            f"{url}/static/style.css", headers={"If-None-Match": first.headers["etag"]}
        )
        other = await ask(f"{url}/static/style.css", headers={"If-None-Match": '"other"'})
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert b"//" not in first.body
    assert (again.status, again.body) == (304, b"")
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("name", ["../status.html", "%2e%2e%2fserver.py", "style.css%00", ""])
async def test_only_static_files_are_sent(name: str) -> None:
    """No path leads out of the folder."""
    async with serving() as url:
        assert (await ask(f"{url}/static/{name}")).status == 404


async def test_an_answer_is_kept_by_nobody() -> None:
    """Proxies and browsers show no old health."""
    async with serving() as url:
        for path in ("/metrics", "/", "/-/ready", "/nothing"):
            assert (await ask(f"{url}{path}")).headers["cache-control"] == "no-store"


async def test_start_and_stop_are_quiet_and_requests_unlogged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line says where it listens; no line for each request."""
    caplog.set_level(logging.INFO)
    async with serving() as url:
        await ask(f"{url}/metrics")
        await ask(f"{url}/nothing")
    messages = [
        r.getMessage() for r in caplog.records if r.name.startswith(("exporter", "aiohttp"))
    ]
    assert messages == [f"listening on {url}/"]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":19741", "", 19741),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:19741", "::1", 19741),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ("backup.example.com:443", "backup.example.com", 443),
    ],
)
def test_listen_addresses_are_read(text: str, host: str, port: int) -> None:
    """The forms that exporters take, and back to text again."""
    address = parse_listen_address(text)
    assert address == ListenAddress(host, port)
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["", "19741", "localhost", ":", ":65536", "::1:80", "[::1]", "http://x:1", "x:-1", ":1 "],
)
def test_what_is_no_listen_address_is_refused(text: str) -> None:
    """The sentence shows how it is written."""
    with pytest.raises(ServingError, match=r'write it like ":19741"'):
        parse_listen_address(text)


async def test_a_port_in_use_is_one_sentence() -> None:
    """It names the address and the remedy, and no socket of the failed start stays open."""
    async with serving() as url:
        port = int(url.rpartition(":")[2])
        addresses = (ListenAddress("127.0.0.1", 0), ListenAddress("127.0.0.1", port))
        server = WebServer(FakeState(), WebOptions(listen_addresses=addresses))
        with pytest.raises(ServingError) as refused:
            await server.start()
        await server.close()
    assert str(refused.value) == (
        f"Cannot listen on 127.0.0.1:{port}: another program listens there; "
        "choose another --web.listen-address."
    )
    assert server.urls == ()


@pytest.mark.parametrize(
    ("host", "why"),
    [("192.0.2.1", "this machine does not have the address"), ("no-such-host.invalid", "")],
)
async def test_an_address_that_is_not_ours_is_one_sentence(host: str, why: str) -> None:
    """Unknown names and foreign addresses are told apart from taken ports."""
    server = WebServer(FakeState(), WebOptions(listen_addresses=(ListenAddress(host, 1),)))
    with pytest.raises(ServingError, match=f"Cannot listen on {host}:1: {why}"):
        await server.start()
    await server.close()


async def test_it_listens_on_several_addresses_at_once() -> None:
    """IPv4, IPv6 and every address of the machine."""
    places = tuple(map(parse_listen_address, ("127.0.0.1:0", "[::1]:0", ":0", "localhost:0")))
    server = WebServer(FakeState(), WebOptions(listen_addresses=places))
    await server.start()
    try:
        assert server.urls[1].startswith("http://[::1]:")
        everywhere = server.urls[2].rpartition(":")[2]
        reachable = (
            *server.urls[:2],
            f"http://127.0.0.1:{everywhere}",
            f"http://[::1]:{everywhere}",
        )
        for url in (*reachable, server.urls[3]):
            assert (await ask(f"{url.rstrip('/')}/-/healthy")).status == 200
    finally:
        await server.close()


@pytest.mark.parametrize(
    "path", ["metrics", "/job", "/probe", "/-/metrics", "/{name}", "/a b", "/sd", ""]
)
def test_a_telemetry_path_hides_no_other_page(path: str) -> None:
    """Such a path is refused in a sentence."""
    with pytest.raises(ServingError, match="cannot be the path of the metrics"):
        WebOptions(telemetry_path=path)


async def test_the_metrics_may_take_the_place_of_the_page() -> None:
    """With `/` as their path there is no page for people."""
    async with serving(telemetry_path="/") as url:
        assert (await ask(f"{url}/")).text.startswith("# TEXT ")
