"""One server's HTTP connections: sends a request once and reads its whole answer, within limits."""

import asyncio
import ssl
from types import MappingProxyType

import aiohttp
from yarl import URL

from exporter.clock import Clock
from exporter.config.values import ServerConfig
from exporter.errors import HttpFailed, SourceError, TlsFailed, TooLarge
from exporter.model import Traffic
from exporter.rest.failures import LIBRARY_ERRORS, translate
from exporter.rest.tally import Tally
from exporter.rest.tls import client_context
from exporter.rest.wire import Request, Response

MAXIMUM_BODY = 64 * 2**20
MAXIMUM_REDIRECTS = 3
CONNECTIONS = 4

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_KEEPING = frozenset({307, 308})


class Transport:
    """Connections to one configured server. No cookies, no proxy of the environment.

    Redirects are followed within the same origin only: a token must never reach another host.
    """

    def __init__(
        self, settings: ServerConfig, clock: Clock, *, maximum_body: int = MAXIMUM_BODY
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._maximum_body = maximum_body
        self._base = settings.url.rstrip("/")
        self._tally = Tally()
        self._opened: aiohttp.ClientSession | None = None
        self._in_flight = 0
        self._outdated = False

    @property
    def clock_offset(self) -> float | None:
        """The server's clock minus ours in seconds, as last seen; None before the first answer."""
        return self._tally.clock_offset

    def traffic(self) -> Traffic:
        """What was sent since the last call."""
        return self._tally.take()

    async def send(self, request: Request) -> Response:
        """Send `request` and read its answer, whatever its status. Raises SourceError."""
        query = f"?{request.query}" if request.query else ""
        url = URL(f"{self._base}{request.path}{query}", encoded=True)
        for _ in range(MAXIMUM_REDIRECTS + 1):
            response = await self._exchange(request, url)
            if response.status not in _REDIRECTS:
                return response
            url = _redirect(request, response, url)
        raise HttpFailed(f"{request.where} was redirected more than {MAXIMUM_REDIRECTS} times")

    async def close(self) -> None:
        """Close every connection."""
        opened, self._opened, self._outdated = self._opened, None, False
        if opened is not None:
            await opened.close()

    async def _exchange(self, request: Request, url: URL) -> Response:
        session = await self._session()
        if request.sends_password:
            self._tally.password_sent()
        self._in_flight += 1
        try:
            async with session.request(
                request.method,
                url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                proxy=self._settings.proxy_url,
                server_hostname=self._settings.tls.server_name,
            ) as answer:
                self._tally.answered(answer.status, answer.headers.get("Date"), self._clock.now())
                body = await self._read(request, answer)
        except SourceError:
            raise
        except LIBRARY_ERRORS as error:
            failure = translate(error, request.where, plain=url.scheme == "http")
            self._outdated = self._outdated or isinstance(failure, TlsFailed)
            # Without its cause: the library's errors carry the request's headers, token included.
            raise failure from None
        finally:
            self._in_flight -= 1
        return Response(request.where, answer.status, answer.headers, body)

    async def _read(self, request: Request, answer: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > self._maximum_body:
                mebibytes = self._maximum_body / 2**20
                raise TooLarge(f"{request.where} was answered with more than {mebibytes:g} MiB")
            chunks.append(chunk)
        return b"".join(chunks)

    async def _session(self) -> aiohttp.ClientSession:
        """The open session. Made late, so that a certificate file may appear after the start.

        After TLS failed another one is made, which reads these files anew; not below requests that
        are under way, since the library would cancel whoever waits for a connection.
        """
        if self._outdated and not self._in_flight:
            await self.close()
        if self._opened is None:
            context = await self._context()
            if self._opened is None:  # another call may have been first
                self._opened = self._open(context)
        return self._opened

    async def _context(self) -> ssl.SSLContext | bool:
        """What judges certificates; loading authorities takes long, so it happens in a thread."""
        if URL(self._base).scheme != "https":
            return True  # the library's word for its default, which plain HTTP never looks at
        tls, tally = self._settings.tls, self._tally
        return await asyncio.to_thread(client_context, tls, tally.certificate)

    def _open(self, context: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._settings.request_timeout),
            headers=MappingProxyType({"User-Agent": "backup-session-exporter"}),
            trust_env=False,
        )


def _redirect(request: Request, response: Response, url: URL) -> URL:
    """Where a redirect leads. Raises HttpFailed when we do not go there."""
    try:
        target = url.join(URL(response.headers.get("Location", "")))
        origin = target.origin()
    except ValueError:
        raise HttpFailed(f"{request.where} was redirected to nowhere") from None
    if origin != url.origin():
        raise HttpFailed(
            f"{request.where} was redirected to another host, {origin}, which is refused; "
            "if that is the server, use it as the url"
        )
    if request.method != "GET" and response.status not in _METHOD_KEEPING:
        raise HttpFailed(f"{request.where} was redirected; is the url the server's API?")
    return target
