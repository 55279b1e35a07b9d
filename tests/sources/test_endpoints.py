"""Which endpoints work, and what the log says of it."""

import pytest

from exporter.errors import AuthenticationFailed, HttpFailed, SourceError
from exporter.log import facts
from exporter.sources.endpoints import Endpoints


async def answered() -> str:
    """A call that works."""
    return "well"


async def refused(error: SourceError) -> str:
    """A call that fails."""
    raise error


async def test_a_change_is_logged_and_a_state_is_not(caplog: pytest.LogCaptureFixture) -> None:
    """Failing and recovering are one line each, however many calls there are."""
    caplog.set_level("INFO")
    endpoints = Endpoints("one")
    for _ in range(2):
        assert await endpoints.optional("jobs", answered()) == "well"
    for _ in range(2):
        assert await endpoints.optional("jobs", refused(HttpFailed("500"))) is None
    assert endpoints.status() == {"jobs": False}
    await endpoints.optional("jobs", answered())
    assert endpoints.status() == {"jobs": True}
    told = [facts(one) for one in caplog.records]
    assert [(one["level"], one["server"], one["endpoint"], one.get("error")) for one in told] == [
        ("warn", "one", "jobs", "500"),
        ("info", "one", "jobs", None),
    ]


async def test_calls_judged_as_one_work_if_each_of_them_did(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In whatever order they come; other endpoints are judged by themselves."""
    caplog.set_level("INFO")
    endpoints = Endpoints("one")
    for calls in ((True, False, True), (False, True, False), (False, True)):
        with endpoints.as_one("session"):
            for works in calls:
                call = answered() if works else refused(HttpFailed("500"))
                await endpoints.optional("session", call)
            await endpoints.optional("jobs", answered())
        assert endpoints.status() == {"session": False, "jobs": True}
    with endpoints.as_one("session"):
        await endpoints.optional("session", answered())
    assert endpoints.status() == {"session": True, "jobs": True}
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]


async def test_without_a_call_nothing_is_judged() -> None:
    """An endpoint that nobody asked keeps its state."""
    endpoints = Endpoints("one")
    with endpoints.as_one("session"):
        pass
    assert endpoints.status() == {}


async def test_an_error_that_ends_the_poll_leaves_no_judgement_open() -> None:
    """The next call is judged by itself again."""
    endpoints = Endpoints("one")
    with pytest.raises(AuthenticationFailed), endpoints.as_one("session"):
        await endpoints.optional("session", refused(AuthenticationFailed("no")))
    await endpoints.optional("session", refused(HttpFailed("500")))
    assert endpoints.status() == {"session": False}
