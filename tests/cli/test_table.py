"""The table of `sessions` stays readable whatever the terminal and whatever the names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli.table import COLUMNS, EXPENDABLE, LEAST, fit, line_width, print_table

NAMES = [column.name for column in COLUMNS]
NEVER_CUT = set(NAMES) - set(LEAST)
NARROWEST = 80

ROW: dict[str, object] = {
    "server": "m365-production-europe",
    "job_name": "Mailboxes of everybody in the whole company",
    "session_type": "ImmediateBackupCopy",
    "result": "canceled",
    "started": "2026-03-01T02:00:11Z",
    "duration_seconds": 864.6,
    "transferred_bytes": 39201128.0,
    "bottleneck": "target",
    "message": "The repository is out of free space. " * 20,
}


def natural(lengths: list[int]) -> dict[str, int]:
    """Widths as long texts want them; what is never cut has its own small ones."""
    fixed = {"result": 8, "started": 19, "duration_seconds": 7}
    fixed |= {"transferred_bytes": 11, "bottleneck": 10}
    return {name: fixed.get(name, length) for name, length in zip(NAMES, lengths, strict=True)}


@given(st.lists(st.integers(7, 1000), min_size=9, max_size=9), st.integers(1, 400))
def test_a_line_fits_and_results_are_whole(lengths: list[int], room: int) -> None:
    """From eighty columns on nothing overflows; result, start and duration are never cut."""
    wanted = natural(lengths)
    widths = fit(wanted, room)
    assert list(widths) == [name for name in NAMES if name in widths]
    assert set(NAMES) - set(widths) <= set(EXPENDABLE)
    assert all(widths[name] == wanted[name] for name in NEVER_CUT & widths.keys())
    assert all(widths[name] >= min(wanted[name], LEAST[name]) for name in LEAST if name in widths)
    if room >= NARROWEST:
        assert line_width(widths) <= room


@given(st.lists(st.integers(7, 1000), min_size=9, max_size=9), st.integers(1, 400))
def test_room_is_used(lengths: list[int], room: int) -> None:
    """Nothing is cut while there is room for it, and nothing left out that would fit."""
    wanted = natural(lengths)
    widths = fit(wanted, room)
    spare = room - line_width(widths)
    if spare > 0:
        assert all(widths[name] == wanted[name] for name in widths)
    if room >= line_width(wanted):
        assert widths == wanted


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of eighty columns without colours."""
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("terminal")
def test_eighty_columns_show_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    """Server, job, result, time and duration; the rest is said to be missing, and where it is."""
    print_table([ROW])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= NARROWEST
    assert "canceled" in lines[2]
    assert "2026-03-01 02:00:11" in lines[2]
    assert "0:14:25" in lines[2]
    assert lines[-1] == "Too narrow for type, transferred, bottleneck; --format=csv shows all."


def test_a_pipe_is_wide(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but the message is cut, and nothing left out."""
    print_table([ROW])
    lines = capsys.readouterr().out.splitlines()
    assert "Mailboxes of everybody in the whole company" in lines[2]
    assert "39.2 MB" in lines[2]
    assert "Too narrow" not in lines[-1]


def test_no_sessions_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Heads without anything below could mean that something went wrong."""
    print_table([])
    assert capsys.readouterr().out == "no such sessions; --since looks further back\n"


def test_texts_of_a_server_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets stay, line ends do not, unknown figures are blank."""
    strange = dict.fromkeys(ROW, None) | {"result": "failed", "message": "[red]a\nb[/red]"}
    print_table([strange])
    assert "[red]a b[/red]" in capsys.readouterr().out
