"""The lock of what builds the wheel: the third of the lock files, and the smallest."""

import tomllib

from packaging.requirements import Requirement

from tests.test_house import LOCKS, ROOT, locked

BUILD_LOCK = "requirements-build.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_locks_what_builds_the_wheel() -> None:
    """The build system of pyproject.toml, and the group that `make lock` reads, are the same."""
    wanted = PROJECT["build-system"]["requires"]
    assert PROJECT["dependency-groups"]["build"] == wanted
    versions = locked(BUILD_LOCK)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(versions[requirement.name][0])


def test_it_holds_hashes_and_the_versions_of_development() -> None:
    """What builds a release is what built the wheels that were tested."""
    development = locked(LOCKS[1])
    build = locked(BUILD_LOCK)
    assert [name for name, (_version, hashes) in build.items() if not hashes] == []
    assert {name: version for name, (version, _) in build.items()} == {
        name: development[name][0] for name in build
    }
    assert "://" not in (ROOT / BUILD_LOCK).read_text(encoding="utf-8")
