"""`serve`: poll and serve until told to stop."""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from exporter.app import Exporter, Options, answer_promptly, run_until_signalled
from exporter.cli.flags import (
    PORT,
    Command,
    add_config_flag,
    add_log_flags,
    add_storage_flag,
    count,
    version_text,
)
from exporter.cli.open_files import allow_open_files
from exporter.config.dump import dump_config
from exporter.config.load import load_config
from exporter.config.values import Config
from exporter.errors import ConfigurationError, ExporterError, ServingError
from exporter.log import set_up
from exporter.sharding import Shard, ordinal_from_hostname
from exporter.sources import SOURCES
from exporter.web import webconfig
from exporter.web.options import ListenAddress, WebOptions, parse_listen_address

PRODUCTS = {name: product.facts for name, product in SOURCES.items()}


def load(path: Path) -> Config:
    """The configuration file as it is now. Raises ConfigurationError."""
    return load_config(path, PRODUCTS, os.environ)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags as Prometheus exporters name them."""
    add_config_flag(parser)
    parser.add_argument(
        "--config.check",
        dest="config_check",
        action="store_true",
        help='check the configuration, print every problem or "ok", and exit 1 or 0',
    )
    add_web_flags(parser)
    add_storage_flag(parser, "; an empty string remembers in memory only")
    _add_shard_flags(parser)
    add_log_flags(parser)
    parser.add_argument("--version", action="version", version=version_text())


def add_web_flags(parser: argparse.ArgumentParser) -> None:
    """`--web.…`"""
    parser.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        action="append",
        type=listen_address,
        metavar="ADDRESS",
        help=f"host:port or :port to serve on; may be given several times (default: :{PORT})",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=telemetry_path,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default: /metrics)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=Path,
        metavar="FILE",
        help="TLS, client certificates and basic auth, in the format of Prometheus exporters",
    )
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="enable_lifecycle",
        action="store_true",
        help="allow POST /-/reload",
    )
    parser.add_argument(
        "--web.max-requests",
        dest="max_requests",
        type=count,
        default=40,
        metavar="N",
        help="scrapes answered at the same time (default: 40)",
    )
    _add_series_flag(parser)


def _add_series_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.max-series",
        dest="max_series",
        type=count,
        default=0,
        metavar="N",
        help="series of a page; a longer one is refused whole (default: 0, no limit)",
    )


def _add_shard_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard.ordinal",
        dest="shard_ordinal",
        type=count,
        metavar="N",
        help="this shard's number, from 0 (default: the number at the end of the host name)",
    )
    parser.add_argument(
        "--shard.total",
        dest="shard_total",
        type=count,
        default=1,
        metavar="N",
        help="number of shards that share the servers (default: 1)",
    )
    parser.add_argument(
        "--shard.address",
        dest="shard_address",
        default="",
        metavar="TEMPLATE",
        help="host:port of any shard with {ordinal} in it, for /sd; as in "
        "exporter-{ordinal}.exporter:19741",
    )


def listen_address(text: str) -> ListenAddress:
    """An address as a flag's value."""
    try:
        return parse_listen_address(text)
    except ServingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def telemetry_path(text: str) -> str:
    """A path of the metrics as a flag's value; it must not hide another page."""
    try:
        return WebOptions(telemetry_path=text).telemetry_path
    except ServingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def web_options(options: argparse.Namespace) -> WebOptions:
    """The web room's part of the command line."""
    return WebOptions(
        listen_addresses=tuple(options.listen_addresses or (ListenAddress("", PORT),)),
        telemetry_path=options.telemetry_path,
        web_config=options.web_config,
        enable_lifecycle=options.enable_lifecycle,
        max_requests=options.max_requests,
        max_series=options.max_series,
        dump_config=dump_config,
        shard=_shard(options),
    )


def _shard(options: argparse.Namespace) -> Shard:
    """Which servers this process polls. Raises ExporterError for a number that cannot be."""
    total, ordinal = getattr(options, "shard_total", 1), getattr(options, "shard_ordinal", None)
    host = socket.gethostname()
    if ordinal is None:
        ordinal = ordinal_from_hostname(host) if total > 1 else 0
    if total < 1:
        raise ExporterError("--shard.total=0 leaves nobody to poll; give the number of shards")
    if ordinal is None:
        raise ExporterError(
            f'--shard.ordinal is missing, and the host name "{host}" does not end in a number; '
            f"give each shard its own, from 0 to {total - 1}"
        )
    if ordinal >= total:
        raise ExporterError(
            f"--shard.ordinal={ordinal} is too high for --shard.total={total}; "
            f"ordinals go from 0 to {total - 1}"
        )
    return Shard(ordinal, total, _shard_address(options))


def _shard_address(options: argparse.Namespace) -> str:
    """The template of addresses. Raises ExporterError for one that is the same for all shards."""
    address: str = getattr(options, "shard_address", "")
    if address and "{ordinal}" not in address:
        raise ExporterError(
            f"--shard.address={address} is the same for every shard; "
            "write {ordinal} where their numbers differ"
        )
    return address


def run(options: argparse.Namespace) -> int:
    """Check, or serve until a signal."""
    set_up(options.log_level, options.log_format)
    problems, warnings = look_over(options)
    if options.config_check:
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        print("\n".join(problems) or "ok")
        return 1 if problems else 0
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    allow_open_files()
    asyncio.run(_serve(options))
    return 0


def look_over(options: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Everything to mend in the configuration and the web configuration, and what is unwise."""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    try:
        warnings = load(options.config_file).warnings
    except ConfigurationError as error:
        problems = error.problems
    if options.web_config is not None:
        problems += tuple(webconfig.validate(options.web_config))
    return problems, warnings


async def _serve(options: argparse.Namespace) -> None:
    storage = Path(options.storage_path) if options.storage_path else None
    exporter = Exporter(
        Options(storage, web_options(options)),
        SOURCES,
        lambda: load(options.config_file),
    )
    answer_promptly()
    await run_until_signalled(exporter)


COMMAND = Command("serve", "Poll the configured servers and serve their metrics.", add_flags, run)
