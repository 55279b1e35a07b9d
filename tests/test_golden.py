"""Golden files are compared, and written only on request."""

from pathlib import Path

import pytest

from tests.support.golden import assert_golden


@pytest.fixture(autouse=True)
def _compare_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPDATE_GOLDEN", raising=False)


def test_the_same_text_passes(tmp_path: Path) -> None:
    """What equals the file is fine."""
    (tmp_path / "page.txt").write_text("same\n", encoding="utf-8")
    assert_golden(tmp_path / "page.txt", "same\n")


def test_another_text_fails_and_names_the_remedy(tmp_path: Path) -> None:
    """A difference fails and leaves the file as it was."""
    (tmp_path / "page.txt").write_text("old\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="make golden"):
        assert_golden(tmp_path / "page.txt", "new\n")
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == "old\n"


def test_a_missing_file_fails(tmp_path: Path) -> None:
    """A forgotten golden file is not a pass."""
    with pytest.raises(AssertionError, match="is missing"):
        assert_golden(tmp_path / "page.txt", "new\n")


def test_the_file_is_written_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With UPDATE_GOLDEN the text becomes the file."""
    monkeypatch.setenv("UPDATE_GOLDEN", "1")
    assert_golden(tmp_path / "new" / "page.txt", "new\n")
    assert (tmp_path / "new" / "page.txt").read_text(encoding="utf-8") == "new\n"
