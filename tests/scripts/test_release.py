"""What is looked at before a release, and what the bill of materials says of it."""

import json
import re
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from exporter import __version__
from scripts.bill_of_materials import bill, components
from scripts.release_check import (
    SHIPPED,
    Unfit,
    build,
    content_problem,
    names_in,
    rebuilt_problem,
    run,
    source_problem,
    tag_problem,
)
from tests.support.tools import needs_checkout
from tests.test_house import ROOT, locked, repository_files

CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-01-01\n\n## 1.0.0\n"
UNIT = ROOT / "deploy" / "systemd" / "backup-session-exporter.service"
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist of this tree."""
    return build(tmp_path_factory.mktemp("dist"))


def test_a_tag_that_names_the_version_is_fine() -> None:
    """With a heading in the changelog, in brackets or without."""
    assert tag_problem("v1.2.3", "1.2.3", CHANGELOG) is None
    assert tag_problem("v1.0.0", "1.0.0", CHANGELOG) is None


@pytest.mark.parametrize(
    ("tag", "version", "said"),
    [
        ("v1.2.4", "1.2.3", "does not name version 1.2.3"),
        ("1.2.3", "1.2.3", "does not name version 1.2.3"),
        ("v1.2.0", "1.2.0", "no heading for 1.2.0"),
        ("v1.2", "1.2", "no heading for 1.2"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, version: str, said: str) -> None:
    """Another version, or one of which the changelog knows nothing."""
    assert said in str(tag_problem(tag, version, CHANGELOG))


def test_the_wheel_is_complete_and_nothing_more(packages: tuple[Path, Path]) -> None:
    """Templates, styles and types are in it; tests and deployment are not."""
    names = names_in(packages[0])
    assert content_problem(names) is None
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "exporter").rglob("*.py")}
    assert modules <= set(names)


def test_the_wheel_says_what_it_is(packages: tuple[Path, Path]) -> None:
    """In a version of the metadata that programs which publish have learnt."""
    with zipfile.ZipFile(packages[0]) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        said = message_from_bytes(archive.read(name))
        (points,) = [one for one in archive.namelist() if one.endswith("entry_points.txt")]
        commands = archive.read(points).decode()
    assert said["Metadata-Version"] == "2.4"
    assert (said["Name"], said["Version"]) == ("backup-session-exporter", __version__)
    assert (said["License-Expression"], said["License-File"]) == ("Apache-2.0", "LICENSE")
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["Author"]
    home = re.search(r"^Documentation=(\S+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert home
    assert f"Homepage, {home.group(1)}" in said.get_all("Project-URL", [])
    assert "backup-session-exporter = exporter.cli:main" in commands


@needs_checkout
def test_the_sdist_is_the_repository(packages: tuple[Path, Path]) -> None:
    """Whoever packages it finds the tests and all that they read."""
    names = names_in(packages[1])
    assert {"pyproject.toml", "tests/conftest.py", "deploy/docker/Dockerfile"} <= set(names)
    assert source_problem(names, existing(repository_files())) is None


def existing(paths: list[Path]) -> list[str]:
    """Paths as they stand in an sdist."""
    return [path.relative_to(ROOT).as_posix() for path in paths]


def test_the_sdist_makes_the_same_wheel(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """To the last bit, from other folders, at another time."""
    assert rebuilt_problem(*packages, tmp_path / "sdist") is None


def test_another_wheel_is_noticed(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """The comparison can fail."""
    other = tmp_path / packages[0].name
    other.write_bytes(packages[0].read_bytes()[:-1])
    said = rebuilt_problem(other, packages[1], tmp_path / "sdist")
    assert "is another one when it is built from" in str(said)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["README.md"], "lacks LICENSE"),
        (["README.md", "LICENSE", "deploy/compose/secrets/m365"], "secrets/m365, which is not"),
    ],
)
def test_a_wrong_sdist_is_noticed(names: list[str], said: str) -> None:
    """What was left out, or what lay about in a working tree."""
    assert said in str(source_problem(names, ["README.md", "LICENSE"]))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (list(SHIPPED[1:]), "lacks exporter/py.typed"),
        ([*SHIPPED, "tests/test_x.py"], "holds tests/test_x.py"),
        ([*SHIPPED, "exporter/__pycache__/x.pyc"], "holds exporter/__pycache__/x.pyc"),
    ],
)
def test_a_wrong_wheel_is_noticed(names: list[str], said: str) -> None:
    """What is missing, or what has slipped in."""
    assert said in str(content_problem(names))


def test_a_command_that_fails_says_what_it_said() -> None:
    """So that one need not run it again to see."""
    with pytest.raises(Unfit, match="no such thing"):
        run("sh", "-c", "echo no such thing >&2; exit 3")


def test_the_bill_names_every_locked_package_with_its_hashes() -> None:
    """And nothing else."""
    found = {canonicalize_name(one["name"]): one for one in components(LOCK)}
    assert set(found) == set(locked("requirements.lock"))
    for name, (version, hashes) in locked("requirements.lock").items():
        assert found[name]["version"] == str(version)
        assert len(found[name]["externalReferences"]) == hashes


def test_conditions_are_no_part_of_a_version() -> None:
    """A package for some systems only is optional, and says for which."""
    lock = "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    (found,) = components(lock)
    assert (found["version"], found["scope"]) == ("0.4.6", "optional")
    assert found["properties"] == [{"name": "python:marker", "value": "sys_platform == 'win32'"}]


def test_a_line_that_is_no_package_is_an_error() -> None:
    """A bill that leaves something out would be worse than none."""
    with pytest.raises(ValueError, match="not a locked package: git"):
        components("git+https://example.com/x.git\n")


def test_the_bill_is_the_same_every_time() -> None:
    """No time and no random number; every reference is unique and leads somewhere."""
    one, two = (json.dumps(bill(LOCK, __version__)) for _ in range(2))
    assert one == two
    document = bill(LOCK, __version__)
    references = [part["bom-ref"] for part in document["components"]]
    assert len(set(references)) == len(references)
    assert document["dependencies"][0]["dependsOn"] == references
    assert all(re.fullmatch(r"pkg:pypi/[a-z0-9._-]+@\S+", reference) for reference in references)
