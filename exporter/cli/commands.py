"""The table of commands."""

from exporter.cli.demo import COMMAND as DEMO
from exporter.cli.flags import Command
from exporter.cli.healthcheck import COMMAND as HEALTHCHECK
from exporter.cli.ledger import COMMAND as LEDGER
from exporter.cli.serve import COMMAND as SERVE
from exporter.cli.sessions import COMMAND as SESSIONS
from exporter.cli.simulate import COMMAND as SIMULATE

COMMANDS: tuple[Command, ...] = (SERVE, SESSIONS, DEMO, SIMULATE, LEDGER, HEALTHCHECK)
"""Every command; the first is meant when none is given."""
