"""The same request again: answered with finished bytes, beside all that reads and writes HTTP.

A scraper sends the same bytes over the same connection every few seconds. To read and route them
and to write a head cost more than the kernel needs to take a page. So when an answer was sent the
usual way, its head and the way to its page are remembered with the bytes that asked for it; the
same bytes again get the page of that moment below that head. Whatever else comes goes the usual
way, and so does every request that must be made, limited or refused.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, NamedTuple

from aiohttp import hdrs, web

from exporter.web.places import Places
from exporter.web.state import PageOffer
from exporter.web.stream import PIECE

LARGEST = 2 * PIECE
"""Bytes of a page that is sent whole. With a bigger one the kernel's share is by far the most, and
a reader that stalls would hold more of it."""

REPEATING_SECONDS = 60.0
"""How long after a usual answer repeats may follow: only usual ones count against the limit for
idle connections, which is twice as long."""

MOST_HEADS = 4
"""Formats and codings in use are few; other heads are of a web configuration that is gone."""

CHANGING = frozenset({"date", "content-length"})


class Answer(NamedTuple):
    """A whole HTTP answer, and the page in it."""

    data: bytes
    page: PageOffer


class Heads:
    """Heads and pages in one piece: one call into the kernel, and the client wakes up once."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._joined: dict[bytes, tuple[bytes, int, bytes]] = {}

    def above(self, head: bytes, body: bytes) -> bytes:
        """The answer; it is joined anew when the body is another or the date has changed."""
        second = int(self._now())
        kept, at, answer = self._joined.get(head, (b"", 0, b""))
        if kept is not body or at != second:
            date = formatdate(second, usegmt=True)
            rest = f"Content-Length: {len(body)}\r\nDate: {date}\r\n\r\n"
            answer = b"".join((head, rest.encode(), body))
            self._joined.pop(head, None)
            self._joined[head] = (body, second, answer)
            while len(self._joined) > MOST_HEADS:
                del self._joined[next(iter(self._joined))]
        return answer


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a connection answers the same request again, up to a moment of the event loop's time.

    `page` gives the page as it is now, or None when it must be made first or something stands in
    the way. `read` is told of a page that has left.
    """

    request: bytes
    head: bytes
    until: float
    heads: Heads
    places: Places
    page: Callable[[], PageOffer | None]
    read: Callable[[Any], None]

    def answer(self, now: float) -> Answer | None:
        """What to send whole and at once, if that is right."""
        if now >= self.until or self.places.full:
            return None
        page = self.page()
        if page is None or len(page.data) > LARGEST:
            return None
        return Answer(self.heads.above(self.head, page.data), page)


def head_of(request: web.BaseRequest, response: web.StreamResponse) -> bytes | None:
    """What an answer began with, but for what changes; None when it is not for repeating."""
    usual = request.keep_alive and not request.body_exists and hdrs.EXPECT not in request.headers
    if not usual or response.status != 200:
        return None
    headers = response.headers.items()
    lines = [f"{name}: {value}" for name, value in headers if name.lower() not in CHANGING]
    return "\r\n".join(("HTTP/1.1 200 OK", *lines, "")).encode()
