"""How the HTTP server is asked to behave: the `--web.*` flags as values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporter.config.values import Config
from exporter.errors import ServingError
from exporter.sharding import ALONE, Shard

DEFAULT_PORT = 19741
DEFAULT_TELEMETRY_PATH = "/metrics"
TELEMETRY_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
RESERVED_PATHS = ("/-/", "/api/", "/config", "/job", "/probe", "/sd", "/static/")
LISTEN_ADDRESS = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\[\]:\s/]*)):(?P<port>\d+)"
)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen; an empty host means every address of the machine, IPv4 and IPv6."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen_address(text: str) -> ListenAddress:
    """An address like `:19741`, `127.0.0.1:19741`, `[::1]:19741` or `name:19741`.

    Port 0 lets the system choose. Raises ServingError for anything else.
    """
    found = LISTEN_ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise ServingError(
            f'"{text}" is no address to listen on; write it like ":{DEFAULT_PORT}", '
            f'"127.0.0.1:{DEFAULT_PORT}" or "[::1]:{DEFAULT_PORT}".'
        )
    return ListenAddress(found["v6"] or found["host"] or "", int(found["port"]))


def no_dump(_config: Config) -> str:
    """What /config says when nobody provided the text."""
    return "# The effective configuration is not shown.\n"


@dataclass(frozen=True, slots=True)
class WebOptions:
    """The `--web.*` flags, and how /config is written.

    `max_requests` bounds the scrapes answered at the same time, 0 means no bound.
    `max_series` bounds the series of a page, 0 means no bound.
    `external_address` is the `host:port` that /sd names; without it, the one that was asked.
    `shard` says which of the configured servers are polled here.
    """

    listen_addresses: tuple[ListenAddress, ...] = (ListenAddress("", DEFAULT_PORT),)
    telemetry_path: str = DEFAULT_TELEMETRY_PATH
    enable_lifecycle: bool = False
    max_requests: int = 40
    max_series: int = 0
    web_config: Path | None = None
    external_address: str | None = None
    dump_config: Callable[[Config], str] = no_dump
    shard: Shard = ALONE

    def __post_init__(self) -> None:
        """Raises ServingError when the telemetry path hides another page."""
        path = self.telemetry_path
        taken = any(path == word.rstrip("/") or path.startswith(word) for word in RESERVED_PATHS)
        if taken or not TELEMETRY_PATH.fullmatch(path):
            raise ServingError(
                f'"{path}" cannot be the path of the metrics; take another one, '
                f'like "{DEFAULT_TELEMETRY_PATH}".'
            )
