"""The example configuration, loaded as its reader would: with every file and variable it names."""

import re
from pathlib import Path

from exporter.config.load import load_config
from exporter.config.values import Config
from exporter.sources import SOURCES
from tests.support.config_files import ANY_FILE

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"

_FILE = re.compile(r'^\s*[a-z_]+_file:\s*"?([^\s"#]+)', re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def load_example(folder: Path) -> Config:
    """The example with the real products. Raises ConfigurationError."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for name in _FILE.findall(text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ANY_FILE, encoding="utf-8")
        path.chmod(0o600)
    copied = folder / EXAMPLE.name
    copied.write_text(text, encoding="utf-8")
    facts = {name: product.facts for name, product in SOURCES.items()}
    return load_config(copied, facts, dict.fromkeys(_VARIABLE.findall(text), "x"))
