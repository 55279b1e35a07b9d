"""The one table: on the terminal, and in the documents between two markers.

docs/performance.md has all of it, docs/scaling.md what it says of whole fleets.
"""

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.machine import size
from bench.measure import Row

DOCS = Path(__file__).resolve().parent.parent / "docs"
PERFORMANCE, SCALING = "performance.md", "scaling.md"
FLEET = "fleet of "
"""How the name of a line about a whole fleet begins."""

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
VERDICTS = {True: "met", False: "**missed**", None: "–"}


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | measured | target | | how |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row.name, row.value, row.target, VERDICTS[row.met], row.how)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def capacity(rows: Iterable[Row]) -> str:
    """What one process needs for fleets of several sizes, as Markdown."""
    fleets = [row for row in rows if row.name.startswith(FLEET)]
    lines = ["| one process | needs |", "|---|---|"]
    return "\n".join([*lines, *(f"| {row.name} | {row.value} |" for row in fleets)])


def write(rows: Sequence[Row], docs: Path = DOCS) -> None:
    """Replace the tables of the documents, with the date and the size of this machine."""
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    measured = f"Measured on {when}: {size()}.\n\n"
    _replace(docs / PERFORMANCE, measured + table(rows))
    _replace(docs / SCALING, measured + capacity(rows))


def _replace(page: Path, text: str) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _old, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
