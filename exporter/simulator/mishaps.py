"""How a connection or an answer goes wrong: the transport faults, played out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.simulator.exchange import JSON, Answer, Call
from exporter.simulator.faults import Fault

if TYPE_CHECKING:
    from exporter.simulator.server import SimulatedServer

CHUNK = 64 * 1024
UNANSWERED = frozenset({"hang", "reset"})
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
WEB_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"


class Scene:
    """A request that something happens to: who was asked, and for what."""

    def __init__(
        self, server: SimulatedServer, request: web.BaseRequest, call: Call, fault: Fault
    ) -> None:
        self.server = server
        self.request = request
        self.call = call
        self.fault = fault


async def play(
    server: SimulatedServer, request: web.BaseRequest, call: Call, fault: Fault
) -> web.StreamResponse:
    """Let the fault happen to the request."""
    return await _PLAYS[fault.kind](Scene(server, request, call, fault))


async def _status(scene: Scene) -> web.StreamResponse:
    fault = scene.fault
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    answer = Answer(fault.code, fault.body.encode(), JSON, headers)
    return scene.server.response(answer)


async def _slow(scene: Scene) -> web.StreamResponse:
    await scene.server.sleep(scene.fault.delay)
    return await scene.server.give(scene.call)


async def _hang(scene: Scene) -> web.StreamResponse:
    await scene.server.stopping.wait()
    return await _reset(scene)


async def _reset(scene: Scene) -> web.StreamResponse:
    """Abort with nothing sent: a reset, not an orderly end."""
    transport = scene.request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()
    return web.Response(status=500)


async def _truncate(scene: Scene) -> web.StreamResponse:
    whole = scene.server.product.answer(scene.call)
    response = web.StreamResponse(status=whole.status, headers={"Content-Type": JSON})
    response.content_length = len(whole.body) + 2
    await response.prepare(scene.request)
    await response.write(whole.body[: len(whole.body) // 2])
    if scene.request.transport is not None:
        scene.request.transport.close()
    return response


async def _oversize(scene: Scene) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": JSON})
    response.enable_chunked_encoding()
    await response.prepare(scene.request)
    left = scene.fault.size
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        await response.write(b'{"results":[')
        while left > 0 and not scene.server.stopping.is_set():
            await response.write(b" " * min(left, CHUNK))
            left -= CHUNK
        await response.write(b"]}")
    return response


async def _html(scene: Scene) -> web.StreamResponse:
    return scene.server.response(Answer(200, WEB_PAGE, "text/html; charset=utf-8"))


async def _empty(scene: Scene) -> web.StreamResponse:
    return scene.server.response(Answer(200, b"", JSON))


async def _redirect(scene: Scene) -> web.StreamResponse:
    code = scene.fault.code if 300 <= scene.fault.code < 400 else 307
    return scene.server.response(Answer(code, headers={"Location": scene.fault.location}))


_PLAYS: dict[str, Callable[[Scene], Awaitable[web.StreamResponse]]] = {
    "status": _status,
    "slow": _slow,
    "hang": _hang,
    "reset": _reset,
    "truncate": _truncate,
    "oversize": _oversize,
    "html": _html,
    "empty": _empty,
    "redirect": _redirect,
}
