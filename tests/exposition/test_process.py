"""What the exporter tells of its process, held against the Prometheus client library."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.exposition import Exposition, Format
from exporter.exposition.process import PYTHON, look
from exporter.metrics.process import PROCESS_FAMILIES
from exporter.view import ProcessView

STAT = "7 (odd) name) R 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 2500 4096000 300 184467"
"""As Linux writes it; the name of a command may hold parentheses and blanks."""


def proc_of(folder: Path, limits: str) -> Path:
    """A folder as Linux fills it for one process with two open files."""
    (folder / "self/fd").mkdir(parents=True)
    (folder / "stat").write_text("cpu  1 2 3\nbtime 1700000000\nprocesses 9\n")
    (folder / "self/stat").write_text(STAT)
    (folder / "self/limits").write_text(f"Limit  Soft Limit\nMax open files  {limits} files\n")
    for name in ("0", "1"):
        (folder / "self/fd" / name).touch()
    return folder


def library(proc: Path) -> dict[str, tuple[str, str, object, float]]:
    """What the client library says by the name of each sample: type, help, labels and value."""
    registry = CollectorRegistry()
    ProcessCollector(proc=str(proc), registry=registry)
    PlatformCollector(registry=registry)
    return {
        sample.name: (family.type, family.documentation, sample.labels, sample.value)
        for family in registry.collect()
        for sample in family.samples
    }


def ours(proc: Path) -> dict[str, tuple[str, str, object, float]]:
    """What our page says, read by the library's parser."""
    page = Exposition(lambda: look(proc)).page(Format.OPENMETRICS_1_0_0).decode()
    return {
        sample.name: (family.type, family.documentation, sample.labels, sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_it_tells_what_the_client_library_tells(tmp_path: Path) -> None:
    """The same families, in the same words, with the same values."""
    proc = proc_of(tmp_path, "1024 4096")
    assert ours(proc) == library(proc)
    assert set(ours(proc)) == {family.name for family in PROCESS_FAMILIES}


def test_the_real_process_is_told_as_the_client_library_tells_it() -> None:
    """By what the system at hand says, be it nothing."""
    found, expected = ours(Path("/proc")), library(Path("/proc"))
    assert set(found) == set(expected)
    for name in {"process_max_fds", "process_start_time_seconds"} & set(expected):
        assert found[name][3] == pytest.approx(expected[name][3])


def test_a_system_without_such_files_tells_its_python_alone(tmp_path: Path) -> None:
    """What is not known has no series."""
    assert look(tmp_path) == ProcessView(PYTHON)
    assert set(ours(tmp_path)) == {"python_info"}


def test_without_a_boot_time_nothing_is_guessed(tmp_path: Path) -> None:
    """The rest is told all the same."""
    proc = proc_of(tmp_path, "1024 4096")
    (proc / "stat").write_text("cpu  1 2 3\n")
    assert look(proc) == ProcessView(PYTHON, open_files=2.0, max_files=1024.0)


def test_files_without_limit_are_infinitely_many(tmp_path: Path) -> None:
    """As a sandbox may say."""
    assert look(proc_of(tmp_path, "unlimited unlimited")).max_files == float("inf")
