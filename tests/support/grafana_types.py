"""Our dashboards judged by the TypeScript compiler against the types that Grafana publishes.

The types come as an npm package through the registry that npm is configured for. They are installed
once for each lock file, into the build folder.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.dashboards import ROOT, Json, everything
from tests.support.tools import do_without, require_tool

FOLDER = ROOT / "tests" / "dashboards" / "typescript"
OLDEST = "schema-of-grafana-10"
PATHS: Mapping[str, Mapping[str, list[str]]] = {
    "newest": {},
    "oldest": {
        "@grafana/schema": [f"./node_modules/{OLDEST}/dist/index.d.ts"],
        "@grafana/schema/*": [f"./node_modules/{OLDEST}/*"],
    },
}
"""Where the types of each version are, other than where TypeScript would look by itself."""

Constant = tuple[str, str, Json]
"""Name, type in model.ts, and value of a constant."""

MISTAKE = re.compile(r"dashboards\.ts\((\d+),\d+\): error TS\d+: (.*)")
DECLARED = re.compile(r"export const (\w+):")


def installed() -> Path:
    """The node_modules of the lock file. Without npm or network there is no test."""
    require_tool("node")
    npm = require_tool("npm")
    digest = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    home = ROOT / "build" / f"grafana-types-{digest[:12]}"
    if not home.is_dir():
        home.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
            packages = Path(temporary) / "packages"
            packages.mkdir()
            _install(npm, packages)
            packages.rename(home)
    return home / "node_modules"


def _install(npm: str, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if run.returncode != 0:
        do_without(f"npm could not install Grafana's types: {run.stderr.strip()}")


def constants(uid: str, dashboard: Json) -> Iterable[Constant]:
    """A dashboard as constants: each panel by its own type, then what surrounds them."""
    name = uid.replace("-", "_")
    for panel in everything(dashboard):
        alone = {**panel, "panels": []} if panel["type"] == "row" else panel
        yield f"{name}_panel_{panel['id']}", f'Panels["{panel["type"]}"]', alone
    yield name, "Dashboard", {**dashboard, "panels": []}


def mistakes(written: Iterable[Constant], folder: Path, version: str) -> dict[str, list[str]]:
    """What the compiler says of each constant that it does not accept."""
    lines = ['import type { Dashboard, Panels } from "./model";']
    for name, kind, value in written:
        lines += f"export const {name}: {kind} = {json.dumps(value, indent=1)};".splitlines()
    (folder / "dashboards.ts").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = _compiled(folder, version)
    found: dict[str, list[str]] = {}
    for line, message in MISTAKE.findall(report):
        names = (DECLARED.match(text) for text in reversed(lines[: int(line)]))
        found.setdefault(next(name[1] for name in names if name), []).append(message)
    assert found or not report, report
    return found


def _compiled(folder: Path, version: str) -> str:
    packages = installed()
    shutil.copy(FOLDER / "model.ts", folder)
    (folder / "node_modules").unlink(missing_ok=True)
    (folder / "node_modules").symlink_to(packages)
    settings = json.loads((FOLDER / "tsconfig.json").read_text(encoding="utf-8"))
    settings["compilerOptions"]["paths"] = PATHS[version]
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    compiler = packages / "typescript" / "bin" / "tsc"
    command = [require_tool("node"), str(compiler), "--project", str(folder), "--pretty", "false"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
