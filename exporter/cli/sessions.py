"""`sessions`: poll once and print what the servers tell; the ledger is left alone."""

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from exporter.cli.flags import Command, add_config_flag, add_log_flags, duration
from exporter.cli.serve import load
from exporter.cli.table import print_table
from exporter.clock import SystemClock
from exporter.config.values import ServerConfig
from exporter.errors import ExporterError, SourceError, TimedOut
from exporter.log import set_up
from exporter.model import Result, Session, State, Window
from exporter.sources import SOURCES

COLUMNS = (
    "server",
    "job_name",
    "session_type",
    "result",
    "started",
    "duration_seconds",
    "transferred_bytes",
    "bottleneck",
    "message",
)

POLL_WITHIN = 60
"""One server may take so many times its request timeout."""


class Found(NamedTuple):
    """What one server told, or why it could not be polled."""

    server: str
    sessions: tuple[Session, ...]
    error: SourceError | None = None


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Which servers and sessions, and in which form."""
    add_config_flag(parser)
    parser.add_argument("--server", metavar="NAME", help="only this server")
    parser.add_argument(
        "--since",
        type=duration,
        default=86400.0,
        metavar="DURATION",
        help="how far back (default: 24h)",
    )
    parser.add_argument(
        "--result",
        choices=(*map(str, Result), "running", "queued"),
        help="only sessions with this result, or still open ones",
    )
    parser.add_argument("--format", choices=tuple(FORMATS), default="table", help="default: table")
    add_log_flags(parser, "error")


def run(options: argparse.Namespace) -> int:
    """Exit 1 if a server failed; the others are printed all the same."""
    set_up(options.log_level, options.log_format)
    config = load(options.config_file)
    servers = [s for s in config.servers if options.server in (None, s.name)]
    if not servers:
        names = ", ".join(server.name for server in config.servers)
        raise ExporterError(f'no server "{options.server}" is configured; there are {names}')
    found = asyncio.run(_poll_all(servers, options.since))
    for outcome in found:
        if outcome.error is not None:
            reason = outcome.error.reason
            print(f"error: {outcome.server} ({reason}): {outcome.error}", file=sys.stderr)
    rows = list(_rows(found, options.result))
    failed = [outcome for outcome in found if outcome.error is not None]
    if rows or len(failed) < len(found) or options.format != "table":
        FORMATS[options.format](rows)
    return 1 if failed else 0


async def _poll_all(servers: list[ServerConfig], since: float) -> list[Found]:
    """Poll every server at once; a bar on stderr tells how many pages were read."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[pages]} pages, {task.completed:.0f} sessions"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks = [bar.add_task(server.name, total=None, pages=0) for server in servers]
        return await asyncio.gather(
            *(_poll(server, since, bar, task) for server, task in zip(servers, tasks, strict=True))
        )


async def _poll(server: ServerConfig, since: float, bar: Progress, task: TaskID) -> Found:
    clock = SystemClock()
    source = SOURCES[server.product].create(server, clock)

    def progress(pages: int, sessions: int) -> None:
        bar.update(task, completed=sessions, pages=pages)

    start = clock.now() - since
    try:
        async with asyncio.timeout(POLL_WITHIN * server.request_timeout):
            harvest = await source.fetch(Window(start, first=True), (), progress)
    except SourceError as error:
        return Found(server.name, (), error)
    except TimeoutError:
        return Found(server.name, (), TimedOut("the poll did not finish in time"))
    finally:
        bar.update(task, total=1, completed=1)
        await source.close()
    return Found(server.name, tuple(s for s in harvest.sessions if _alive_since(s, start)))


def _alive_since(session: Session, start: float) -> bool:
    """A product may list more than it was asked for."""
    end = session.ended or session.started
    return session.state is not State.FINISHED or end is None or end >= start


def _rows(found: list[Found], result: str | None) -> Iterator[dict[str, object]]:
    """Newest first; plain values in the order of the columns."""
    sessions = [(outcome.server, session) for outcome in found for session in outcome.sessions]
    sessions.sort(key=lambda item: item[1].started or 0.0, reverse=True)
    for server, session in sessions:
        row = _row(server, session)
        if result in (None, row["result"]):
            yield row


def _row(server: str, session: Session) -> dict[str, object]:
    ended, started = session.ended, session.started
    duration_seconds = None
    if ended is not None and started is not None:
        duration_seconds = round(ended - started, 6)
    return {
        "server": server,
        "job_name": session.job_name,
        "session_type": session.session_type,
        "result": str(session.result or session.state),
        "started": None if started is None else _utc(started),
        "duration_seconds": duration_seconds,
        "transferred_bytes": session.statistics.transferred_bytes,
        "bottleneck": session.statistics.bottleneck,
        "message": session.message,
    }


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _print_json(rows: list[dict[str, object]]) -> None:
    print(json.dumps(rows, indent=2, ensure_ascii=False))


def _print_csv(rows: list[dict[str, object]]) -> None:
    # The stream itself writes the end of a line as the system does; "\r\n" would gain another "\r".
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


FORMATS = {"table": print_table, "json": _print_json, "csv": _print_csv}

COMMAND = Command(
    "sessions", "Poll once and print the sessions; nothing is counted.", add_flags, run
)
