"""One client's connection: what aiohttp's protocol does, with our limits and our words."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from exporter.web.answers import SERVER_HEADER, STANDARD_HEADERS, sentence

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

Certificate = Mapping[str, Any] | None


class Connection(web.RequestHandler):
    """A connection that must deliver its requests in time.

    aiohttp ends idle connections; this also ends those that send a head byte by byte, and those
    whose client certificate is valid but not on the list.
    """

    __slots__ = ("_admits", "_busy", "_deadline")

    def __init__(
        self,
        server: web.Server,
        admits: Callable[[Certificate], bool],
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), logger=log, **LIMITS)
        self._admits = admits
        self._busy = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, unless TLS was agreed upon with a certificate that we do not want."""
        super().connection_made(transport)
        if not self._admits(transport.get_extra_info("peercert")):
            self.force_close()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; the first bytes of a request start the clock."""
        if not self._busy:
            self._await_head()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the client."""
        self._stop_waiting()
        super().connection_lost(exc)

    def begin(self) -> None:
        """A request's head is complete and is being answered."""
        self._busy = True
        self._stop_waiting()

    def end(self) -> None:
        """The answer is made; what comes next is another request."""
        self._busy = False

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
