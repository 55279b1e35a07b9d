"""The directory of the ledger: a small disk of its own where this user may mount one."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

SIZE = "16m"
"""Room for the ledger and its write-ahead log of 4 MB, and soon filled."""
PAGE = 4096
PAGES_SPARED = 1
"""The first page stays: a file that is no database at all is noticed by everybody."""


class Storage:
    """Where the exporter keeps its ledger. `separate` says whether it is a disk of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.separate = os.geteuid() == 0 and self._mount(
            "-t", "tmpfs", "-o", f"size={SIZE}", "soak"
        )
        self._filler = path / "filler"

    def _mount(self, *arguments: str) -> bool:
        command = ["mount", *arguments, str(self.path)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def fill(self) -> None:
        """Leave no room at all."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                return

    def free(self) -> None:
        """Make room again."""
        self._filler.unlink(missing_ok=True)

    def read_only(self) -> bool:
        """Let nobody write; False while somebody has a file open."""
        return self._mount("-o", "remount,ro")

    def writable(self) -> None:
        """Let everybody write again."""
        self._mount("-o", "remount,rw")

    def moved_aside(self) -> int:
        """How many damaged ledgers lie there."""
        return len([*self.path.glob("ledger.db.damaged-*[0-9Z]")])

    def damage(self) -> None:
        """Overwrite the ledger from its second page on, also under a running exporter.

        All is first brought into the one file, as SQLite itself does now and then; the exporter
        then finds another version than it remembers, and reads what is there.
        """
        path = self.path / "ledger.db"
        with closing(sqlite3.connect(path, timeout=10.0, isolation_level=None)) as connection:
            connection.execute("INSERT OR REPLACE INTO exporter VALUES ('soak', '')")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with path.open("r+b") as file:
                file.seek(PAGES_SPARED * PAGE)
                file.write(b"\xa5" * (path.stat().st_size - PAGES_SPARED * PAGE))

    def close(self) -> None:
        """Take the disk away again."""
        if self.separate:
            subprocess.run(["umount", "-l", str(self.path)], check=False)
