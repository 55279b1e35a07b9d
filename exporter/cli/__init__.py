"""The command line: commands and flags, and the only place that prints and exits."""

import sys

from exporter.cli.demo import COMMAND as DEMO
from exporter.cli.flags import Command, build_parser
from exporter.cli.healthcheck import COMMAND as HEALTHCHECK
from exporter.cli.ledger import COMMAND as LEDGER
from exporter.cli.serve import COMMAND as SERVE
from exporter.cli.sessions import COMMAND as SESSIONS
from exporter.cli.simulate import COMMAND as SIMULATE
from exporter.errors import ExporterError

COMMANDS: tuple[Command, ...] = (SERVE, SESSIONS, DEMO, SIMULATE, LEDGER, HEALTHCHECK)
"""Every command; the first is meant when none is given."""

NOT_FOR_SERVE = ("-h", "--help", "--version")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the process's exit code: 0 ok, 1 configuration or start-up error, 2 usage."""
    words = sys.argv[1:] if arguments is None else arguments
    names = {command.name for command in COMMANDS}
    if not words or (words[0] not in names and words[0] not in NOT_FOR_SERVE):
        words = [COMMANDS[0].name, *words]
    options = build_parser(COMMANDS).parse_args(words)
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
