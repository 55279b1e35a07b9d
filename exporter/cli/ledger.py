"""`ledger`: look at what is counted, verify the file, forget a server or a job."""

import argparse
import json
import sys
from pathlib import Path

from exporter.cli.flags import Command, add_storage_flag
from exporter.errors import LedgerError
from exporter.ledger import inspect
from exporter.ledger.report import render_report, report_as_dict

EPILOG = """\
`show` and `check` work beside a running exporter and change nothing. `forget` is refused while an
exporter runs on the same directory: stop it first.
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """One action, and what it is about."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="what is counted, the cursor and open sessions")
    show.add_argument("--server", metavar="NAME", help="only this server")
    show.add_argument("--job", metavar="ID", help="only this job, by its id or name")
    show.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    show.set_defaults(act=_show)
    check = actions.add_parser("check", help="verify the file; exit 1 if anything is wrong")
    check.set_defaults(act=_check)
    forget = actions.add_parser("forget", help="forget what was counted for a server or a job")
    forget.add_argument("--server", metavar="NAME", required=True, help="the server")
    forget.add_argument("--job", metavar="ID", help="only this job of it, by its id or name")
    forget.set_defaults(act=_forget)
    for action in (show, check, forget):
        add_storage_flag(action)


def run(options: argparse.Namespace) -> int:
    """Do the action."""
    if not options.storage_path:
        raise LedgerError("a ledger in memory cannot be looked at; name a --storage.path")
    code: int = options.act(options, Path(options.storage_path))
    return code


def _show(options: argparse.Namespace, directory: Path) -> int:
    report = inspect.show(directory, options.server, options.job)
    if options.format == "json":
        print(json.dumps(report_as_dict(report), indent=2, ensure_ascii=False))
    else:
        print(render_report(report), end="")
    return 0


def _check(_options: argparse.Namespace, directory: Path) -> int:
    problems = inspect.check(directory)
    print("\n".join(problems) or "ok", file=sys.stderr if problems else sys.stdout)
    return 1 if problems else 0


def _forget(options: argparse.Namespace, directory: Path) -> int:
    forgotten = inspect.forget(directory, options.server, options.job)
    jobs = {key.job_id for key in forgotten.jobs}
    types = {key.session_type for key in forgotten.jobs}
    print(
        f"forgot {forgotten.server}: {_number(len(jobs), 'job')} with "
        f"{_number(len(types), 'session type')} and "
        f"{_number(forgotten.open_sessions, 'open session')}"
    )
    return 0


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


COMMAND = Command(
    "ledger", "Look at, verify or prune what has been counted.", add_flags, run, EPILOG
)
