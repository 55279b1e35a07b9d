"""`demo`: simulated servers of every product, polled over real HTTP, everything served."""

import argparse
import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from exporter.app import Exporter, Options, run_until_signalled
from exporter.cli.flags import PORT, Command, add_log_flags, positive
from exporter.cli.serve import add_web_flags, web_options
from exporter.config.values import (
    RECURRING_TYPES,
    Config,
    Objective,
    Password,
    Secret,
    ServerConfig,
    TlsConfig,
)
from exporter.errors import ExporterError
from exporter.log import set_up
from exporter.simulator import SIMULATORS, Fault, SimulatedServer, SimulatorOptions
from exporter.sources import SOURCES
from exporter.web.options import ListenAddress

ADDRESS = ListenAddress("127.0.0.1", PORT)
POLL_INTERVAL = 5.0
OBJECTIVES = {".*weekly.*": 8 * 86400.0, ".*": 26 * 3600.0}
HOUR = 3600.0
ANYTHING = re.compile(".*")

EPILOG = """\
The simulated servers live --speed times faster than the real world: a daily job runs every
24 h / speed and takes a speed-th of its time, while all timestamps stay real. Some servers fail
on purpose, to show what that looks like. Nothing is stored; stop it with Ctrl-C.
"""


@dataclass(frozen=True, slots=True)
class DemoServer:
    """One server of the demo, and what is wrong with it (`note` says so to the reader)."""

    name: str
    product: str
    api_version: str
    tls: bool = False
    refused: bool = False
    faults: tuple[Fault, ...] = field(default=())
    note: str = "healthy"


SERVERS = (
    DemoServer("m365-berlin", "vb365", "v8", tls=True, note="healthy, HTTPS with a pinned key"),
    DemoServer("m365-lisbon", "vb365", "v7"),
    DemoServer(
        "m365-nairobi",
        "vb365",
        "v6",
        faults=(Fault("slow", delay=0.3),),
        note="every answer takes a third of a second",
    ),
    DemoServer("m365-oslo", "vb365", "v8", refused=True, note="its password has expired"),
    DemoServer("azure-west", "azure", "v8.1", tls=True, note="healthy, HTTPS with a pinned key"),
    DemoServer(
        "azure-north",
        "azure",
        "v6",
        faults=(Fault("mfa"),),
        note="its account wants a second factor",
    ),
    DemoServer(
        "em-vienna", "enterprise_manager", "v13", tls=True, note="healthy, two backup servers"
    ),
    DemoServer(
        "em-prague",
        "enterprise_manager",
        "v12",
        faults=(Fault("status", path="/api/query", code=503),),
        note="in maintenance: every query is answered with 503",
    ),
)
"""The cast of the demo; a server whose product is not simulated is left out."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """How fast and how much."""
    parser.add_argument(
        "--speed",
        type=positive,
        default=60.0,
        metavar="N",
        help="time runs N times faster (default: 60)",
    )
    parser.add_argument(
        "--hours-of-history",
        type=positive,
        default=168.0,
        metavar="N",
        help="real hours of history that are there at the start (default: 168)",
    )
    add_web_flags(parser)
    parser.set_defaults(listen_addresses=None, enable_lifecycle=True)
    add_log_flags(parser, "warn")


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    set_up(options.log_level, options.log_format)
    options.listen_addresses = options.listen_addresses or [ADDRESS]
    asyncio.run(_demo(options))
    return 0


async def _demo(options: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        cast = [server for server in SERVERS if server.product in SIMULATORS]
        print(f"Starting {len(cast)} simulated servers …", flush=True)
        running = [
            (server, await _start(server, number, options, stack))
            for number, server in enumerate(cast)
        ]
        config = Config(
            servers=tuple(_entry(server, simulated, options) for server, simulated in running),
            objectives=_objectives(options.speed),
        )
        exporter = Exporter(Options(None, web_options(options)), SOURCES, lambda: config)
        announcement = asyncio.create_task(_announce(exporter, running))
        try:
            await run_until_signalled(exporter)
        finally:
            announcement.cancel()


def _objectives(speed: float) -> tuple[Objective, ...]:
    """How old a success may be, by a job's name, in a world that lives so much faster."""
    ages = ((re.compile(name, re.IGNORECASE), age) for name, age in OBJECTIVES.items())
    return tuple(Objective(ANYTHING, name, RECURRING_TYPES, age / speed) for name, age in ages)


async def _start(
    server: DemoServer, seed: int, options: argparse.Namespace, stack: AsyncExitStack
) -> SimulatedServer:
    simulated = SimulatedServer(
        SimulatorOptions(
            product=server.product,
            tls=server.tls,
            api_version=server.api_version,
            history=options.hours_of_history * HOUR,
            speed=options.speed,
            seed=seed,
        )
    )
    stack.push_async_callback(simulated.stop)
    try:
        await simulated.start()
    except OSError as error:
        raise ExporterError(
            f"a simulated server cannot listen on this machine: {error.strerror}"
        ) from None
    for fault in server.faults:
        await simulated.inject(fault)
    return simulated


def _entry(
    server: DemoServer, simulated: SimulatedServer, options: argparse.Namespace
) -> ServerConfig:
    """What a user would have written into the configuration for this server."""
    facts = SOURCES[server.product].facts
    pins = (simulated.certificate.sha256,) if simulated.certificate else ()
    return ServerConfig(
        name=server.name,
        product=server.product,
        url=simulated.url,
        username=simulated.username,
        password=Password(Secret("" if server.refused else simulated.password)),
        tls=TlsConfig(pinned_sha256=pins),
        poll_interval=POLL_INTERVAL,
        request_timeout=10.0,
        lookback=options.hours_of_history * HOUR,
        options={name: default for name, (_kind, default) in facts.options.items()},
    )


async def _announce(exporter: Exporter, running: list[tuple[DemoServer, SimulatedServer]]) -> None:
    """Say where to look, at once: the pages fill while the first polls read the history."""
    while not exporter.web.urls:
        await exporter.clock.sleep(0.1)
    for url in exporter.web.urls:
        print(f"\n  status page   {url}\n  metrics       {url}metrics", flush=True)
    print("\nSimulated servers:")
    for server, simulated in running:
        print(f"  {server.name:16} {server.product:20} {simulated.url:26} {server.note}")
    print("\nPress Ctrl-C to stop.", flush=True)


COMMAND = Command(
    "demo",
    "See everything at work with simulated servers; no backup server is needed.",
    add_flags,
    run,
    EPILOG,
)
