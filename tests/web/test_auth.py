"""Basic authentication and the rate limit, for every path."""

import asyncio
import base64
import time
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web import auth
from exporter.web.access import TokenBucket
from exporter.web.auth import BasicAuth, TooBusy, credentials, dummy_hash, password_matches
from exporter.web.webconfig import RateLimit
from tests.support.clock import ManualClock
from tests.support.web import CANARY, Answer, FakeState, ask, rewrite, serving
from tests.web.test_application import EVERY_PATH


def hashed(password: str, cost: int = 4) -> str:
    """A bcrypt hash that is quick to check."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a user."""
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A web configuration with two users; one hash has the prefix that htpasswd writes."""
    file = tmp_path / "web.yml"
    bob = hashed("pass:word").replace("$2b$", "$2y$", 1)
    file.write_text(f"basic_auth_users:\n  alice: {hashed(CANARY)}\n  bob: {bob}\n")
    return file


@pytest.mark.parametrize("path", EVERY_PATH)
async def test_every_path_wants_a_password(users: Path, path: str) -> None:
    """Health, files and pages that do not exist too; the answer says how to ask."""
    async with serving(web_config=users, enable_lifecycle=True) as url:
        answer = await ask(f"{url}{path}")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.text == "User name and password are needed.\n"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_reload_wants_a_password_before_anything_else(users: Path) -> None:
    """Nothing is reloaded for a stranger."""
    state = FakeState()
    async with serving(state, web_config=users, enable_lifecycle=True) as url:
        assert (await ask(f"{url}/-/reload", "POST")).status == 401
        assert state.reloads == 0
        assert (await ask(f"{url}/-/reload", "POST", basic("alice", CANARY))).status == 200


async def test_users_of_the_file_are_let_in(users: Path) -> None:
    """Each with the own password, again and again."""
    async with serving(web_config=users) as url:
        for _ in range(2):
            assert (await ask(f"{url}/metrics", headers=basic("alice", CANARY))).status == 200
            assert (await ask(f"{url}/metrics", headers=basic("bob", "pass:word"))).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Basic /////w==",
        "Bearer " + base64.b64encode(f"alice:{CANARY}".encode()).decode(),
        basic("alice", "wrong")["Authorization"],
        basic("bob", CANARY)["Authorization"],
        basic("nobody", CANARY)["Authorization"],
        basic("", "")["Authorization"],
        basic("alice", "x" * 73)["Authorization"],
        basic("alice", CANARY + "\0")["Authorization"],
        "Basic " + "A" * 6000,
    ],
)
async def test_anybody_else_is_refused(users: Path, header: str) -> None:
    """Malformed headers, wrong and overlong passwords and unknown users are 401, never 500."""
    async with serving(web_config=users) as url:
        assert (await ask(f"{url}/metrics", headers={"Authorization": header})).status == 401


async def test_a_changed_user_list_holds_at_once(users: Path) -> None:
    """A removed user and an old password are refused although they were let in before."""
    async with serving(web_config=users) as url:
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 200
        rewrite(users, f"basic_auth_users: {{alice: {hashed('new')}}}")
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 401
        assert (await ask(f"{url}/", headers=basic("alice", "new"))).status == 200
        assert (await ask(f"{url}/", headers=basic("bob", "pass:word"))).status == 401


async def test_a_broken_user_list_lets_nobody_new_in(users: Path) -> None:
    """The last good users stay: a mistake in the file does not open the door."""
    async with serving(web_config=users) as url:
        rewrite(users, "basic_auth_users: {alice: plain-text}")
        assert (await ask(f"{url}/")).status == 401
        assert (await ask(f"{url}/", headers=basic("alice", "plain-text"))).status == 401
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 200


@pytest.mark.parametrize("text", ["", "basic_auth_users: {}", "rate_limit:"])
async def test_a_file_without_users_does_not_open_the_door(users: Path, text: str) -> None:
    """While it is being written a file is empty; serving without passwords needs a restart."""
    async with serving(web_config=users) as url:
        rewrite(users, text)
        assert (await ask(f"{url}/")).status == 401
        page = await ask(f"{url}/", headers=basic("alice", CANARY))
    assert "the last user is removed only at start" in page.text
    async with serving(web_config=users) as url:
        assert (await ask(f"{url}/")).status == 200


async def test_a_file_that_is_gone_does_not_open_the_door(users: Path) -> None:
    """The last good users stay until there is a file again."""
    async with serving(web_config=users) as url:
        moved = users.rename(users.with_suffix(".old"))  # noqa: ASYNC240 -- a test may wait for a disk
        assert (await ask(f"{url}/")).status == 401
        page = await ask(f"{url}/", headers=basic("alice", CANARY))
        rewrite(users, moved.read_text().replace("alice", "carol"))
        assert (await ask(f"{url}/", headers=basic("carol", CANARY))).status == 200
    assert "this file cannot be read: No such file or directory" in page.text


async def test_a_right_password_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrapes at the same time share one check, later ones need none."""
    computed: list[bytes] = []

    def compare(password: bytes, hash_text: str) -> bool:
        computed.append(password)
        return password_matches(password, hash_text)

    monkeypatch.setattr(auth, "password_matches", compare)
    judge, users = BasicAuth(), {"alice": hashed(CANARY)}
    header = basic("alice", CANARY)["Authorization"]
    answers = await asyncio.gather(*(judge.admits(users, header) for _ in range(50)))
    assert all(answers)
    assert await judge.admits(users, header)
    assert computed == [CANARY.encode()]


