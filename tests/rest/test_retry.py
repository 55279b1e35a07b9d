"""Which failures are tried again, and after how long."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import HttpFailed, RateLimited, TlsFailed
from exporter.rest import retry
from exporter.rest.wire import Request, Response
from tests.rest.conftest import Connect
from tests.support.rest_world import NOW, Said, SmallServer, StillClock

REQUEST = Request("GET", "/x", anonymous=True)


def answer(status: int, **headers: str) -> Response:
    return Response("GET /x", status, {k.replace("_", "-"): v for k, v in headers.items()}, b"")


async def test_a_server_error_is_tried_four_times_with_growing_jittered_pauses(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """The random number spreads each pause over the whole interval."""
    server.answers = {"GET /x": Said("", 503)}
    with pytest.raises(HttpFailed):
        await connect(server.url).send(REQUEST)
    assert len(server.seen) == 4
    assert clock.slept == [0.25, 0.5, 1.0]


async def test_a_retry_after_in_seconds_is_waited_for(
    server: SmallServer, connect: Connect, clock: StillClock
) -> None:
    """The server knows best when to come back."""
    server.answers = {"GET /x": [Said("", 429, {"Retry-After": "7"}), Said("ok")]}
    assert (await connect(server.url).send(REQUEST)).body == b"ok"
    assert clock.slept == [7.0]


@pytest.mark.parametrize("ahead", [-3600.0, 0.0, 3600.0])
def test_a_date_is_read_by_the_clock_that_wrote_it(ahead: float) -> None:
    """A server whose clock is wrong is not pressed, and not waited for too long."""
    date, until = (formatdate(NOW + ahead + later, usegmt=True) for later in (0, 7))
    limited = answer(429, Retry_After=until, Date=date)
    assert retry.pause(REQUEST, limited, 1, NOW, lambda: 0.5) == 7.0


async def test_a_server_that_keeps_limiting_is_rate_limited(
    server: SmallServer, connect: Connect
) -> None:
    """429 through all tries has its own reason."""
    server.answers = {"GET /x": Said("", 429)}
    with pytest.raises(RateLimited):
        await connect(server.url).send(REQUEST)


async def test_a_client_error_is_not_tried_again(server: SmallServer, connect: Connect) -> None:
    """400 would be 400 again."""
    server.answers = {"GET /x": Said("", 400)}
    with pytest.raises(HttpFailed):
        await connect(server.url).send(REQUEST)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("86400", retry.LONGEST_RETRY_AFTER),
        ("9" * 400, retry.LONGEST_RETRY_AFTER),
        (formatdate(NOW + 12, usegmt=True), 12.0),
        (formatdate(NOW - 12, usegmt=True), 0.0),
        (formatdate(NOW + 86400, usegmt=True), retry.LONGEST_RETRY_AFTER),
        ("soon", None),
        ("-1", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_capped(
    value: str | None, seconds: float | None
) -> None:
    """Both spellings of RFC 9110 are understood, and no server can make us wait for a day."""
    assert retry.read_retry_after(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_header_crashes(value: str) -> None:
    """Whatever the header says, the answer is a bounded number or nothing."""
    seconds = retry.read_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= retry.LONGEST_RETRY_AFTER


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_no_pause_is_longer_than_the_limit(attempt: int, chance: float) -> None:
    """Exponential growth ends."""
    request = Request("GET", "/x", tries=100)
    pause = retry.pause(request, answer(500), attempt, NOW, lambda: chance)
    assert pause is not None
    assert 0 <= pause <= retry.LONGEST_PAUSE


def test_a_least_pause_holds_for_a_short_retry_after() -> None:
    """Logons keep their distance whatever the server says."""
    request = Request("POST", "/token", least_pause=1.0)
    assert retry.pause(request, answer(429, Retry_After="0"), 1, NOW, lambda: 0.0) == 1.0


def test_a_certificate_does_not_become_better_by_trying() -> None:
    """TLS failures are final."""
    assert retry.pause(REQUEST, TlsFailed("no"), 1, NOW, lambda: 0.0) is None
