"""What a configuration takes from outside its file: environment variables and other files."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.config.problems import Findings, Location, printable
from exporter.config.values import Password, Secret
from exporter.errors import ConfigurationError

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MODES_TELL_READERS = os.name == "posix"
"""Whether the mode of a file says who may read it. On Windows it always says: everybody."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The directory that file names are relative to, the environment, and where to complain."""

    directory: Path
    environ: Mapping[str, str]
    findings: Findings

    def expanded(self, text: str, location: Location) -> str | None:
        """`text` with each `${NAME}` replaced; None after saying which variable is missing.

        Only this one form is known: a value that holds `${` for another reason, such as an
        unusual password, belongs into a file of its own.
        """
        names = set(_REFERENCE.findall(text))
        if not all(_VARIABLE.fullmatch(name) for name in names):
            self.findings.add(location, "only ${NAME} with the name of a variable is replaced; "
                              "keep a password that holds ${ in a password_file")  # fmt: skip
            return None
        missing = sorted(name for name in names if name not in self.environ)
        for name in missing:
            sentence = f"the environment variable {printable(name)} is not set"
            self.findings.add(location, sentence)
        if missing:
            return None
        full = _REFERENCE.sub(lambda found: self.environ[found.group(1)], text)
        if not full.strip():
            self.findings.add(location, f"is empty: {', '.join(sorted(names))} holds nothing")
            return None
        return full

    def file(self, text: str, location: Location, written: str) -> Path | None:
        """The readable file that `text` names; None after saying why there is none.

        `written` is what the user wrote: an expanded name might be a password put there by
        mistake, so it is not repeated.
        """
        path = self.directory / text
        try:
            usable = stat.S_ISREG(path.stat().st_mode)
            if usable:
                path.open("rb").close()
            why = "" if usable else "it is not a regular file"
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not a usable file name"
        if why:
            # An address that was put here by mistake may carry a password.
            name = "what is an address and no file" if "://" in written else printable(written)
            self.findings.add(location, f"cannot read {name}: {why}")
            return None
        return path

    def secret_file(self, text: str, location: Location, written: str) -> Path | None:
        """A file that others should not be able to read; a warning when they are."""
        path = self.file(text, location, written)
        if path and MODES_TELL_READERS and path.stat().st_mode & stat.S_IROTH:
            self.findings.warn(location, "everyone on this machine can read this file; chmod o-r")
        return path

    def password_in(self, path: Path, location: Location) -> Password:
        """The password in a file; says so when there is none in it."""
        found = Password(file=path)
        try:
            if found.read() == Secret(""):
                self.findings.add(location, "the file is empty; it must hold the password")
        except ConfigurationError:
            self.findings.add(location, "the file is not UTF-8 text")
        return found