async def test_no_name_and_password_can_pass_for_others() -> None:
    """What is remembered for one pair does not fit another that reads the same when joined."""
    secret = hashed("c")
    users = {"a": secret, "a:b": hashed("other")}
    judge = BasicAuth()
    assert await judge.admits(users, basic("a", "c")["Authorization"])
    for name, password in (("a", "c" + secret), ("a" + secret, "c"), ("a:b", "c")):
        assert not await judge.admits(users, basic(name, password)["Authorization"])


async def test_only_so_many_right_passwords_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The memory is bounded; the ones used last stay."""
    monkeypatch.setattr(auth, "REMEMBERED", 2)
    judge, users = BasicAuth(), {name: hashed(name) for name in "abc"}
    for name in "abac":
        assert await judge.admits(users, basic(name, name)["Authorization"])
    assert len(judge._right) == 2


async def test_too_many_guesses_at_once_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue for bcrypt is bounded."""
    monkeypatch.setattr(auth, "WAITING", 1)
    judge, users = BasicAuth(), {"alice": hashed("x")}
    first = asyncio.create_task(judge.admits(users, basic("alice", "1")["Authorization"]))
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await judge.admits(users, basic("alice", "2")["Authorization"])
    assert await first is False


async def test_a_full_queue_of_guesses_is_said_in_a_sentence(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, to be tried again; users that are remembered still come in."""
    async with serving(web_config=users) as url:
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 200
        monkeypatch.setattr(auth, "WAITING", 0)
        busy = await ask(f"{url}/", headers=basic("alice", "guess"))
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 200
    assert busy.status == 503
    assert busy.text == "Too many passwords are being checked; try again soon.\n"


async def test_bcrypt_does_not_hold_up_the_others(users: Path) -> None:
    """While a password is checked for a fraction of a second, the loop goes on."""
    judge, costly = BasicAuth(), {"alice": hashed("x", cost=11)}
    check = asyncio.create_task(judge.admits(costly, basic("alice", "y")["Authorization"]))
    turns = 0
    while not check.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 2  # held up, the loop would come round once


@pytest.mark.parametrize("cost", [4, 5, 9])
def test_an_unknown_user_costs_what_a_known_one_does(cost: int) -> None:
    """The dummy is a real hash of the same cost, that no password matches."""
    dummy = dummy_hash({"alice": hashed("x", 4), "bob": hashed("x", cost)})
    assert dummy.startswith(f"$2b${cost:02}$")
    started = time.process_time()
    assert not password_matches(b"x", dummy)
    assert time.process_time() > started
    assert bcrypt.hashpw(b"x", dummy.encode())[:29] == dummy.encode()[:29]


@given(st.text())
def test_any_header_is_read_or_refused(header: str) -> None:
    """No Authorization header is an error."""
    found = credentials(header)
    assert found is None or isinstance(found[1], bytes)


@given(st.text().filter(lambda name: ":" not in name), st.binary())
def test_what_a_client_encodes_is_what_we_read(name: str, password: bytes) -> None:
    """Names are UTF-8 up to the first colon, passwords any bytes after it."""
    token = base64.b64encode(name.encode("utf-8", "replace") + b":" + password).decode()
    expected = name.encode("utf-8", "replace").decode()
    assert credentials(f"bAsIc  {token}") == (expected, password)


def test_a_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    """Tokens come back one for each interval, never more than the burst."""
    clock = ManualClock()
    bucket, limit = TokenBucket(clock.monotonic), RateLimit(interval=2.0, burst=3)
    assert [bucket.take(limit) for _ in range(4)] == [True, True, True, False]
    clock.advance(1.9)
    assert not bucket.take(limit)
    clock.advance(0.2)
    assert [bucket.take(limit), bucket.take(limit)] == [True, False]
    clock.advance(3600)
    assert [bucket.take(limit) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(None)
    assert bucket.take(RateLimit(2.0, 1))


def add_rate_limit(file: Path) -> None:
    """Two requests at once, then one each minute."""
    file.write_text(file.read_text() + "rate_limit: {interval: 1m, burst: 2}\n")


async def test_beyond_the_rate_limit_requests_are_told_to_come_again(users: Path) -> None:
    """429 comes before the password is asked for, on every path."""
    add_rate_limit(users)
    clock = ManualClock()
    async with serving(clock=clock, web_config=users) as url:
        statuses = [(await ask(f"{url}/nothing")).status for _ in range(3)]
        refused: Answer = await ask(f"{url}/", headers=basic("alice", CANARY))
        clock.advance(60)
        assert (await ask(f"{url}/", headers=basic("alice", CANARY))).status == 200
    assert statuses == [401, 401, 429]
    assert refused.text == "Too many requests; try again soon.\n"
    assert refused.headers["retry-after"] == "1"
