"""The command line: commands and flags, and the only place that prints and exits."""

import sys

from exporter.cli.flags import Command, build_parser
from exporter.errors import ExporterError

NOT_FOR_SERVE = ("-h", "--help", "--version")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the process's exit code: 0 ok, 1 configuration or start-up error, 2 usage."""
    words = sys.argv[1:] if arguments is None else arguments
    commands = commands_for(words)
    names = {command.name for command in commands}
    if not words or (words[0] not in names and words[0] not in NOT_FOR_SERVE):
        words = [commands[0].name, *words]
    options = build_parser(commands).parse_args(words)
    try:
        code: int = options.run(options)
    except ExporterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        return 0
    return code


def commands_for(words: list[str]) -> tuple[Command, ...]:
    """The commands to choose from.

    Containers run the health check every few seconds, with as little processor time as the exporter
    itself was given. Loading the rest of the program for it would cost many times its own work.
    """
    if words[:1] == ["healthcheck"]:
        from exporter.cli.healthcheck import COMMAND  # noqa: PLC0415 -- see above

        return (COMMAND,)
    from exporter.cli.commands import COMMANDS  # noqa: PLC0415 -- see above

    return COMMANDS
