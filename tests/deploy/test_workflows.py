"""The workflows of the forge, and all YAML and shell, judged by the linters that know them."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.dockerfile import ROOT
from tests.support.tools import require_command

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
USES = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.MULTILINE)
VERSION = re.compile(r" # v\d+\.\d+\.\d+")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def lint(*words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What a linter of the development lock says."""
    name, *arguments = map(str, words)
    command = [require_command(name), *arguments]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)


def jobs(name: str) -> dict[str, Any]:
    """The jobs of a workflow."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["jobs"]
    return found


def test_actionlint_has_nothing_to_say() -> None:
    """Syntax, types of expressions, and the shell inside, which shellcheck judges."""
    run = lint("actionlint", "-shellcheck", require_command("shellcheck"), *WORKFLOWS)
    assert (run.returncode, run.stdout) == (0, "")


def test_actionlint_would_notice(tmp_path: Path) -> None:
    """The check can fail."""
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\njobs: {x: {runs-on: ubuntu-24.04, steps: [{run: '${{ nothing }}'}]}}")
    assert lint("actionlint", bad).returncode == 1


def test_zizmor_finds_no_weakness() -> None:
    """No injection, no credentials that stay behind, no permission that is too wide."""
    run = lint("zizmor", "--offline", "--pedantic", "--no-progress", FOLDER)
    assert run.returncode == 0, run.stdout


def test_zizmor_would_notice(tmp_path: Path) -> None:
    """The check can fail."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    bad = "on: pull_request\njobs: {x: {runs-on: x, steps: [{run: 'echo ${{ github.head_ref }}'}]}}"
    (folder / "bad.yml").write_text(bad)
    assert lint("zizmor", "--offline", "--no-progress", folder).returncode > 1


def test_every_action_is_pinned_with_its_version_beside_it() -> None:
    """A tag can be moved, a commit cannot; one action has one version everywhere."""
    used = [found for path in WORKFLOWS for found in USES.findall(path.read_text(encoding="utf-8"))]
    assert len(used) > 10
    assert [action for action, _comment in used if not PINNED.fullmatch(action)] == []
    assert [
        comment for _action, comment in used if not re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    ] == []
    assert len({action for action, _ in used}) == len({action.split("@")[0] for action, _ in used})


def test_the_matrix_is_what_the_package_promises() -> None:
    """Every Python of the classifiers, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: 3."
    promised = [
        one.removeprefix("Programming Language :: Python :: ")
        for one in project["classifiers"]
        if one.startswith(prefix)
    ]
    assert jobs("ci.yml")["suite"]["strategy"]["matrix"]["python"] == promised


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_may_do_what_they_need_and_end_in_time(path: Path) -> None:
    """Nothing is permitted to all; each job names its permissions and its longest time."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == []
    assert [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job] == []


def test_nothing_is_published_that_was_not_tried() -> None:
    """Each job that publishes waits for the one that builds and tries."""
    for name, job in jobs("release.yml").items():
        assert name == "build" or "build" in job["needs"]


def test_yamllint_has_nothing_to_say() -> None:
    """Of any YAML that people read here."""
    run = lint("yamllint", "--strict", ".")
    assert (run.returncode, run.stdout) == (0, "")


def test_yamllint_would_notice(tmp_path: Path) -> None:
    """The check can fail."""
    (tmp_path / "bad.yml").write_text("a: 1\na: 2\n")
    run = lint("yamllint", "--strict", "--config-file", ROOT / ".yamllint.yml", ".", cwd=tmp_path)
    assert "duplication of key" in run.stdout


def test_shellcheck_has_nothing_to_say() -> None:
    """Of the script that runs before a change lands."""
    run = lint("shellcheck", ROOT / ".ci" / "run")
    assert (run.returncode, run.stdout) == (0, "")
