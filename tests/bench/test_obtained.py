"""Where the benchmark finds what it compares with."""

import sys
from pathlib import Path

import pytest

from bench.obtained import folder_of, make_importable


def installed(base: Path, distribution: str) -> Path:
    """A folder as an installer leaves it."""
    folder = base / distribution
    (folder / f"{distribution}-1.dist-info").mkdir(parents=True)
    return folder


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Neither without a folder, nor with one that an installer left empty."""
    (tmp_path / "half").mkdir()
    assert folder_of("other", tmp_path) is None
    assert folder_of("half", tmp_path) is None


def test_what_is_there_is_found(tmp_path: Path) -> None:
    """By the name of the distribution."""
    assert folder_of("other", tmp_path) is None
    assert installed(tmp_path, "other") == folder_of("other", tmp_path)


def test_our_own_packages_come_before_the_other_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is the last to be looked into, and is there once."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = [*sys.path]
    folder = installed(tmp_path, "other")
    make_importable("other", tmp_path)
    make_importable("other", tmp_path)
    make_importable("missing", tmp_path)
    assert sys.path == [*before, str(folder)]
