"""The user's YAML file → `Config`, or every problem in it at once.

Start, reload and `--config.check` all call `load_config`, so they cannot disagree.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from exporter.config.checking import CheckedFile, Entry, check_file
from exporter.config.document import parse, read_text
from exporter.config.problems import Findings, shown
from exporter.config.schema import MatchBlock, ObjectiveBlock
from exporter.config.servers import NO_FACTS, server_config
from exporter.config.surroundings import Surroundings
from exporter.config.values import RECURRING_TYPES, Config, Objective, ProductFacts
from exporter.errors import ConfigurationError

_ANYTHING = re.compile(".*", re.DOTALL)


def load_config(
    path: Path, products: Mapping[str, ProductFacts], environ: Mapping[str, str]
) -> Config:
    """The configuration in the file at `path`.

    `products` says what each product allows, `environ` what `${NAME}` stands for. Raises
    ConfigurationError with one line for each problem, in the order of the file; none of them
    holds a secret.
    """
    findings = Findings(path.name or str(path))
    config = _read(path, products, environ, findings)
    problems = findings.problems()
    if config is None or problems:
        raise ConfigurationError(problems)
    return config


def _read(
    path: Path,
    products: Mapping[str, ProductFacts],
    environ: Mapping[str, str],
    findings: Findings,
) -> Config | None:
    """The configuration as far as it can be read; what is wrong goes to the findings."""
    text = read_text(path, findings)
    document = parse(text, findings) if text is not None else None
    if document is None:
        return None
    checked = check_file(document.value, products, findings)
    around = Surroundings(path.parent.absolute(), environ, findings)
    servers = tuple(
        server_config(entry, checked.defaults, _facts(entry.block.product, products), around)
        for entry in checked.servers
    )
    objectives = tuple(_objective(entry, findings) for entry in checked.objectives)
    _compare_entries(document.value, checked, findings)
    return Config(servers, objectives, findings.warnings(), path)


def _facts(product: str | None, products: Mapping[str, ProductFacts]) -> ProductFacts:
    return products.get(product or "", NO_FACTS)


def _objective(entry: Entry[ObjectiveBlock], findings: Findings) -> Objective:
    if "max_age" not in entry.written:
        findings.add((*entry.location, "max_age"), "is required")
    match = entry.block.match or MatchBlock()
    return Objective(
        match.server or _ANYTHING,
        match.job_name or _ANYTHING,
        match.session_type or RECURRING_TYPES,
        entry.block.max_age or 0.0,
    )


def _compare_entries(value: object, checked: CheckedFile, findings: Findings) -> None:
    """What is only seen by looking at all entries together."""
    if isinstance(value, dict) and value.get("servers", []) == []:
        findings.add(("servers",), "at least one server is needed")
    first: dict[str, str] = {}
    for entry in checked.servers:
        name = entry.block.name
        if name is None:
            continue
        position = f"servers[{entry.location[-1]}]"
        if name in first:
            sentence = f"{shown(name)} is the name of {first[name]} already; names are unique"
            findings.add((*entry.location, "name"), sentence)
        first.setdefault(name, position)
    for objective in checked.objectives:
        pattern = objective.block.match.server if objective.block.match else None
        if pattern and not any(pattern.fullmatch(name) for name in first):
            sentence = f"{shown(pattern.pattern)} matches the name of no server"
            findings.warn((*objective.location, "match", "server"), sentence)
