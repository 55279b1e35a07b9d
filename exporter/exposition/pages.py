"""Finished pages, made when somebody asks and kept until a view they show changes.

A page is the body (the servers) and a short tail (the exporter and its process). The tail is
written anew every few seconds, the body only when a server was published: a compressed page is put
together of the two, so that the fresh tail costs nothing.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Unpack

from exporter.exposition.board import Board, Posted
from exporter.exposition.compress import Check
from exporter.exposition.format import Format, negotiate
from exporter.exposition.join import join_families
from exporter.exposition.limit import Limit
from exporter.exposition.process import look
from exporter.exposition.request import Ending, Options, Request
from exporter.exposition.tail import Tail
from exporter.exposition.text import clean
from exporter.metrics import VIEW_FAMILIES
from exporter.surplus import give_back
from exporter.view import ExporterView, ProcessView, ServerView


@dataclass(slots=True)
class Body:
    """The servers' part of a page, the stamp of what it shows, and each server's generation.

    Once there is a page, `data` is the beginning of that, so that it is not in memory twice.
    """

    data: bytes | memoryview
    series: int
    check: Check
    stamp: int
    generations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """A page for somebody, and which generations it shows whole; tell when it was `delivered`."""

    data: bytes
    generations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Page:
    """A body and a tail in one piece, shared by everybody who asks in the meantime."""

    body: Body
    tail: Ending
    data: bytes


class Exposition:
    """What /metrics and /probe answer.

    `publish`, `withdraw`, `publish_exporter`, `served` and `page` may be called from any thread and
    need no event loop. `page` works in the caller's thread; a handler of an event loop wants
    `offer`, and says with `delivered` when the page was sent.
    """

    negotiate = staticmethod(negotiate)

    def __init__(
        self,
        process: Callable[[], ProcessView | None] = look,
        monotonic: Callable[[], float] = time.monotonic,
        max_series: int = 0,
    ) -> None:
        """`process` tells of the process, or nothing, each time a tail is written.

        A page of more than `max_series` series is refused; 0 means that all are served.
        """
        self._limit = Limit(max_series)
        self._board = Board()
        self._tail = Tail(process, monotonic)
        self._rendering = threading.Lock()
        # One thread, since only one can render: each would keep freed memory of its own.
        self._thread = ThreadPoolExecutor(1, "rendering")
        self._bodies: dict[Request, Body] = {}
        self._pages: dict[Request, Page] = {}
        self._flights: dict[tuple[Request, int], asyncio.Future[Body]] = {}

    @property
    def generation(self) -> int:
        """A number that grows with each change to what is said of the servers."""
        return self._board.number

    @property
    def refused_pages(self) -> int:
        """How many pages were refused because they were too long."""
        return self._limit.refusals

    def publish(self, view: ServerView) -> None:
        """Replace what is said of a server; nothing is rendered before somebody asks."""
        self._board.publish(view)

    def withdraw(self, server: str) -> None:
        """Say nothing of a server any more. Unknown names are no error."""
        self._board.withdraw(server)
        for kept in (self._bodies, self._pages):
            for request in [*kept]:
                if request.servers == {server}:
                    kept.pop(request, None)

    def publish_exporter(self, view: ExporterView) -> None:
        """Replace what is said of the exporter; this leaves the servers' part as it is."""
        self._tail.publish(view)

    def served(self, server: str) -> int:
        """The newest generation of a server that was read on a page with all its families, else -1.

        The ledger publishes the first increment of a new counter only after its zero was seen.
        """
        return self._board.served(server)

    def page(self, format: Format, **options: Unpack[Options]) -> bytes:
        """A page for whoever reads it at once, rendered in this thread as far as it is not kept.

        Raises TooManySeries when it would be too long, as `page_async` and `offer` do.
        """
        request = Request(format.openmetrics, **options)
        offer = self._finish(request, self._kept(request) or self._render(request))
        self.delivered(offer)
        return offer.data

    async def page_async(self, format: Format, **options: Unpack[Options]) -> bytes:
        """The same for an event loop."""
        offer = await self.offer(format, **options)
        self.delivered(offer)
        return offer.data

    async def offer(self, format: Format, **options: Unpack[Options]) -> Offer:
        """A page to be sent; rendering happens in a thread, once for all who wait for it."""
        request = Request(format.openmetrics, **options)
        return self._finish(request, self._kept(request) or await self._flight(request))

    def ready(self, format: Format, **options: Unpack[Options]) -> Offer | None:
        """The same page if its servers' part is kept and new; None when it would be rendered.

        None also for a page that is too long, so that whoever asks again hears why.
        """
        request = Request(format.openmetrics, **options)
        body = self._kept(request)
        if body is None or not self._limit.allows(body.series + self._tail.of(request).series):
            return None
        return self._finish(request, body)

    def delivered(self, offer: Offer) -> None:
        """The page has reached its reader. One that got lost on its way has shown nobody a 0."""
        self._board.note_served(offer.generations)

    async def _flight(self, request: Request) -> Body:
        key = (request, self._board.stamp(request.servers))
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = asyncio.ensure_future(
                asyncio.get_running_loop().run_in_executor(self._thread, self._render, request)
            )
            task.add_done_callback(lambda _: self._flights.pop(key, None))
        # One client that goes away must not take the page from the others.
        return await asyncio.shield(task)

    def _kept(self, request: Request) -> Body | None:
        """The body, if it is kept and still says what was published last."""
        body = self._bodies.get(request.body) if request.kept else None
        return body if body and body.stamp == self._board.stamp(request.servers) else None

    def _render(self, request: Request) -> Body:
        """Make the body, unless another thread has just done so."""
        with self._rendering:
            body = self._kept(request)
            if body is None:
                body = self._make(request)
                give_back()
                if request.kept and (body.generations or request.servers is None):
                    self._bodies[request.body] = body
            return body

    def _make(self, request: Request) -> Body:
        # The stamp first: what is published in between makes this body old, never too new.
        stamp = self._board.stamp(request.servers)
        posted = _distinct(self._board.posted(request.servers))
        for entry in posted:
            entry.sheet.show(entry.view)
            entry.sheet.rest()
        blocks = [entry.sheet.blocks() for entry in posted]
        beginning = request.beginning(join_families(VIEW_FAMILIES, blocks, request))
        generations = {entry.view.name: entry.view.generation for entry in posted}
        return Body(*beginning, stamp, generations)

    def _finish(self, request: Request, body: Body) -> Offer:
        """Body and tail in one piece. Who asked for some families sees no server whole."""
        generations = body.generations if request.names is None else {}
        tail = self._tail.of(request)
        self._limit.require(request, body.series + tail.series)
        page = self._pages.get(request)
        if page is None or page.body is not body or page.tail is not tail:
            page = Page(body, tail, request.whole(body.data, body.check, tail))
            if self._bodies.get(request.body) is body:
                self._pages[request] = page
                body.data = memoryview(page.data)[: len(body.data)]
        return Offer(page.data, generations)


def _distinct(posted: tuple[Posted, ...]) -> tuple[Posted, ...]:
    """The first of those servers whose names are the same once they are fit for a label."""
    return tuple({clean(entry.view.name): entry for entry in reversed(posted)}.values())[::-1]
