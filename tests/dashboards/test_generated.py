"""The committed JSON is what the code says."""

from pathlib import Path

import pytest

from grafana import generate
from tests.support.dashboards import FOLDER, UIDS


def test_committed_files_are_what_the_code_says() -> None:
    """Writing the dashboards anew changes nothing."""
    for dashboard in generate.DASHBOARDS:
        kept = generate.path_of(dashboard).read_text(encoding="utf-8")
        assert generate.text_of(dashboard) == kept, "write them anew: python -m grafana.generate"


def test_every_committed_file_comes_from_the_code() -> None:
    """No dashboard lies beside the generated ones."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(UIDS)
    assert {dashboard.uid for dashboard in generate.DASHBOARDS} == set(UIDS)


def test_check_names_what_is_out_of_date_and_writing_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed or missing file fails the check and is named; after writing, nothing is left."""
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main(["--check"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "backup-job.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert "backup-job.json: out of date" in capsys.readouterr().out
