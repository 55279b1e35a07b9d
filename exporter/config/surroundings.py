"""What a configuration takes from outside its file: environment variables and other files."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.config.problems import Findings, Location, printable
from exporter.config.values import Password
from exporter.errors import ConfigurationError

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CERTIFICATE = re.compile(rb"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(\s+Proc-Type: 4,ENCRYPTED)?")
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

    def certificate_file(self, text: str, location: Location, written: str) -> Path | None:
        """A file with certificates; says so when there are none in it."""
        path = self.file(text, location, written)
        if path and not _CERTIFICATE.search(path.read_bytes()):
            self.findings.add(location, f"{printable(written)} holds no certificate as PEM text; "
                              "openssl x509 -inform der converts a binary one")  # fmt: skip
        return path

    def key_file(self, text: str, location: Location, written: str) -> Path | None:
        """A file with a private key that needs no passphrase; says so when it is another."""
        path = self.secret_file(text, location, written)
        found = _KEY.search(path.read_bytes()) if path else None
        if path and not found:
            self.findings.add(location, "holds no private key as PEM text")
        if found and b"ENCRYPTED" in found.group():
            sentence = "holds a key with a passphrase, which nobody can type here; "
            self.findings.add(location, sentence + "openssl pkey writes it without")
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
            text = found.read().reveal()
            if not text:
                self.findings.add(location, "the file is empty; it must hold the password")
            elif len(text.splitlines()) > 1:
                sentence = "the file holds several lines; it must hold nothing but the password"
                self.findings.add(location, sentence)
        except ConfigurationError:
            self.findings.add(location, "the file is not UTF-8 text")
        return found
