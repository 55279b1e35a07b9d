"""Each file in `bad/` has one mistake and says in its first lines what a user is told about it."""

from pathlib import Path

import pytest

from tests.support.config_files import CANARY, problems

FILES = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
EXPECT = "# expect: "


def test_there_are_files() -> None:
    """The folder is found, so that the tests below mean something."""
    assert len(FILES) > 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_bad_file(file: Path, tmp_path: Path) -> None:
    """Exactly the expected lines are reported, and no secret among them."""
    text = file.read_bytes()
    lines = text.decode().split("\n")
    expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    found = problems(tmp_path, text)
    assert list(found) == expected
    assert found
    assert CANARY not in "\n".join(found)
