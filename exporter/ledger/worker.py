"""The ledger off the event loop: one thread, so that commits neither block nor overlap."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.ledger.publish import Subject
from exporter.model import OpenSession, Window
from exporter.view import ServerView

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class LedgerWorker:
    """The same calls as the ledger has, awaited.

    A call that was begun is finished even if its caller is cancelled: what was committed must be
    known, or the next poll would count on an older memory than the file has.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def plan(self, name: str) -> tuple[Window, tuple[OpenSession, ...]]:
        """What the next poll of a server must read."""
        return await self._call(self.ledger.plan, name)

    async def record(self, name: str, poll: Poll) -> ServerView:
        """Take a poll in; what is to be published then."""
        return await self._call(self.ledger.record, name, poll)

    async def view(self, name: str) -> ServerView:
        """A server as it is to be shown now."""
        return await self._call(self.ledger.view, name)

    async def register(self, subject: Subject) -> ServerView:
        """Know a configured server, or its changed configuration."""
        return await self._call(self.ledger.register, subject)

    async def unregister(self, name: str) -> None:
        """Keep a server that is no longer configured only in the file."""
        await self._call(self.ledger.unregister, name)

    async def close(self) -> None:
        """Finish what was begun, then close the file."""
        await self._call(self.ledger.close)
        self._thread.shutdown(wait=False)

    async def _call(
        self,
        function: Callable[Arguments, Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
