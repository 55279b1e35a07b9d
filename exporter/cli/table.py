"""The table of `sessions`: it fits the terminal, and what matters most is never cut."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

COLOURS = {"success": "green", "warning": "yellow", "failed": "bold red", "running": "cyan"}
PIPED_WIDTH = 200
GAP = 2


class Column(NamedTuple):
    """Heading, value, how it is shown, and whether it is a number."""

    heading: str
    name: str
    show: Callable[[object], str]
    right: bool = False


def _words(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _moment(value: object) -> str:
    return _words(value).replace("T", " ").removesuffix("Z")


def _took(value: object) -> str:
    """Hours, minutes and seconds."""
    if not isinstance(value, float):
        return ""
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _bytes(value: object) -> str:
    return decimal(int(value)) if isinstance(value, int | float) else ""


COLUMNS = (
    Column("server", "server", _words),
    Column("job", "job_name", _words),
    Column("type", "session_type", _words),
    Column("result", "result", _words),
    Column("started (UTC)", "started", _moment),
    Column("took", "duration_seconds", _took, right=True),
    Column("transferred", "transferred_bytes", _bytes, right=True),
    Column("bottleneck", "bottleneck", _words),
    Column("message", "message", _words),
)

LEAST = {"message": 14, "session_type": 8, "job_name": 14, "server": 8}
"""Columns that may be cut, first the first, and to which width; the others are shown whole."""

EXPENDABLE = ("bottleneck", "transferred_bytes", "session_type")
"""Columns that are left out where the others would not fit, first the first."""


def fit(natural: Mapping[str, int], room: int) -> dict[str, int]:
    """The width of each column that is shown, so that a line fits into `room` if it can at all."""
    widths = dict(natural)
    for name in EXPENDABLE:
        least = {key: min(width, LEAST.get(key, width)) for key, width in widths.items()}
        if line_width(least) > room:
            del widths[name]
    for name in LEAST.keys() & widths.keys():
        widths[name] = min(widths[name], LEAST[name])
    for name in reversed(LEAST):  # what is cut first gets only what the others leave
        spare = room - line_width(widths)
        if name in widths and spare > 0:
            widths[name] = min(natural[name], widths[name] + spare)
    return widths


def line_width(widths: Mapping[str, int]) -> int:
    """How long a line with columns of these widths is."""
    return sum(widths.values()) + GAP * (len(widths) - 1)


def print_table(rows: list[dict[str, object]]) -> None:
    """For people: figures with units, one line for each session, long texts cut."""
    if not rows:
        print("no such sessions; --since looks further back")
        return
    # Text, not str: what a server says must not be taken for markup.
    cells = {one.name: [Text(one.show(row[one.name])) for row in rows] for one in COLUMNS}
    for text in cells["result"]:
        text.stylize(COLOURS.get(text.plain, ""))
    console = Console()
    width = console.width if console.is_terminal else PIPED_WIDTH
    widths = fit({one.name: _natural(one, cells[one.name]) for one in COLUMNS}, width)
    console.width = max(width, line_width(widths))
    console.print(_table(cells, widths))
    left_out = [one.heading for one in COLUMNS if one.name not in widths]
    if left_out:
        console.print(
            f"Too narrow for {', '.join(left_out)}; --format=csv shows all.",
            style="dim",
            highlight=False,
        )


def _natural(column: Column, texts: list[Text]) -> int:
    return max(cell_len(column.heading), *(text.cell_len for text in texts))


def _table(cells: Mapping[str, list[Text]], widths: Mapping[str, int]) -> Table:
    table = Table(
        header_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),  # the rest of the gap is the box's own
    )
    shown = [one for one in COLUMNS if one.name in widths]
    for one in shown:
        table.add_column(
            one.heading,
            width=widths[one.name],
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if one.right else "left",
        )
    for row in zip(*(cells[one.name] for one in shown), strict=True):
        table.add_row(*row)
    return table
