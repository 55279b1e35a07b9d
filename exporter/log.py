"""Log lines for machines and people: logfmt or JSON on stderr, one line for each event.

Facts travel as fields (`extra={"server": "m365-prod"}`), so that a line can be searched by them.
"""

import json
import logging
import sys
from datetime import UTC, datetime

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

NAMES = {logging.WARNING: "warn", logging.CRITICAL: "error"}

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def facts(record: logging.LogRecord) -> dict[str, str]:
    """Time, level and message of a record, then its own fields in the order given."""
    level = NAMES.get(record.levelno, record.levelname.lower())
    stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line = {"ts": stamp.replace("+00:00", "Z"), "level": level, "msg": record.getMessage()}
    for name, value in vars(record).items():
        if name not in STANDARD and value is not None:
            line[name] = _text(value)
    if record.exc_info and record.exc_info[0] is not None:
        line["exception"] = _where(record)
    return line


def _text(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _where(record: logging.LogRecord) -> str:
    """The kind of an unforeseen error and the places it came through.

    Its own message is left out: it may hold what a server or a file said, secrets included.
    """
    assert record.exc_info is not None
    kind, _error, trace = record.exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return f"{kind.__name__ if kind else 'error'} at {' < '.join(reversed(places))}"


class LogfmtFormatter(logging.Formatter):
    """`ts=… level=info msg="…" server=m365-prod`"""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a value with spaces, quotes or control characters is quoted."""
        return " ".join(f"{name}={_quoted(value)}" for name, value in facts(record).items())


class JsonFormatter(logging.Formatter):
    """The same facts as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps(facts(record), ensure_ascii=False)


FORMATS: dict[str, type[logging.Formatter]] = {"logfmt": LogfmtFormatter, "json": JsonFormatter}


def _quoted(value: str) -> str:
    plain = value and all(letter.isprintable() and letter not in ' "=\\' for letter in value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def set_up(level: str, log_format: str) -> None:
    """Send all log lines to stderr in one format. Libraries speak only when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[log_format]())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("exporter").setLevel(LEVELS[level])
