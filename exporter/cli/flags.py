"""How commands declare themselves, and flags that several of them share."""

import argparse
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from exporter import __version__
from exporter.config.durations import parse_duration
from exporter.config.problems import shown, suggestion
from exporter.log import FORMATS, LEVELS

PORT = 19741

SUMMARY = """\
Prometheus exporter for the health of backup sessions: did every backup run, did it succeed, how
long did it take, how far is it, and how old is the last good one.

Try it without any backup server:  backup-session-exporter demo
Check a configuration:             backup-session-exporter --config.file=config.yaml --config.check
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, one sentence, its flags, and what it does (returns an exit code)."""

    name: str
    help: str
    add_flags: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    epilog: str = ""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong and what was meant, rather than everything there is."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Options and an empty list: the command that does not know a word complains itself."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Exit 2 with one sentence, and where to read more."""
        self.exit(2, f"error: {message}\n{self.prog} --help shows what there is\n")

    def _unknown(self, word: str) -> str:
        """What is wrong with a word; never with its value, which may be a secret."""
        flag = word.partition("=")[0]
        if not flag.startswith("-"):
            return f"{shown(flag)} belongs to no flag"
        meant = suggestion(flag, self._option_string_actions)
        return f"unknown flag {flag}" + (f"; did you mean {meant}?" if meant else "")


def build_parser(commands: tuple[Command, ...]) -> Parser:
    """The whole command line from the table of commands."""
    parser = Parser(
        prog="backup-session-exporter",
        description=SUMMARY,
        epilog=f"Without a command, `{commands[0].name}` is meant: all its flags may be given "
        f"directly. `backup-session-exporter {commands[0].name} --help` shows them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version_text())
    choices = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        choice = choices.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            epilog=command.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_flags(choice)
        choice.set_defaults(run=command.run)
    return parser


def version_text() -> str:
    """Name, version and what it runs on.

    Made at each start, so not of `platform.platform()`, which starts another program to find out.
    """
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return (
        f"backup-session-exporter, version {__version__} "
        f"(Python {platform.python_version()}, {system})"
    )


def add_config_flag(parser: argparse.ArgumentParser) -> None:
    """`--config.file`"""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=Path("config.yaml"),
        metavar="FILE",
        help="the configuration, see config.example.yaml (default: config.yaml)",
    )


def add_storage_flag(parser: argparse.ArgumentParser, more: str = "") -> None:
    """`--storage.path`; `more` is said of it where it may be something special."""
    parser.add_argument(
        "--storage.path",
        dest="storage_path",
        default="data",
        metavar="DIRECTORY",
        help=f"where the ledger lies, which remembers what has been counted{more} (default: data)",
    )


def add_log_flags(parser: argparse.ArgumentParser, level: str = "info") -> None:
    """`--log.level` and `--log.format`"""
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=tuple(LEVELS),
        default=level,
        help=f"least severity to log (default: {level})",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=tuple(FORMATS),
        default="logfmt",
        help="form of log lines on stderr (default: logfmt)",
    )


def duration(text: str) -> float:
    """A Prometheus duration as a flag's value, in seconds."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> float:
    """A number above zero as a flag's value."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def count(text: str) -> int:
    """A whole number of at least 0 as a flag's value."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
