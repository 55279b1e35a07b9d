"""One client's connection: what aiohttp's protocol does, with our limits and our words."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from exporter.web.answers import SERVER_HEADER, STANDARD_HEADERS, sentence
from exporter.web.repeat import Repeat
from exporter.web.state import PageOffer
from exporter.web.stream import STALLED_SECONDS

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 120.0
"""How long a connection may be idle: longer than the usual scrape interval."""

HEAD_SECONDS = 10.0
"""How long a request's head may take from its first byte, and a client to send that byte."""

LINGERING_SECONDS = 2.0
"""How long we read on when a client sends a body that nobody asked for."""

LIMITS: Mapping[str, Any] = {
    "keepalive_timeout": KEEPALIVE_SECONDS,
    "lingering_time": LINGERING_SECONDS,
    "max_line_size": 16 * 1024,
    "max_field_size": 8 * 1024,
    "max_headers": 64,
    "auto_decompress": False,
    "access_log": None,
}

WHOLE_HEAD = re.compile(rb"GET [^\r\n]+ HTTP/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n")

LONGEST_HEAD = 4096
"""Bytes of a request that is remembered. A scraper's has some hundreds; idle connections must not
hold all that a head may have."""

Certificate = Mapping[str, Any] | None


class Unread(NamedTuple):
    """An answer of which the kernel has not taken all, and when we stop waiting for that."""

    repeat: Repeat
    page: PageOffer
    deadline: asyncio.TimerHandle


class Connection(web.RequestHandler):
    """A connection that must deliver its requests in time.

    aiohttp ends idle connections; this also ends those that send a head byte by byte, and those
    whose client certificate is valid but not on the list. A request that was answered before is
    answered here, as long as nothing but single requests without a body came; see `Repeat`.
    """

    __slots__ = ("_admits", "_asked", "_busy", "_deadline", "_plain", "_repeat", "_unread")

    def __init__(
        self,
        server: web.Server,
        admits: Callable[[Certificate], bool],
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), logger=log, **LIMITS)
        self._admits = admits
        self._busy = False
        self._deadline: asyncio.TimerHandle | None = None
        self._plain = True
        self._asked: bytes | None = None
        self._repeat: Repeat | None = None
        self._unread: Unread | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, unless TLS was agreed upon with a certificate that we do not want."""
        super().connection_made(transport)
        if not self._admits(transport.get_extra_info("peercert")):
            self.force_close()
            return
        # Below TLS there is another buffer that nobody tells us of.
        self._plain = transport.get_extra_info("sslcontext") is None
        if self._plain and self.transport is not None:
            self.transport.set_write_buffer_limits(0)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; the first bytes of a request start the clock."""
        if self._repeat is not None and self._answered(self._repeat, data):
            return
        self._repeat = None
        if data:
            self._note(data)
        if not self._busy:
            self._await_head()
        super().data_received(data)

    def resume_writing(self) -> None:
        """The kernel has taken the last of what was written."""
        super().resume_writing()
        if (unread := self._no_more_unread()) is not None:
            unread.repeat.read(unread.page)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the client."""
        self._stop_waiting()
        self._no_more_unread()
        self._repeat = None
        super().connection_lost(exc)

    def begin(self) -> None:
        """A request's head is complete and is being answered."""
        self._busy = True
        self._stop_waiting()

    def end(self) -> None:
        """The answer is made; what comes next is another request."""
        self._busy = False
        self._asked = None

    @property
    def asked(self) -> bytes | None:
        """The bytes of the request that is being answered, if they may be recognised later."""
        return self._asked if self._plain else None

    def repeat(self, repeat: Repeat) -> None:
        """Remember how the request that was just answered can be answered again."""
        self._repeat = repeat

    def _note(self, data: bytes) -> None:
        """Keep a request that came alone and whole. After anything else no bytes are trusted any
        more: which answer belongs to which of them is for the parser to say."""
        known = len(data) <= LONGEST_HEAD and WHOLE_HEAD.fullmatch(data) is not None
        self._plain = self._plain and self._asked is None and known
        self._asked = data

    def _answered(self, repeat: Repeat, data: bytes) -> bool:
        """Whether this was the same request again and has its answer."""
        transport = self.transport
        if data != repeat.request or transport is None or self._unread is not None:
            return False
        loop = asyncio.get_running_loop()
        answer = repeat.answer(loop.time())
        if answer is None:
            return False
        transport.write(answer.data)
        if transport.get_write_buffer_size() == 0:
            repeat.read(answer.page)
        else:
            repeat.places.take()
            deadline = loop.call_later(STALLED_SECONDS, transport.abort)
            self._unread = Unread(repeat, answer.page, deadline)
        return True

    def _no_more_unread(self) -> Unread | None:
        unread, self._unread = self._unread, None
        if unread is not None:
            unread.deadline.cancel()
            unread.repeat.places.leave()
        return unread

    def _await_head(self) -> None:
        if self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(HEAD_SECONDS, self.force_close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """One sentence for what is no HTTP or what went wrong in here; the connection ends."""
        if isinstance(exc, HttpProcessingError):
            log.debug("request refused: %s", type(exc).__name__)
            answer = sentence("This is not a request that can be understood.", status)
        else:
            log.error("answering %s failed", request.path, exc_info=exc)
            answer = sentence("The exporter failed to answer; its log says why.", status)
        if request.writer.output_size > 0:
            raise ConnectionError("part of the answer was sent already")
        answer.headers.update(STANDARD_HEADERS, Server=SERVER_HEADER)
        answer.force_close()
        return answer
