"""Golden files: what users see, kept as text beside the tests."""

import os
from pathlib import Path


def assert_golden(path: Path, text: str) -> None:
    """Compare `text` with the file, or write it where `make golden` asks for that."""
    if os.environ.get("UPDATE_GOLDEN", "") not in ("", "0"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.is_file(), f"{path.name} is missing; `make golden` writes it"
    kept = path.read_text(encoding="utf-8")
    assert text == kept, f"{path.name} differs; if that is meant, run `make golden`"
