"""Products and files for the tests of the configuration room."""

from collections.abc import Mapping
from pathlib import Path

from exporter.config.load import load_config
from exporter.config.values import Config, ProductFacts, Selection
from exporter.errors import ConfigurationError

CANARY = "hunter2-canary"

PRODUCTS: Mapping[str, ProductFacts] = {
    facts.name: facts
    for facts in (
        ProductFacts("vb365", "Veeam Backup for Microsoft 365", ("v5", "v6", "v7", "v8")),
        ProductFacts(
            "azure",
            "Veeam Backup for Microsoft Azure",
            ("v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1"),
            max_page_size=200,
            options={"region": ("str", "all"), "snapshots": ("bool", True)},
        ),
        ProductFacts(
            "enterprise_manager",
            "Veeam Backup Enterprise Manager",
            ("v1.5", "v1.6", "v1.7"),
            defaults={"poll_interval": 300.0, "overlap": 3600.0},
            options={
                "replicas": ("bool", True),
                "threads": ("int", 2),
                "collection_age": ("duration", 1800.0),
                "backup_servers": ("selection", Selection()),
            },
        ),
    )
}
ENVIRON = {"PASSWORD": CANARY, "EMPTY": "", "HOST": "backup.example.com"}

SERVER = """\
servers:
  - name: m365
    product: vb365
    url: https://vb365.example.com:4443
    username: monitor
    password: ${PASSWORD}
"""

ANY_FILE = "-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----\n"
"""What passes for a password, a certificate and a key."""

FILES = (
    ("secret", CANARY + "\n"),
    ("empty", "\n"),
    ("cert.pem", "A name\n-----BEGIN CERTIFICATE-----\n"),
    ("key.pem", "-----BEGIN PRIVATE KEY-----\n"),
    ("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
    ("old.pem", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"),
)
"""What a configuration may name: files and what is in them."""


def write(directory: Path, text: str | bytes) -> Path:
    """The configuration file with `text`, and beside it the files that it may name."""
    for name, content in FILES:
        (directory / name).write_text(content, encoding="utf-8")
        (directory / name).chmod(0o600)
    for name, raw in (("latin", b"\xe9\xff"), ("lines", f"{CANARY}\nx\n".encode())):
        (directory / name).write_bytes(raw)
        (directory / name).chmod(0o600)
    path = directory / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def load(directory: Path, text: str | bytes) -> Config:
    """The configuration in `text`; raises ConfigurationError."""
    return load_config(write(directory, text), PRODUCTS, ENVIRON)


def problems(directory: Path, text: str | bytes) -> tuple[str, ...]:
    """The problems in `text`; empty when there are none."""
    try:
        load(directory, text)
    except ConfigurationError as error:
        return error.problems
    return ()
