"""The configuration as frozen values: what every other room reads.

`load.py` creates them from the user's file; nothing here reads a file except the password, which
is read when it is needed so that a rotated secret is picked up without a restart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.errors import ConfigurationError

MASK = "<secret>"


class Secret:
    """A string that shows itself to nobody: `str`, `repr` and format give `<secret>`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class Password:
    """Where a password comes from: the configuration or environment, or a file of its own."""

    value: Secret | None = None
    file: Path | None = None

    def read(self) -> Secret:
        """The password now. Raises ConfigurationError when its file cannot be read.

        Editors of Windows put a byte order mark in front and a line end behind; neither is part
        of a password.
        """
        if self.value is not None:
            return self.value
        assert self.file is not None
        try:
            return Secret(self.file.read_text(encoding="utf-8-sig").rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            raise ConfigurationError((f"password_file {self.file}: {why}",)) from None


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """How a server's certificate is judged, and which one we show."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    pinned_sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Include and exclude patterns, anchored; an empty include admits what `default` says."""

    include: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[re.Pattern[str], ...] = ()

    def admits(self, text: str, *, default: bool = True) -> bool:
        """Whether `text` is included and not excluded."""
        if any(pattern.fullmatch(text) for pattern in self.exclude):
            return False
        if not self.include:
            return default
        return any(pattern.fullmatch(text) for pattern in self.include)


RECURRING_TYPES = re.compile(
    "(?!.*(?:archive|check|creation|deletion|download|edit|import|indexing|manual|rescan|restore"
    "|retention|retrieval|sync)).*",
    re.DOTALL | re.IGNORECASE,
)
"""The session types that an objective speaks of unless it names others.

A repository that was made once owes no second success, nor does a restore. Excluding what is known
to be so, rather than listing what protects, keeps an objective for the types that are yet to come.
"""


@dataclass(frozen=True, slots=True)
class Objective:
    """How old the last success of the jobs it matches may be (`max_age`, seconds)."""

    server: re.Pattern[str]
    job_name: re.Pattern[str]
    session_type: re.Pattern[str]
    max_age: float

    def matches(self, server: str, job_name: str, session_type: str) -> bool:
        """Whether this objective is meant for such a job."""
        return bool(
            self.server.fullmatch(server)
            and self.job_name.fullmatch(job_name)
            and self.session_type.fullmatch(session_type)
        )


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """One configured backup server with every default filled in. Durations are seconds."""

    name: str
    product: str
    url: str
    username: str
    password: Password
    api_version: str = "auto"
    tls: TlsConfig = TlsConfig()
    proxy_url: str | None = field(default=None, repr=False)  # it may hold a password
    jobs: Selection = Selection()
    session_types: Selection = Selection()
    options: Mapping[str, object] = field(default_factory=dict)
    poll_interval: float = 60.0
    request_timeout: float = 30.0
    lookback: float = 14 * 86400.0
    overlap: float = 15 * 60.0
    stale_after: float = 15 * 60.0
    forget_after: float = 30 * 86400.0
    page_size: int = 1000
    max_jobs: int = 5000
    success_results: tuple[str, ...] = ("success", "warning")


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, ready to use.

    `warnings` are lines about what works and is still unwise; `path` is the file it came from.
    """

    servers: tuple[ServerConfig, ...]
    objectives: tuple[Objective, ...] = ()
    warnings: tuple[str, ...] = ()
    path: Path | None = None

    def max_age(self, server: str, job_name: str, session_type: str) -> float | None:
        """The objective of a job in seconds: the first one that matches, None if none does."""
        for objective in self.objectives:
            if objective.matches(server, job_name, session_type):
                return objective.max_age
        return None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What the configuration must know of a product to check an entry.

    `api_versions` are the values `api_version` may have beside `auto`. `defaults` replace those of
    the `global` block (seconds; keys of ServerConfig). `options` are keys that only this product
    has, with their type (`bool`, `int`, `str`, `duration`, `selection`) and default value.
    """

    name: str
    title: str
    api_versions: tuple[str, ...]
    defaults: Mapping[str, float] = field(default_factory=dict)
    max_page_size: int = 1000
    options: Mapping[str, tuple[str, object]] = field(default_factory=dict)
