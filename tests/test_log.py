"""Log lines: one line for each event, facts as fields, and nothing secret in an exception."""

import json
import logging
import sys

import pytest

from exporter.log import JsonFormatter, LogfmtFormatter, set_up


def record(message: str, **fields: object) -> logging.LogRecord:
    """A record at a fixed time."""
    made = logging.LogRecord("exporter.x", logging.WARNING, "x.py", 1, message, (), None)
    made.created = 1_800_000_000.25
    vars(made).update(fields)
    return made


def test_logfmt_quotes_what_needs_it() -> None:
    """Spaces, quotes, line feeds and emptiness are quoted; plain words are not."""
    line = LogfmtFormatter().format(record("a b", server="m365", error='x "y"\nz', none=None, e=""))
    assert line == (
        'ts=2027-01-15T08:00:00.250Z level=warn msg="a b" server=m365 error="x \\"y\\"\\nz" e=""'
    )


def test_json_has_the_same_facts() -> None:
    """One object in one line; floats with three digits."""
    line = json.loads(JsonFormatter().format(record("poll", server="ä", duration=0.12345)))
    assert line == {
        "ts": "2027-01-15T08:00:00.250Z",
        "level": "warn",
        "msg": "poll",
        "server": "ä",
        "duration": "0.123",
    }


def test_an_exception_is_told_by_kind_and_place_without_its_message() -> None:
    """What a server or file said, perhaps a secret, stays out of the log."""
    try:
        raise ValueError("canary-secret")
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()
    line = LogfmtFormatter().format(made)
    assert "canary" not in line
    assert "ValueError at test_log.py:" in line


def test_set_up_lets_only_our_own_words_through(capsys: pytest.CaptureFixture[str]) -> None:
    """Our level is the flag's; libraries speak from warnings on."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up("debug", "logfmt")
        logging.getLogger("exporter.any").debug("ours")
        logging.getLogger("library").info("theirs")
    finally:
        root.handlers[:], root.level = before
        logging.getLogger("exporter").setLevel(logging.NOTSET)
    assert "msg=ours" in (said := capsys.readouterr().err)
    assert "theirs" not in said
