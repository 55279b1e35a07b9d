"""One logon for all calls, and a refused password that is not sent again."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from exporter.config.values import Password, Secret
from exporter.errors import AuthenticationFailed, HttpFailed, SourceError, Unreachable
from tests.rest.conftest import Connect
from tests.support.rest_world import Said, SmallServer, StillClock, settings


def token(name: str = "t1", **fields: str) -> Said:
    extra = "".join(f', "{key}": {value}' for key, value in fields.items())
    return Said(f'{{"access_token": "{name}"{extra}}}')


REFUSED = Said("wrong s3cret-p4ss", 400)


def bearer_only(*names: str) -> object:
    """An endpoint that knows these tokens and answers all others with an empty 401."""

    async def answer(request: web.Request) -> web.Response:
        known = {f"Bearer {name}" for name in names}
        return web.Response(status=200 if request.headers.get("Authorization") in known else 401)

    return answer


async def test_one_logon_serves_all_calls(server: SmallServer, connect: Connect) -> None:
    """Calls at the same time wait for the same logon."""
    server.answers = {"POST /token": token(), "GET /x": bearer_only("t1")}
    client = connect(server.url)
    await asyncio.gather(*(client.get("/x") for _ in range(8)))
    assert server.paths().count("/token") == 1


async def test_a_token_is_refreshed_before_it_ends(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """Thirty seconds early, without the password."""
    answers = [token(expires_in="100", refresh_token='"r1"'), token("t2")]
    server.answers = {"POST /token": answers, "GET /x": bearer_only("t1", "t2")}
    client = connect(server.url)
    await client.get("/x")
    clock.time += 69
    await client.get("/x")
    assert server.paths().count("/token") == 1
    clock.time += 1
    await client.get("/x")
    assert server.of("/token")[1].body == "refresh=r1"
    assert client.traffic().logons == 1


async def test_a_very_short_token_is_used_for_half_its_life(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """A lifetime of 20 seconds must not mean a logon per call."""
    server.answers = {"POST /token": token(expires_in="20"), "GET /x": Said("")}
    client = connect(server.url)
    await client.get("/x")
    clock.time += 9
    await client.get("/x")
    assert server.paths().count("/token") == 1
    clock.time += 1
    await client.get("/x")
    assert server.paths().count("/token") == 2


async def test_a_rejected_token_is_refreshed_and_the_call_repeated(
    server: SmallServer, connect: Connect
) -> None:
    """A 401 with an empty body in the middle of a poll is not noticed by the caller."""
    answers = [token(refresh_token='"r1"'), token("t2")]
    server.answers = {"POST /token": answers, "GET /x": bearer_only("t2")}
    assert (await connect(server.url).get("/x")).ok
    assert [one.body for one in server.of("/token")][1] == "refresh=r1"


async def test_calls_that_are_rejected_together_renew_once(
    server: SmallServer, connect: Connect
) -> None:
    """The second finds the first one's new token."""
    answers = [token("old"), token("old"), token("new")]
    server.answers = {"POST /token": answers[1:], "GET /x": bearer_only("new")}
    client = connect(server.url)
    await client.log_on()
    await asyncio.gather(*(client.get("/x") for _ in range(4)))
    assert server.paths().count("/token") == 2


async def test_a_failed_refresh_falls_back_to_one_password_logon(
    server: SmallServer, connect: Connect
) -> None:
    """How long refresh tokens live is not documented."""
    answers = [token(refresh_token='"r1"'), Said("expired", 400), token("t2")]
    server.answers = {"POST /token": answers, "GET /x": bearer_only("t2")}
    client = connect(server.url)
    assert (await client.get("/x")).ok
    assert client.traffic().logons == 2


