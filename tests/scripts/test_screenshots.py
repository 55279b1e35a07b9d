"""The pictures of the documentation, and how they are taken."""

import asyncio
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.cli import demo
from scripts.screenshots import (
    HEIGHT,
    IMAGES,
    LARGEST_FILE,
    SCHEMES,
    STATUS_PAGE,
    WIDTH,
    until_worth_a_picture,
)
from tests.support.pages import typical_world
from tests.support.web import FakeState, serving


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_are_there_and_small(scheme: str) -> None:
    """A PNG of the declared size, light enough for a page that is opened often."""
    body = (IMAGES / f"status-{scheme}.png").read_bytes()
    assert body.startswith(b"\x89PNG")
    assert struct.unpack(">II", body[16:24]) == (WIDTH, HEIGHT)
    assert len(body) <= LARGEST_FILE


async def test_the_demo_tells_its_address_as_it_is_looked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The line that the demo prints is the one that is read."""
    exporter: Any = SimpleNamespace(web=SimpleNamespace(urls=("http://127.0.0.1:5/",)))
    await demo._announce(exporter, [])
    found = STATUS_PAGE.search(capfd.readouterr().out.encode())
    assert found is not None
    assert found[1] == b"http://127.0.0.1:5/"


async def test_a_picture_waits_for_something_to_see() -> None:
    """For the first polls, and for a session that runs."""
    state = FakeState(is_ready=False)
    async with serving(state) as url:
        waiting = asyncio.create_task(until_worth_a_picture(f"{url}/"))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        state.is_ready, state.views = True, typical_world()
        await asyncio.wait_for(waiting, 5)
