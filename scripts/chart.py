"""What the Helm chart holds a copy of, and the plain manifests that are rendered from it.

A chart can only read files inside its own folder, so rules and dashboards are copied there.
`python -m scripts.chart` writes everything anew, `--check` only says which files are out of date.
"""

import re
import sys
from pathlib import Path

import yaml

from exporter.metrics import EXPORTER_FAMILIES
from exporter.metrics.process import PROCESS_FAMILIES

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "helm" / "backup-session-exporter"
PLAIN = ROOT / "deploy" / "kubernetes"
COPIES = {
    "files/rules": "deploy/prometheus/rules/*.yml",
    "files/dashboards": "grafana/dashboards/*.json",
}
"""Folders of the chart, and what is copied there."""

NAMESPACE = "monitoring"
RELEASE = "backup-session-exporter"
HELMS_OWN = re.compile(
    r"^ +(?:app\.kubernetes\.io/managed-by|helm\.sh/chart): .*\n"
    r"|^ +annotations:\n +#.*\n +checksum/config: .*\n",
    re.MULTILINE,
)
"""What would claim of a plain manifest that Helm looks after it."""

HEADER = "# Rendered from deploy/helm by `make chart`; change it there, or patch with Kustomize.\n"


def copies() -> dict[Path, str]:
    """The files of the chart that follow from other files of the repository."""
    found = {
        CHART / folder / path.name: path.read_text(encoding="utf-8")
        for folder, pattern in COPIES.items()
        for path in sorted(ROOT.glob(pattern))
    }
    own = sorted(family.name for family in EXPORTER_FAMILIES)
    own += [family.name for family in PROCESS_FAMILIES]
    found[CHART / "files" / "own-families.txt"] = "\n".join(own) + "\n"
    return found


def render(values: dict[str, object], release: str = RELEASE) -> dict[str, str]:
    """The manifests by the name of their template, those that are empty left out."""
    from helm_python import Chart  # noqa: PLC0415 -- there for Linux on x86-64 only

    with Chart.load(CHART) as chart:
        rendered = chart.render(values, name=release, namespace=NAMESPACE)
    texts = {name.split("/templates/")[1]: text for name, text in rendered.items()}
    return {name: text for name, text in texts.items() if text.strip()}


def plain() -> dict[Path, str]:
    """The plain manifests, and the kustomization that lists them."""
    values = yaml.safe_load((PLAIN / "values.yaml").read_text(encoding="utf-8"))
    manifests = {
        PLAIN / name: HEADER + HELMS_OWN.sub("", text).strip() + "\n"
        for name, text in sorted(render(values).items())
        if name.endswith(".yaml") and not name.startswith("tests/")
    }
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    lines += [f"namespace: {NAMESPACE}", "resources:", *(f"  - {path.name}" for path in manifests)]
    manifests[PLAIN / "kustomization.yaml"] = HEADER + "\n".join(lines) + "\n"
    return manifests


def stale(wanted: dict[Path, str], folders: dict[Path, str]) -> list[Path]:
    """Files that are missing or differ, and files of the folders that nothing asks for."""
    differing = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    there = {path for folder, pattern in folders.items() for path in folder.glob(pattern)}
    return sorted({*differing, *(there - set(wanted))})


def bring_up_to_date(wanted: dict[Path, str], folders: dict[Path, str], *, write: bool) -> bool:
    """Write, or only report, what is stale; whether anything was."""
    paths = stale(wanted, folders)
    for path in paths:
        if write and path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        elif write:
            path.unlink()
        name = path.relative_to(ROOT).as_posix()
        print(f"{name}: {'written' if write else 'out of date; run `make chart`'}")
    return bool(paths)


def main(arguments: list[str]) -> int:
    """Copies first, since the manifests are rendered from them. Returns the exit code."""
    write = arguments != ["--check"]
    chart = {CHART / "files": "*.txt", **{CHART / folder: "*" for folder in COPIES}}
    found = bring_up_to_date(copies(), chart, write=write)
    manifests = {PLAIN: "[!v]*.yaml"}  # all but values.yaml, which is written by hand
    found |= bring_up_to_date(plain(), manifests, write=write)
    return int(found and not write)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
