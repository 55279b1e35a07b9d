"""Reference pages that follow from tables in the code: written anew, or compared with the files.

`python -m scripts.generated_pages` writes them, `--check` only says which ones are out of date.
Each page is what its module prints, so that page and code cannot drift apart.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "docs/configuration.md": "exporter.config.reference",
    "docs/metrics.md": "exporter.metrics",
}


def printed_by(module: str) -> str:
    """What `python -m module` prints. Raises CalledProcessError or ValueError without a page."""
    command = [sys.executable, "-X", "utf8", "-m", module]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S603
    if not run.stdout.strip():
        raise ValueError(f"python -m {module} prints no page")
    return run.stdout.decode("utf-8").replace("\r\n", "\n")


def differs(page: str, text: str) -> bool:
    """Whether the file of a page is missing or holds something else."""
    path = ROOT / page
    return not path.is_file() or path.read_text(encoding="utf-8") != text


def write(page: str, text: str) -> None:
    """Put `text` into the file of a page, with its folder."""
    path = ROOT / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """Write the pages that differ, or with `--check` report them. Returns the exit code."""
    check = arguments == ["--check"]
    texts = {page: printed_by(module) for page, module in PAGES.items()}
    stale = [page for page, text in texts.items() if differs(page, text)]
    for page in stale:
        if not check:
            write(page, texts[page])
        print(f"{page}: {'out of date; run `make docs`' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
