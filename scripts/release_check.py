"""Is this tree fit to be released? Builds wheel and sdist, installs each afresh and tries it.

`python -m scripts.release_check [--tag v1.2.3] [--output dist]`; `make release-check` runs it.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import exporter

ROOT = Path(__file__).resolve().parent.parent
RUNTIME, BUILD = "requirements.lock", "requirements-build.lock"
PATIENCE = 60.0
COMMAND = "backup-session-exporter"
SHIPPED = (
    "exporter/py.typed",
    "exporter/web/templates/",
    "exporter/web/static/",
)
"""What a package loses most easily: files that are no modules."""

STRAY = re.compile(r"(^|/)(tests?|docs|deploy|\.git|data|__pycache__)/")


class Unfit(Exception):
    """Why this tree must not be released, in one sentence."""


def tag_problem(tag: str, version: str, changelog: str) -> str | None:
    """Why a tag does not name this version of the package, or None."""
    if tag != f"v{version}":
        return f"the tag {tag} does not name version {version}, which exporter/__init__.py has"
    if not re.search(rf"^## \[?{re.escape(version)}(?![\w.])", changelog, re.MULTILINE):
        return f"CHANGELOG.md has no heading for {version}"
    return None


def content_problem(names: list[str]) -> str | None:
    """What a wheel lacks, or has too much of, or None."""
    missing = [file for file in SHIPPED if not any(name.startswith(file) for name in names)]
    stray = [name for name in names if STRAY.search(name)]
    if missing:
        return f"the wheel lacks {', '.join(missing)}"
    return f"the wheel holds {stray[0]}" if stray else None


def source_problem(names: list[str], committed: list[str]) -> str | None:
    """What an sdist lacks of the repository, or has that is not in it, or None.

    What lies about in a working tree, such as a password for the compose stack, must not get out.
    """
    missing = sorted(set(committed) - set(names))
    stray = sorted(set(names) - set(committed) - {"PKG-INFO"})
    if missing:
        return f"the sdist lacks {missing[0]}"
    return f"the sdist holds {stray[0]}, which is not committed" if stray else None


def rebuilt_problem(wheel: Path, sdist: Path, folder: Path) -> str | None:
    """Whether the sdist makes another wheel than the tree, to the last bit."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=tree)
    same = (tree / "dist" / wheel.name).read_bytes() == wheel.read_bytes()
    return None if same else f"{wheel.name} is another one when it is built from {sdist.name}"


def committed_files() -> list[str]:
    """The files of this repository."""
    return run("git", "ls-files", "-z").strip("\0").split("\0")


def build(output: Path) -> tuple[Path, Path]:
    """A wheel and an sdist in an empty folder."""
    run(sys.executable, "-m", "hatchling", "build", "--directory", str(output))
    (wheel,) = output.glob("*.whl")
    (sdist,) = output.glob("*.tar.gz")
    return wheel, sdist


def names_in(package: Path) -> list[str]:
    """The files of a wheel or sdist, below its own folder."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            return archive.namelist()
    with tarfile.open(package) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


def run(*command: str, cwd: Path = ROOT) -> str:
    """What a command prints. Raises Unfit with what it complained of."""
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Unfit(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def install(package: Path, folder: Path) -> Path:
    """A fresh environment with the locked packages and this one; the folder of its programs."""
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(programs / "python")
    uv = shutil.which("uv")
    if uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
        pip = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        run(sys.executable, "-m", "venv", str(folder))
        pip = [python, "-m", "pip", "install", "--quiet"]
    locks = [RUNTIME] if package.suffix == ".whl" else [RUNTIME, BUILD]
    for lock in locks:
        run(*pip, "--require-hashes", "-r", lock)
    run(*pip, "--no-deps", "--no-build-isolation", str(package))
    return programs


def try_version(programs: Path, folder: Path) -> None:
    """The installed command says the version of this tree."""
    said = run(str(programs / COMMAND), "--version", cwd=folder)
    if f"version {exporter.__version__} " not in said:
        raise Unfit(f"the installed command says {said.strip()!r}")


def try_demo(programs: Path, folder: Path) -> None:
    """The installed command polls a simulated server, is scraped, and ends when it is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [str(programs / COMMAND), "demo", "--hours-of-history=2"]
    with subprocess.Popen(  # noqa: S603
        [*command, f"--web.listen-address={address}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            scrape(f"http://{address}/metrics", demo)
        finally:
            demo.send_signal(signal.SIGTERM)
            _out, errors = demo.communicate(timeout=PATIENCE)
    if demo.returncode and os.name != "nt":  # where a program can only be killed
        raise Unfit(f"the demo ended with exit code {demo.returncode}:\n{errors}")


def scrape(url: str, demo: subprocess.Popen[str]) -> None:
    """Wait until a server is shown as polled. Raises Unfit when that does not happen."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and demo.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- our own address
                if re.search(rb"^backup_server_up\{.*\} 1", answer.read(), re.MULTILINE):
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            pass
        time.sleep(0.3)
    raise Unfit("the demo did not poll a simulated server")


def check(options: argparse.Namespace, scratch: Path) -> None:
    """Everything; raises Unfit at the first thing that is wrong."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    problem = tag_problem(options.tag, exporter.__version__, changelog) if options.tag else None
    if problem:
        raise Unfit(problem)
    output = options.output or scratch / "dist"
    wheel, sdist = build(output)
    problem = (
        content_problem(names_in(wheel))
        or source_problem(names_in(sdist), committed_files())
        or rebuilt_problem(wheel, sdist, scratch / "sdist")
    )
    if problem:
        raise Unfit(problem)
    for number, package in enumerate((wheel, sdist)):
        programs = install(package, scratch / f"environment-{number}")
        try_version(programs, scratch)
        try_demo(programs, scratch)
        print(f"{package.name}: installed, says its version, and the demo runs")


def main() -> int:
    """The exit code: 0 fit, 1 not."""
    parser = argparse.ArgumentParser(description="Is this tree fit to be released?")
    parser.add_argument("--tag", help="the tag that is to be released, as v1.2.3")
    parser.add_argument("--output", type=Path, help="empty folder to leave wheel and sdist in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:
        try:
            check(options, Path(scratch))
        except Unfit as problem:
            print(f"error: {problem}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
