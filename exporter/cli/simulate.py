"""`simulate`: one simulated backup server alone."""

import argparse
import asyncio
import json
import os
from collections.abc import Callable
from socket import gaierror

from exporter.app import STOPPING, on_signal
from exporter.cli.flags import Command, add_log_flags, duration, positive
from exporter.errors import ExporterError
from exporter.log import set_up
from exporter.simulator import SIMULATORS, SimulatorOptions, serve_forever

EPILOG = """\
When it listens it prints one line of JSON: product, url, username and password. It goes on until
a signal. Its world lives --speed times faster than ours: a daily job runs every 24 h / speed.
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What to simulate."""
    parser.add_argument("product", choices=tuple(SIMULATORS), help="which product's API to speak")
    parser.add_argument(
        "--listen",
        default="127.0.0.1:0",
        metavar="HOST:PORT",
        help="where to listen; port 0 takes a free one (default: 127.0.0.1:0)",
    )
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, self-signed")
    parser.add_argument(
        "--api-version", metavar="V", help="newest version to serve (default: newest known)"
    )
    parser.add_argument(
        "--jobs",
        type=_count,
        metavar="N",
        help="number of jobs (default: the product's own set, about a dozen)",
    )
    parser.add_argument(
        "--history",
        type=duration,
        default=14 * 86400.0,
        metavar="DURATION",
        help="how much history there is at the start (default: 14d)",
    )
    parser.add_argument(
        "--speed",
        type=positive,
        default=1.0,
        metavar="N",
        help="how many times faster it lives (default: 1)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which world (default: 0)")
    add_log_flags(parser, "error")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def announce(facts: dict[str, str]) -> None:
    """The one line that scripts read."""
    print(json.dumps(facts), flush=True)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    set_up(options.log_level, options.log_format)
    wanted = SimulatorOptions(
        product=options.product,
        listen=options.listen,
        tls=options.tls,
        api_version=options.api_version,
        jobs=options.jobs,
        history=options.history,
        speed=options.speed,
        seed=options.seed,
    )
    asyncio.run(_serve(wanted))
    return 0


def _ending(task: asyncio.Task[None]) -> Callable[[], None]:
    def end() -> None:
        task.cancel()

    return end


async def _serve(wanted: SimulatorOptions) -> None:
    task = asyncio.create_task(serve_forever(wanted, announce))
    for name in STOPPING:
        on_signal(name, _ending(task))
    try:
        await task
    except asyncio.CancelledError:
        return  # a signal ended it
    except ValueError as error:
        raise ExporterError(f"cannot simulate {wanted.product}: {error}") from None
    except OSError as error:
        raise ExporterError(
            f"cannot listen on {wanted.listen}: {_why(error)}; choose another --listen"
        ) from None


def _why(error: OSError) -> str:
    """The system's own words; those of the event loop repeat address and number."""
    known = isinstance(error, gaierror) or not error.errno
    return str(error.strerror if known else os.strerror(error.errno or 0)).lower()


COMMAND = Command(
    "simulate", "Run one simulated backup server, to try configurations.", add_flags, run, EPILOG
)
