"""The one table: on the terminal, and in docs/performance.md between two markers."""

import datetime
from collections.abc import Iterable
from pathlib import Path

from bench.machine import size
from bench.measure import Row

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
VERDICTS = {True: "met", False: "**missed**", None: "–"}


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | measured | target | | how |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row.name, row.value, row.target, VERDICTS[row.met], row.how)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def write(rows: Iterable[Row], page: Path = PAGE) -> None:
    """Replace the table of the page, with the date and the size of this machine."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _old, after = rest.split(END)
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = f"Measured on {when}: {size()}.\n\n{table(rows)}"
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
