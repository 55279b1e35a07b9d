"""What a release is made of: `requirements.lock` as a CycloneDX bill of materials on stdout.

The lock is the truth about what is installed: names, versions and the hashes of every file that may
be. https://cyclonedx.org/docs/1.6/json/
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import exporter

ROOT = Path(__file__).resolve().parent.parent
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: *; *(?P<when>[^\\]+))?")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NAME = "backup-session-exporter"


def component(name: str, version: str, when: str, hashes: list[str]) -> dict[str, Any]:
    """One locked package. `when` is the condition under which it is installed at all."""
    purl = f"pkg:pypi/{name}@{version}"
    references = [
        {
            "type": "distribution",
            "url": purl,
            "hashes": [{"alg": "SHA-256", "content": content}],
        }
        for content in hashes
    ]
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": "optional" if when else "required",
        "externalReferences": references,
    }
    if when:
        found["properties"] = [{"name": "python:marker", "value": when}]
    return found


def components(lock: str) -> list[dict[str, Any]]:
    """Every package of a lock file."""
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    found = []
    for entry in entries:
        head = ENTRY.match(entry)
        if head is None:
            raise ValueError(f"not a locked package: {entry.splitlines()[0]}")
        when = (head["when"] or "").strip()
        found.append(component(head["name"].lower(), head["version"], when, HASH.findall(entry)))
    return found


def bill(lock: str, version: str) -> dict[str, Any]:
    """The whole document. It holds no time and no random number: same lock, same bill."""
    itself = f"pkg:pypi/{NAME}@{version}"
    parts = components(lock)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": NAME,
                "version": version,
                "purl": itself,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": itself, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


if __name__ == "__main__":
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    json.dump(bill(text, exporter.__version__), sys.stdout, indent=2)
    print()
