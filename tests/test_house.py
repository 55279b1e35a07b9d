"""The rules of the house that no single room can see: layers, sizes, words, locks, versions."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import exporter
from tests.support.tools import needs_checkout

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "exporter").rglob("*.py"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
LONGEST_FUNCTION = 40
LONGEST_FILE = 300

FORBIDDEN_WORDS = (
    (
        "unfinished work",
        re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b"),
    ),
    ("a path of one machine", re.compile(r"(?<![\w.:/-])/(work|root|home/\w+|opt/" + r"pypi)/\w")),
    ("a package registry", re.compile("py" + r"pi\.org|python" + r"hosted|npm" + r"js\.(org|com)")),
)
BINARY_SUFFIXES = {".png", ".ico", ".gif", ".jpg", ".woff2", ".gz", ".der", ".p12", ".sqlite"}


def relative(path: Path) -> str:
    """The path as a person would write it in this repository."""
    return path.relative_to(ROOT).as_posix()


def repository_files() -> list[Path]:
    """Every file that is, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(source: str) -> list[tuple[str, int]]:
    """Name and number of lines of each function that is too long."""
    sizes = [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in functions(ast.parse(source))
    ]
    return [(name, lines) for name, lines in sizes if lines > LONGEST_FUNCTION]


def forbidden_words(text: str) -> list[str]:
    """What a text should not mention, with the words found."""
    found = ((what, pattern.search(text)) for what, pattern in FORBIDDEN_WORDS)
    return [f"{what}: {match.group()}" for what, match in found if match]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_stay_short(path: Path) -> None:
    """No function has more than 40 lines."""
    assert long_functions(path.read_text(encoding="utf-8")) == []


def test_a_long_function_is_noticed() -> None:
    """The rule can fail: one line more than allowed is reported."""
    body = "\n".join("    pass" for _ in range(LONGEST_FUNCTION))
    assert long_functions(f"async def wide():\n{body}\n") == [("wide", LONGEST_FUNCTION + 1)]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_files_stay_short(path: Path) -> None:
    """No module has more than 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """Each module begins with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@needs_checkout
def test_no_file_holds_words_that_do_not_belong_here() -> None:
    """Unfinished work, paths of one machine and registry addresses stay out of the repository."""
    texts = (path for path in repository_files() if path.suffix not in BINARY_SUFFIXES)
    found = {relative(path): forbidden_words(path.read_text(encoding="utf-8")) for path in texts}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "text",
    [
        "# TO" + "DO: later",
        "open('/ro" + "ot/x')",
        "see /wo" + "rk/x",
        "https://py" + "pi.org/simple",
    ],
)
def test_a_forbidden_word_is_noticed(text: str) -> None:
    """The rule can fail."""
    assert forbidden_words(text)


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The layer rule, judged on the package that lies in `folder`."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


@pytest.fixture
def house_copy(tmp_path: Path) -> Path:
    """A copy of the package and its rules that a test may spoil."""
    shutil.copytree(
        ROOT / "exporter", tmp_path / "exporter", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_no_room_imports_upwards() -> None:
    """The house as it stands keeps every import rule."""
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    ("file", "statement", "rule"),
    [
        ("errors.py", "import exporter.view", "Rooms stand above what they import"),
        ("config/values.py", "import exporter.sources.base", "Rooms stand above what they import"),
        ("cellar.py", "", "Rooms stand above what they import"),
        ("simulator/__init__.py", "import exporter.sources.base", "shares no code"),
        ("sources/acme.py", "import exporter.sources.beta", "Products never import each other"),
    ],
)
def test_a_forbidden_import_is_noticed(
    house_copy: Path, file: str, statement: str, rule: str
) -> None:
    """Each rule can fail: an upward import, a module without a place, products that share."""
    (house_copy / "exporter" / "sources" / "beta.py").write_text('"""Another product."""\n')
    with (house_copy / "exporter" / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{statement}\n")
    run = lint_imports(house_copy)
    assert run.returncode == 1, run.stderr
    assert re.search(rf"{rule}\S* .*BROKEN|{rule} BROKEN", run.stdout)


def project() -> dict[str, list[str]]:
    """The direct dependencies by the lock file that must hold them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, development = table["dependencies"], table["optional-dependencies"]["dev"]
    return dict(zip(LOCKS, (runtime, runtime + development), strict=True))


def locked(lock: str) -> dict[str, tuple[Version, int]]:
    """Version and number of hashes of each package in a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {
        canonicalize_name(entry.split("==")[0]): (
            Version(entry.split("==")[1].split()[0]),
            entry.count("--hash=sha256:"),
        )
        for entry in entries
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_every_dependency_in_an_allowed_version(lock: str) -> None:
    """What pyproject.toml asks for is pinned, and the pin satisfies it."""
    versions = locked(lock)
    for requirement in map(Requirement, project()[lock]):
        version, _hashes = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    """An entry without a hash could be exchanged on its way."""
    assert [name for name, (_version, hashes) in locked(lock).items() if not hashes] == []


def test_what_is_tested_is_what_is_shipped() -> None:
    """The development lock holds the runtime lock's packages in the same versions."""
    runtime, development = (locked(lock) for lock in LOCKS)
    assert {name: development.get(name, ("absent", 0))[0] for name in runtime} == {
        name: version for name, (version, _hashes) in runtime.items()
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_address(lock: str) -> None:
    """Where packages come from is the choice of whoever installs them."""
    assert not re.search(r"://|--index|--extra-index|--find-links", (ROOT / lock).read_text())


def test_the_version_is_the_newest_in_the_changelog() -> None:
    """A released version has its heading; an unreleased one stands above the last release."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[?([^\]\s]+)\]?", changelog, flags=re.MULTILINE)
    version = Version(exporter.__version__)
    if headings[0] != "Unreleased":
        assert version == Version(headings[0])
    assert all(version >= Version(heading) for heading in headings if heading != "Unreleased")


def test_the_package_ships_its_types() -> None:
    """The marker that tells type checkers to trust the annotations is there."""
    assert (ROOT / "exporter" / "py.typed").is_file()


def test_the_licence_is_the_whole_apache_licence() -> None:
    """LICENSE is the text that pyproject.toml names, complete to its appendix."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text


def test_make_lists_every_target_with_a_sentence() -> None:
    """`make` alone is the table of contents: no target is missing from it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[0].split()
    command = ["make", "--no-print-directory"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert sorted(re.findall(r"^  make (\S+) +\S", listing, flags=re.MULTILINE)) == sorted(phony)
