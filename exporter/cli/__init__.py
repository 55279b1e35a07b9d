"""The command line: commands and flags, and the only place that prints and exits."""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

from exporter.cli.flags import Command, build_parser
from exporter.config.problems import one_of, shown
from exporter.errors import ExporterError

NAMES = ("serve", "sessions", "demo", "simulate", "ledger", "healthcheck")
"""Every command, each a module of this package; the first is meant when none is given."""

os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
"""Said before aiohttp is loaded: its frozen lists, of which we use a dozen, would load the library
of C++ and with it 1 MB."""

NOT_FOR_SERVE = ("-h", "--help", "--version")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the process's exit code: 0 ok, 1 configuration or start-up error, 2 usage."""
    print_every_script()
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except ExporterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # also while what is run is still being loaded
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        return 0


def _run(words: list[str]) -> int:
    commands = commands_for(words)
    parser = build_parser(commands)
    names = {command.name for command in commands}
    if not words or (words[0] not in names and words[0] not in NOT_FOR_SERVE):
        if words and not words[0].startswith("-"):
            parser.error(f"unknown command {shown(words[0])}; {one_of(words[0], NAMES)}")
        words = [commands[0].name, *words]
    options = parser.parse_args(words)
    code: int = options.run(options)
    return code


def print_every_script() -> None:
    """Let names of jobs be printed whose letters the system's own encoding lacks.

    Files and pipes get UTF-8, also on a Windows whose code page is another one; a terminal shows a
    question mark for what it does not have.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def commands_for(words: list[str]) -> tuple[Command, ...]:
    """The commands to choose from: the one that is named or meant, or all where help is wanted.

    Only what is run is loaded. The simulator and the tables of the terminal would cost a service
    15 MB and half its start, and the whole exporter would cost a health check, which containers run
    every few seconds, many times its own work.
    """
    if words and words[0] in NOT_FOR_SERVE:
        return tuple(import_module("exporter.cli.commands").COMMANDS)
    name = words[0] if words and words[0] in NAMES else NAMES[0]
    return (import_module(f"exporter.cli.{name}").COMMAND,)
