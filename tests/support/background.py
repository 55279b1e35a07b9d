"""A server in a thread of its own, for tests that are not coroutines."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.clock import ManualClock
from tests.support.web import FakeState, serving


@contextmanager
def serving_beside(state: FakeState) -> Iterator[str]:
    """The address of a server that runs meanwhile, without a slash at its end."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    started = threading.Event()
    urls: list[str] = []

    async def serve() -> None:
        async with serving(state, ManualClock()) as url:
            urls.append(url)
            started.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            started.set()

    thread = threading.Thread(target=run, name="server of a test")
    thread.start()
    try:
        assert started.wait(20)
        assert urls, "the server did not start"
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
