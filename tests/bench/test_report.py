"""What the benchmark writes into the documents."""

from pathlib import Path

from bench.measure import Row
from bench.report import BEGIN, DOCS, END, FLEET, PERFORMANCE, SCALING, write

ROWS = [
    Row("scrape", "1.2 s", "< 2 s", True, "how"),
    Row(f"{FLEET}10 servers", "1% of a core", "< 50%", True, "how"),
]


def cells(text: str) -> list[list[str]]:
    """The cells of every line of a Markdown table between the markers."""
    lines = text.partition(BEGIN)[2].partition(END)[0].splitlines()
    return [[cell.strip() for cell in line.split(" | ")] for line in lines if " | " in line]


def test_both_documents_get_their_tables(tmp_path: Path) -> None:
    """All lines here, the fleets there; what stands around the markers stays."""
    for name in (PERFORMANCE, SCALING):
        (tmp_path / name).write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write(ROWS, tmp_path)
    performance, scaling = ((tmp_path / name).read_text() for name in (PERFORMANCE, SCALING))
    for text in (performance, scaling):
        assert text.startswith("before\n")
        assert text.endswith("\nafter\n")
        assert "old" not in text
        assert "Measured on 20" in text
    assert "| scrape | 1.2 s | < 2 s | met | how |" in performance
    assert "scrape" not in scaling
    assert f"| {FLEET}10 servers | 1% of a core |" in scaling


def test_the_capacity_table_is_that_of_the_last_benchmark() -> None:
    """One measurement, two places."""
    performance, scaling = ((DOCS / name).read_text("utf-8") for name in (PERFORMANCE, SCALING))
    fleets = [line[:2] for line in cells(performance) if line[0].startswith(f"| {FLEET}")]
    shown = [[first, second.removesuffix(" |")] for first, second in cells(scaling)[1:]]
    assert shown == fleets
    assert len(fleets) >= 3
