"""The one place where errors of the HTTP library and bad status codes become ours."""

import os
import ssl
from collections.abc import Iterator
from http import HTTPStatus

import aiohttp
import msgspec

from exporter.errors import (
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    RateLimited,
    SourceError,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from exporter.rest import tls
from exporter.rest.text import one_line
from exporter.rest.wire import Response

LIBRARY_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""Everything that sending a request and reading its answer can raise."""

_SENTENCES: tuple[tuple[type[Exception], type[SourceError], str], ...] = (
    (TimeoutError, TimedOut, "there was no answer within the request_timeout"),
    (aiohttp.ClientProxyConnectionError, Unreachable, "the proxy of proxy_url cannot be reached"),
    (aiohttp.ClientHttpProxyError, Unreachable, "the proxy of proxy_url refused the connection"),
    (aiohttp.ServerDisconnectedError, Unreachable, "the server closed the connection"),
    (aiohttp.ClientPayloadError, Unreachable, "the connection broke in the middle of the answer"),
    (aiohttp.InvalidURL, Unreachable, "the url is not one that can be called"),
    (aiohttp.ClientResponseError, ParseFailed, "what answers there does not speak HTTP"),
    (aiohttp.ClientError, Unreachable, "the connection broke"),
    (OSError, Unreachable, "the connection broke"),
    (ValueError, ParseFailed, "the answer breaks the rules of HTTP"),
)
"""The first row whose library error fits; subclasses stand before their bases."""

_STATUSES: dict[int, type[SourceError]] = {
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}

_MESSAGE_KEYS = ("message", "error_description", "detail", "title", "error")
_EXCERPT = 200


_BROKEN_BY_TLS = (
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientOSError,
    aiohttp.ClientResponseError,
)
"""What plain HTTP comes to at a port that speaks TLS."""


def translate(error: Exception, where: str, *, plain: bool = False) -> SourceError:
    """The error of ours that `error` of a library means.

    `where` is method and path; `plain` says that the url has no TLS.
    """
    cause = _tls_error(error)
    if cause is not None:
        return TlsFailed(f"{where}: {tls.explain(cause)}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unreachable(f"{where}: the host name {error.host} cannot be resolved")
    if type(error) is aiohttp.ClientConnectorError:
        return Unreachable(f"{where}: {_no_connection(error)}")
    hint = "; if this port speaks https, write https:// in the url"
    tail = hint if plain and type(error) in _BROKEN_BY_TLS else ""
    for library, ours, sentence in _SENTENCES:
        if isinstance(error, library):
            return ours(f"{where}: {sentence}{tail}")
    raise error


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    """Where nobody answers, why, and what is most often the matter."""
    target = f"{error.host} port {error.port}"
    if isinstance(error.os_error, ConnectionRefusedError):
        return f"no connection, {target} refused it; is the service running and the port right?"
    number = error.os_error.errno
    why = os.strerror(number).lower() if number else "no address of it answers"
    return f"no connection to {target} ({why}); is the address right, and the firewall open?"


def failure(response: Response) -> SourceError:
    """The error that a status code beyond 2xx means, with the product's own words if it has any."""
    kind = _STATUSES.get(response.status, HttpFailed)
    said = complaint(response.body)
    tail = f": {said}" if said else ""
    return kind(f"{response.where} was answered with {_status(response.status)}{tail}")


def complaint(body: bytes) -> str:
    """The product's own error message in a JSON body, one short line; empty if there is none."""
    try:
        answer = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    return next(_messages(answer), "")


def _messages(answer: object) -> Iterator[str]:
    if not isinstance(answer, dict):
        return
    fields = {str(key).lower(): value for key, value in answer.items()}
    for key in _MESSAGE_KEYS:
        value = fields.get(key)
        if isinstance(value, str) and value.strip():
            yield one_line(value, _EXCERPT)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _tls_error(error: Exception) -> ssl.SSLError | None:
    """The TLS error inside `error`: aiohttp wraps it in one of two classes."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner: object = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorSSLError):
        inner = error.os_error
    else:
        inner = error
    return inner if isinstance(inner, ssl.SSLError) else None
