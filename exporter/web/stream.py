"""Sending big bodies in pieces: a client that reads slowly holds one piece, not a page of its own.

With whole bodies, 32 stalled readers of 20 MB cost 500 MB; in pieces they cost 16 MB at most.
Smaller pieces would cost less, but each is a wait and a deadline of its own, and most compressed
pages fit into one or two.
"""

import asyncio
import logging
from collections.abc import Mapping

from aiohttp import web

log = logging.getLogger(__name__)

PIECE = 512 * 1024
STALLED_SECONDS = 30.0
"""How long a client may take no piece at all before it is cut off."""

WHOLE_SECONDS = 300.0
"""How long a whole answer may take: a page that has been replaced is not kept alive for ever."""


async def send(
    request: web.Request,
    body: bytes,
    content_type: str,
    headers: Mapping[str, str] | None = None,
    stalled_seconds: float = STALLED_SECONDS,
) -> web.StreamResponse:
    """Answer with a body that is in memory. Clients that go away or stall are no error."""
    response = web.StreamResponse(headers=headers)
    response.headers["Content-Type"] = content_type
    response.content_length = len(body)
    try:
        async with asyncio.timeout(stalled_seconds if len(body) <= PIECE else WHOLE_SECONDS):
            await response.prepare(request)
            if request.method != "HEAD":
                await _write(response, body, stalled_seconds)
            await response.write_eof()
    except ConnectionError:
        log.debug("client went away")
    except TimeoutError:
        log.debug("client stopped reading")
        if request.transport is not None:
            request.transport.abort()
    return response


def was_sent(request: web.Request, response: web.StreamResponse) -> bool:
    """Whether the whole body has left; aiohttp tells its length only then."""
    return request.method != "HEAD" and response.body_length > 0


async def _write(response: web.StreamResponse, body: bytes, stalled_seconds: float) -> None:
    """One piece needs no deadline but the caller's, and that is what most scrapes are."""
    if len(body) <= PIECE:
        await response.write(body)
        return
    pieces = memoryview(body)
    for start in range(0, len(body), PIECE):
        async with asyncio.timeout(stalled_seconds):
            await response.write(pieces[start : start + PIECE])
