"""A Dockerfile as instructions, and its `RUN` lines carried out without a container engine."""

import os
import re
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tools import tools_are_required

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
ABSOLUTE = re.compile(r"(?<![\w.])/(opt|wheels)\b")
NO_REGISTRY = ("NewConnectionError", "No matching distribution", "Network is unreachable")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    keyword: str
    arguments: str


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile in order, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [Instruction(keyword.upper(), arguments.strip()) for keyword, arguments in pairs]


def stages(instructions: list[Instruction]) -> list[list[Instruction]]:
    """The instructions from each FROM to the next."""
    found: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


class Builder:
    """Carries out a build stage in a folder that stands for the image's file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source = root / "src"
        self.source.mkdir(parents=True)
        # The image's `python` and `pip`, which no package of ours has been installed into.
        venv.create(root / "python", with_pip=True, symlinks=True)

    def carry_out(self, stage: list[Instruction]) -> None:
        """Its COPY and RUN instructions, with absolute paths moved below the folder."""
        for instruction in stage:
            if instruction.keyword == "COPY":
                *sources, target = instruction.arguments.split()
                self._copy(sources, self.source / target)
            if instruction.keyword == "RUN":
                self._run(
                    re.sub(r"(?<![\w.])/(opt|wheels)\b", rf"{self.root}/\1", instruction.arguments)
                )

    def _copy(self, sources: list[str], target: Path) -> None:
        for source in sources:
            if (ROOT / source).is_dir():
                leave = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, target, ignore=leave)
            else:
                shutil.copy(ROOT / source, target)

    def _run(self, command: str) -> None:
        environment = {
            **{key: os.environ[key] for key in os.environ if not key.startswith("COV")},
            "PATH": f"{self.root / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "1",  # a third of the time, and nothing that is looked at here
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        run = subprocess.run(
            ["/bin/sh", "-euc", command],
            cwd=self.source,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if run.returncode and any(word in run.stderr for word in NO_REGISTRY):
            absent = "no package registry can be reached from here"
            pytest.fail(absent) if tools_are_required() else pytest.skip(absent)
        assert run.returncode == 0, run.stdout + run.stderr


def unprivileged(user: int) -> list[str]:
    """What to put before a command to run it as a user who owns nothing; nothing if we may not.

    It may read everything, since the Python of a developer often lies in a home directory that
    nobody else may enter; it may write only what everybody may.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or os.geteuid() != 0:
        return []
    reading = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    bounds = "--bounding-set=-all,+dac_read_search"
    who = [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    return [setpriv, *who, *reading, bounds, "--no-new-privs"]
