"""A simulated server on a socket: start and stop, TLS, faults, counters, its own clock."""

import asyncio
import re
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import TypedDict, Unpack

from aiohttp import web

from exporter.clock import Clock, SystemClock
from exporter.simulator import control, mishaps
from exporter.simulator.catalog import SIMULATORS
from exporter.simulator.certificate import Certificate, self_signed
from exporter.simulator.exchange import Answer, Call, SimulatedProduct
from exporter.simulator.faults import ORDERS, QUIRKS, Fault, Faults
from exporter.simulator.world import Build, World

SYSTEM_CLOCK = SystemClock()
REMEMBERED_REQUESTS = 2000
LARGEST_REQUEST = 64 * 1024 * 1024
HIGHEST_PORT = 65535
_IDENTIFIER = re.compile(r"(?<=/)(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/|$)")


class Settings(TypedDict, total=False):
    """How a simulated server is set up; see `SimulatorOptions`."""

    listen: str
    tls: bool
    api_version: str | None
    jobs: int | None
    history: float
    speed: float
    seed: int
    scripted: bool
    password: str


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """One simulated server.

    `listen` is host:port (port 0: any free one). `history` is seconds. `speed` is how many times
    faster the world lives. `scripted` starts without any job. An empty password is made up.
    """

    product: str
    listen: str = "127.0.0.1:0"
    tls: bool = False
    api_version: str | None = None
    jobs: int | None = None
    history: float = 14 * 86400.0
    speed: float = 1.0
    seed: int = 0
    scripted: bool = False
    password: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in; `status` is 0 where no answer was given."""

    method: str
    path: str
    query: str
    status: int


class SimulatedServer:
    """One simulated backup server. Raises ValueError for a product or version unknown here."""

    def __init__(self, options: SimulatorOptions, clock: Clock = SYSTEM_CLOCK) -> None:
        if options.product not in SIMULATORS:
            known = ", ".join(sorted(SIMULATORS))
            raise ValueError(f"there is no simulator of {options.product!r}; known are {known}")
        simulator = SIMULATORS[options.product]
        jobs = 0 if options.scripted else options.jobs
        build = Build(options.seed, options.speed, jobs, options.history)
        self.name = options.product
        self.world = World(simulator.profile(options.api_version), build, clock)
        password = options.password or secrets.token_urlsafe(12)
        self.product: SimulatedProduct = simulator.create(self.world, options.api_version, password)
        self.faults = Faults()
        self.requests: Counter[tuple[str, int]] = Counter()
        self.log: deque[Seen] = deque(maxlen=REMEMBERED_REQUESTS)
        self.clock_offset = 0.0
        self.stopping = asyncio.Event()
        self._clock = clock
        self._host, self._port = _host_and_port(options.listen)
        self.certificate: Certificate | None = self_signed(self._host) if options.tls else None
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self.certificate else 'http'}://{host}:{self._port}"

    @property
    def username(self) -> str:
        """Who may log on."""
        return self.product.logons.username

    @property
    def password(self) -> str:
        """The password of now."""
        return self.product.logons.password

    async def start(self) -> None:
        """Begin to listen. Raises OSError if the address cannot be used."""
        self._web = web.Server(self._serve, access_log=None, handler_cancellation=True)
        await self.resume()

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        self.stopping.set()
        for task in self._tasks:
            task.cancel()
        await self.stop_listening()
        if self._web is not None:
            await self._web.shutdown(0.1)

    async def stop_listening(self) -> None:
        """Refuse connections and drop those that are open, as a machine does that is down."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for connection in self._web.connections if self._web else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def resume(self) -> None:
        """Listen again, on the same port. Raises OSError if it was taken meanwhile."""
        if self._listener is not None or self._web is None:
            return
        context = self.certificate.context if self.certificate else None
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            self._web, self._host, self._port, ssl=context, reuse_address=True
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    async def inject(self, fault: Fault) -> Fault:
        """Put a fault in force, or carry an order out."""
        if fault.kind in ORDERS:
            await _ORDERS[fault.kind](self, fault)
            return fault
        return self.faults.add(fault, self.world.now())

    async def give(self, call: Call) -> web.Response:
        """The product's own answer to a call, as a response."""
        answer = self.product.answer(call)
        return self.response(answer)

    def response(self, answer: Answer) -> web.Response:
        """An answer as a response that carries the server's own time."""
        headers = {"Date": formatdate(self.world.now() + self.clock_offset, usegmt=True)}
        if answer.body:
            headers["Content-Type"] = answer.content_type
        return web.Response(
            status=answer.status, body=answer.body, headers=headers | dict(answer.headers)
        )

    async def sleep(self, seconds: float) -> None:
        """Let time pass by the clock that the server was given."""
        await self._clock.sleep(seconds)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(control.PREFIX):
            return await control.respond(self, request)
        faults = self.faults.due(request.method, request.path, self.world.now())
        quirks = {fault.kind: fault for fault in faults if fault.kind in QUIRKS}
        call = await _call(request, self, quirks)
        mishap = next((fault for fault in faults if fault.kind not in QUIRKS), None)
        if mishap is None:
            response: web.StreamResponse = await self.give(call)
            self._count(request, response.status)
            return response
        try:
            response = await mishaps.play(self, request, call, mishap)
        except asyncio.CancelledError:  # the client gave up first
            self._count(request, 0)
            raise
        self._count(request, 0 if mishap.kind in mishaps.UNANSWERED else response.status)
        return response

    def _count(self, request: web.BaseRequest, status: int) -> None:
        path = request.path
        self.requests[f"{request.method} {_IDENTIFIER.sub('{id}', path.lower())}", status] += 1
        self.log.append(Seen(request.method, path, request.query_string, status))

    async def _expire(self, fault: Fault) -> None:
        self.product.logons.expire(completely=fault.completely)

    async def _change_password(self, fault: Fault) -> None:
        self.product.logons.password = fault.password or secrets.token_urlsafe(12)
        self.product.logons.expire(completely=True)

    async def _refuse(self, fault: Fault) -> None:
        async def come_back() -> None:
            await asyncio.sleep(0.05)  # lets the answer to this very order leave
            await self.stop_listening()
            await self.sleep(fault.seconds or 10.0)
            await self.resume()

        task = asyncio.create_task(come_back())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_ORDERS: dict[str, Callable[[SimulatedServer, Fault], Awaitable[None]]] = {
    "expire_tokens": SimulatedServer._expire,
    "change_password": SimulatedServer._change_password,
    "refuse_connections": SimulatedServer._refuse,
}


