"""Programs that some tests drive: skipped where one is missing, a failure where all must be there.

With `REQUIRE_TOOLS=1` in the environment, as in CI, a missing program fails its test: a suite that
skips quietly would look green while it proves less.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

FAR_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where distributions put daemons, which an ordinary user's PATH leaves out."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the names it goes by, and Debian's package that brings it."""

    commands: tuple[str, ...]
    package: str


TOOLS: Mapping[str, Tool] = {
    "alertmanager": Tool(("alertmanager", "prometheus-alertmanager"), "prometheus-alertmanager"),
    "amtool": Tool(("amtool",), "prometheus-alertmanager"),
    "chromedriver": Tool(("chromedriver",), "chromium-driver"),
    "chromium": Tool(("chromium", "chromium-browser"), "chromium"),
    "node": Tool(("node", "nodejs"), "nodejs"),
    "npm": Tool(("npm",), "npm"),
    "prometheus": Tool(("prometheus",), "prometheus"),
    "promtool": Tool(("promtool",), "prometheus"),
    "systemd-analyze": Tool(("systemd-analyze",), "systemd"),
}

needs_checkout = pytest.mark.skipif(
    not (Path(__file__).resolve().parents[2] / ".git").exists(),
    reason="this tree was unpacked from an sdist, so git knows nothing of it",
)
"""For tests about what is committed; all others run in an unpacked sdist, too."""


def tools_are_required() -> bool:
    """Whether a missing program is a failure in this run."""
    return os.environ.get("REQUIRE_TOOLS", "") not in ("", "0")


def find_tool(name: str) -> str | None:
    """The path of a program out of `TOOLS`, or None. An unknown name raises KeyError."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *FAR_FOLDERS))
    found = (shutil.which(command, path=path) for command in TOOLS[name].commands)
    return next((command for command in found if command), None)


def require_tool(name: str) -> str:
    """The path of a program out of `TOOLS`; without it the test is skipped or, as above, fails."""
    if (path := find_tool(name)) is None:
        do_without(f"{name} is not installed; Debian's package {TOOLS[name].package} brings it")
    return path


def require_command(name: str) -> str:
    """The path of a program that a package of the development lock brings.

    Some of these packages hold a binary for Linux on x86-64 only; elsewhere the test is skipped.
    """
    path = Path(sys.executable).with_name(name)
    if not path.is_file():
        do_without(f"{name} is not installed; the development lock has it for Linux on x86-64")
    return str(path)


def do_without(message: str) -> NoReturn:
    """Skip the test for lack of something, or fail it where everything must be there."""
    if tools_are_required():
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