async def test_a_new_token_that_is_rejected_is_an_authentication_failure(
    server: SmallServer, connect: Connect
) -> None:
    """And it is no reason to log on again and again."""
    server.answers = {"POST /token": token(), "GET /x": Said("", 401)}
    client = connect(server.url)
    with pytest.raises(AuthenticationFailed, match="rejects the token"):
        await client.get("/x")
    sent = server.paths().count("/token")
    with pytest.raises(AuthenticationFailed, match="not tried again"):
        await client.get("/x")
    assert server.paths().count("/token") == sent


async def test_a_refused_password_is_not_sent_again_within_the_back_off(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """One minute first, doubled up to half an hour; meanwhile not a single request."""
    server.answers = {"POST /token": REFUSED}
    client = connect(server.url)
    pauses = [60, 120, 240, 480, 960, 1800, 1800]
    for count, pause in enumerate(pauses, start=1):
        with pytest.raises(AuthenticationFailed, match=r"^refused"):
            await client.get("/x")
        clock.time += pause - 1
        with pytest.raises(AuthenticationFailed, match="not tried again for 1 s"):
            await client.get("/x")
        assert len(server.seen) == count
        clock.time += 1


async def test_calls_at_once_send_a_wrong_password_once(
    server: SmallServer, connect: Connect
) -> None:
    """Four pages in parallel are one attempt, not four."""
    server.answers = {"POST /token": REFUSED}
    client = connect(server.url)
    outcomes = await asyncio.gather(*(client.get("/x") for _ in range(4)), return_exceptions=True)
    assert all(isinstance(one, AuthenticationFailed) for one in outcomes)
    assert len(server.seen) == 1


async def test_a_changed_password_file_is_tried_at_once(
    server: SmallServer, connect: Connect, tmp_path: Path
) -> None:
    """A rotated secret needs no restart and no waiting."""
    secret = tmp_path / "password"
    secret.write_text("old\n")
    server.answers = {"POST /token": [REFUSED, token()], "GET /x": Said("[]")}
    client = connect(settings(server.url, password=Password(file=secret)))
    with pytest.raises(AuthenticationFailed):
        await client.get("/x")
    secret.write_text("new\n")
    assert (await client.get("/x")).ok
    assert server.of("/token")[1].body == "username=svc-monitor&password=new"


async def test_forgetting_the_logon_ends_the_back_off(
    server: SmallServer, connect: Connect
) -> None:
    """After a reload the same password is tried again."""
    server.answers = {"POST /token": [REFUSED, token()], "GET /x": Said("[]")}
    client = connect(server.url)
    with pytest.raises(AuthenticationFailed):
        await client.get("/x")
    client.forget_logon()
    assert (await client.get("/x")).ok


async def test_an_unreadable_password_file_is_told_without_a_request(
    server: SmallServer, connect: Connect, tmp_path: Path
) -> None:
    """The sentence names the file."""
    missing = tmp_path / "missing"
    client = connect(settings(server.url, password=Password(file=missing)))
    with pytest.raises(AuthenticationFailed, match=r"password_file .*missing"):
        await client.get("/x")
    assert server.seen == []


async def test_a_password_that_vanishes_while_its_token_is_rejected_is_told(
    server: SmallServer, connect: Connect, tmp_path: Path
) -> None:
    """The file's problem is the sentence then."""
    secret = tmp_path / "password"
    secret.write_text("p")

    async def reject(_request: web.Request) -> web.Response:
        if server.paths().count("/token") == 2:
            secret.unlink()
        return web.Response(status=401)

    server.answers = {"POST /token": token(), "GET /x": reject}
    with pytest.raises(AuthenticationFailed, match="password_file"):
        await connect(settings(server.url, password=Password(file=secret))).get("/x")


ECHOES = (
    Said('{"message": "user=s3cret-p4ss"}', 418),
    Said('{"message": "user=s3cret\\u002dp4ss"}', 418),
    Said(f'{{"message": "{"x" * 195}s3cret-p4ss"}}', 418),
)


async def test_an_answer_that_holds_the_password_is_not_quoted(
    server: SmallServer, connect: Connect
) -> None:
    """Even a server that echoes what it got does not bring it into our log."""
    server.answers = {"POST /token": REFUSED}
    with pytest.raises(AuthenticationFailed) as caught:
        await connect(server.url).get("/x")
    assert str(caught.value) == "refused: "


@pytest.mark.parametrize("answer", ECHOES, ids=["plain", "escaped", "cut off"])
async def test_nor_is_another_error_of_the_logon(
    server: SmallServer, connect: Connect, answer: Said
) -> None:
    """Not even a part of it, where a long answer would have been cut."""
    server.answers = {"POST /token": answer}
    with pytest.raises(HttpFailed) as caught:
        await connect(server.url).get("/x")
    assert str(caught.value) == "POST /token was answered with 418 I'm a Teapot"


async def test_a_password_that_is_a_word_of_the_sentence_does_not_show(
    server: SmallServer, connect: Connect
) -> None:
    """A mask in its place would tell which word it is."""
    server.answers = {"POST /token": Said('{"message": "wrong"}', 418)}
    for word in ("answered", "token", "e"):
        entry = settings(server.url, password=Password(Secret(word)))
        with pytest.raises(HttpFailed, match=r"^POST /token was answered with 418 I'm a Teapot"):
            await connect(entry).get("/x")


async def test_logons_keep_a_second_between_them(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """Servers answer quick logons with 429."""
    server.answers = {
        "POST /token": [Said("", 429), token("a"), token("b")],
        "GET /x": [Said("", 401), Said("[]")],
    }
    await connect(server.url).get("/x")
    assert clock.slept == [1.0, 1.0]
    assert server.paths().count("/token") == 3


async def test_a_lost_connection_while_refreshing_keeps_the_logon(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """The refresh is tried again later; no password is sent for a network problem."""

    async def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    first = token(expires_in="100", refresh_token='"r1"')
    server.answers = {
        "POST /token": [first, broken, broken, broken, token("t2")],
        "GET /x": Said("[]"),
    }
    client = connect(server.url)
    await client.get("/x")
    clock.time += 90
    with pytest.raises(Unreachable):
        await client.get("/x")
    await client.get("/x")
    assert client.traffic().logons == 1


async def test_closing_logs_off_once(server: SmallServer, connect: Connect) -> None:
    """The token is revoked with itself."""
    server.answers = {"POST /token": token(), "POST /logout": Said("", 204), "GET /x": Said("")}
    client = connect(server.url)
    await client.get("/x")
    await client.close()
    await client.close()
    assert [one.headers["Authorization"] for one in server.of("/logout")] == ["Bearer t1"]


async def test_a_log_off_that_fails_does_not_matter(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """Closing never raises and never waits."""
    server.answers = {"POST /token": token(), "POST /logout": Said("", 500), "GET /x": Said("")}
    client = connect(server.url)
    await client.get("/x")
    await client.close()
    assert server.paths().count("/logout") == 1
    assert clock.slept == []


async def test_a_log_off_of_a_dead_server_does_not_raise(
    server: SmallServer, connect: Connect
) -> None:
    """The server may be gone when we stop."""

    async def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.answers = {"POST /token": token(), "POST /logout": broken}
    client = connect(server.url)
    await client.log_on()
    await client.close()
    assert server.paths() == ["/token", "/logout"]


async def test_closing_without_a_logon_sends_nothing(server: SmallServer, connect: Connect) -> None:
    """There is nothing to log off from."""
    await connect(server.url).close()
    assert server.seen == []


def test_values_with_secrets_do_not_show_them() -> None:
    """A token in a log by accident would be as good as a password."""
    from exporter.rest.logon import Grant  # noqa: PLC0415  # beside its only use
    from exporter.rest.wire import Request  # noqa: PLC0415

    grant = Grant({"Authorization": "Bearer hidden"}, 1.0, "hidden", "hidden")
    request = Request("POST", "/token", headers={"A": "hidden"}, body=b"hidden")
    assert "hidden" not in repr(grant) + repr(request)
    assert issubclass(AuthenticationFailed, SourceError)