@asynccontextmanager
async def simulate(
    product: str, clock: Clock = SYSTEM_CLOCK, **settings: Unpack[Settings]
) -> AsyncIterator[SimulatedServer]:
    """A simulated server that lives as long as the block. Settings as in `SimulatorOptions`."""
    server = SimulatedServer(SimulatorOptions(product, **settings), clock)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def serve_forever(
    options: SimulatorOptions, announce: Callable[[dict[str, str]], None]
) -> None:
    """Run one simulated server until cancelled; `announce` is told once where and who."""
    server = SimulatedServer(options)
    await server.start()
    try:
        announce(
            {
                "product": server.name,
                "url": server.url,
                "username": server.username,
                "password": server.password,
            }
        )
        await server.stopping.wait()
    finally:
        await server.stop()


def _host_and_port(listen: str) -> tuple[str, int]:
    host, separator, port = listen.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise ValueError(f"{listen!r} is no host:port to listen on, such as 127.0.0.1:4443")
    return host.strip("[]") or "127.0.0.1", int(port)


async def _call(
    request: web.BaseRequest, server: SimulatedServer, quirks: dict[str, Fault]
) -> Call:
    query: dict[str, tuple[str, ...]] = {}
    for name, value in request.query.items():
        query[name.lower()] = (*query.get(name.lower(), ()), value)
    return Call(
        method=request.method,
        path=request.path,
        query=query,
        headers=request.headers,
        body=await request.read(),
        base=f"{request.scheme}://{request.host}",
        now=server.world.now(),
        clock_offset=server.clock_offset,
        quirks=quirks,
    )
