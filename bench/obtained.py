"""Other people's programs that are measured against, where `make bench-peers` has put them.

They are nothing that this exporter needs: no lock file knows them, and without them their rows say
how to get them.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".bench-peers"
HOW = "needs `make bench-peers`"


def folder_of(distribution: str, base: Path = FOLDER) -> Path | None:
    """Where a distribution lies with all that it needs; None if it is not there."""
    folder = base / distribution
    return folder if folder.is_dir() and any(folder.glob("*.dist-info")) else None


def make_importable(distribution: str, base: Path = FOLDER) -> None:
    """Let this process import it, after everything that is installed for this exporter."""
    folder = folder_of(distribution, base)
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
