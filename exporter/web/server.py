"""Listening: sockets, TLS, and one `Connection` for each client."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Mapping

from aiohttp import web

from exporter.clock import Clock
from exporter.errors import ServingError
from exporter.web.application import WEB_CONFIG, create_app
from exporter.web.connection import Certificate, Connection
from exporter.web.options import ListenAddress, WebOptions
from exporter.web.state import State
from exporter.web.tls import admits

log = logging.getLogger(__name__)

BACKLOG = 1024
HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 5.0
"""How long answers that are being sent may go on when the server closes."""

WHY_NOT: Mapping[int, str] = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not listen on so low a port",
    errno.EADDRNOTAVAIL: "this machine does not have the address",
}
REMEDY = "choose another --web.listen-address"


class WebServer:
    """Serves the application on every address of the options, from `start` to `close`."""

    def __init__(self, state: State, options: WebOptions, clock: Clock | None = None) -> None:
        """Raises ConfigurationError with every problem of the web configuration file."""
        self._options = options
        self._app = create_app(state, options, clock)
        self._web_config = self._app[WEB_CONFIG]
        self._runner = web.AppRunner(self._app, shutdown_timeout=SHUTDOWN_SECONDS)
        self._listeners: list[asyncio.Server] = []
        self._urls: list[str] = []

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it is listening, with the ports that the system chose."""
        return tuple(self._urls)

    async def start(self) -> None:
        """Listen everywhere, or nowhere: raises ServingError when one address cannot be had."""
        with contextlib.ExitStack() as unused:
            sockets = []
            for address in self._options.listen_addresses:
                for listening in await bound(address):
                    sockets.append(unused.enter_context(listening))
            await self._runner.setup()
            for listening in sockets:
                await self._serve(listening)
            unused.pop_all()
        log.info("listening on %s", " ".join(self._urls))

    async def close(self) -> None:
        """Stop listening, let answers finish for a moment, close every connection."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        await self._runner.cleanup()

    async def _serve(self, listening: socket.socket) -> None:
        context = self._web_config.context()
        listener = await asyncio.get_running_loop().create_server(
            self._connection,
            sock=listening,
            ssl=context,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
        )
        self._listeners.append(listener)
        scheme = "https" if context else "http"
        host, port = listening.getsockname()[:2]
        self._urls.append(f"{scheme}://{ListenAddress(host, port)}/")

    def _connection(self) -> Connection:
        server = self._runner.server
        assert server is not None
        return Connection(server, self._admits)

    def _admits(self, certificate: Certificate) -> bool:
        tls = self._web_config.current.tls
        return tls is None or admits(tls.allowed_sans, certificate)


async def bound(address: ListenAddress) -> list[socket.socket]:
    """Sockets for an address: one for each IP address that a host name stands for.

    Raises ServingError when the address is unknown, not ours, forbidden or taken.
    """
    try:
        return await _bound(address)
    except OSError as error:
        known = WHY_NOT.get(error.errno or 0)
        why = known or (error.strerror or "the system refuses").lower()
        raise ServingError(f"Cannot listen on {address}: {why}; {REMEDY}.") from None


async def _bound(address: ListenAddress) -> list[socket.socket]:
    if not address.host:
        return [_everywhere(address.port)]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    try:
        for family, place in dict.fromkeys((entry[0], entry[4]) for entry in found):
            sockets.append(socket.create_server(place, family=family, backlog=BACKLOG))
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def _everywhere(port: int) -> socket.socket:
    """A socket for every address of the machine, in both families where there is IPv6."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
        )
    return socket.create_server(("", port), backlog=BACKLOG)  # pragma: no cover -- no IPv6 here
