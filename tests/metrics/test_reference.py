"""The reference page says what the table says."""

import runpy
from pathlib import Path

import pytest

from exporter.metrics import FAMILIES
from exporter.metrics.cardinality import series_of_busy_job, series_of_listed_job
from exporter.metrics.reference import metrics_reference
from exporter.model import Bottleneck

ROOT = Path(__file__).resolve().parents[2]


def test_committed_page_is_the_tables() -> None:
    """`docs/metrics.md` is what the table of families gives."""
    kept = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert metrics_reference() == kept, "write it anew: python -m exporter.metrics"


def test_command_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m exporter.metrics` prints the page and nothing else."""
    runpy.run_module("exporter.metrics", run_name="__main__")
    assert capsys.readouterr() == (metrics_reference(), "")


def test_every_family_has_one_row() -> None:
    """Each family stands in one table, with its type and help."""
    page = metrics_reference().splitlines()
    for family in FAMILIES:
        rows = [line for line in page if line.startswith(f"| `{family.name}` |")]
        assert len(rows) == 1
        assert family.help in rows[0]
        assert f"| {family.kind} |" in rows[0]


def test_series_of_a_job_stay_within_reason() -> None:
    """A job that reports everything costs 63 series: whoever adds a row sees the price here."""
    assert series_of_listed_job() + series_of_busy_job(tuple(Bottleneck)) == 63
