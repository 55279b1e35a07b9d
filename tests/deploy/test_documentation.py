"""The page about deployment: what it names exists, and its commands are understood."""

import argparse
import re
from collections.abc import Iterator

import pytest
import yaml

from exporter.cli import serve
from exporter.cli.flags import build_parser
from exporter.cli.healthcheck import COMMAND
from scripts import chart
from tests.support.dockerfile import ROOT

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
FENCES = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)


def paths() -> Iterator[str]:
    """Everything that looks like a path of this repository."""
    yield from re.findall(r"\b((?:deploy|grafana|docs)/[\w./-]*\w)", PAGE)


@pytest.mark.parametrize("path", sorted(set(paths())))
def test_what_the_page_names_exists(path: str) -> None:
    """A path that was renamed would send people into the void."""
    assert (ROOT / path).exists()


def test_the_health_checks_are_understood() -> None:
    """Each form in the table is a usage that the command accepts."""
    found = re.findall(r"`healthcheck([^`]*)`", PAGE)
    forms = [form.split(":")[0] if form.startswith(":") else form for form in found]
    assert len([form for form in forms if form]) >= 3
    for form in forms:
        build_parser((COMMAND,)).parse_args(["healthcheck", *form.split()])


def test_the_flags_are_those_of_the_exporter() -> None:
    """Every dotted flag on the page is one of `serve`."""
    parser = argparse.ArgumentParser()
    serve.add_flags(parser)
    known = set(parser._option_string_actions)
    named = set(re.findall(r"--(?:config|storage|web|shard|log)\.[a-z-]+(?:\.[a-z]+)?", PAGE))
    assert len(named) >= 3
    assert named - known == set()


def test_the_values_are_those_of_the_chart() -> None:
    """The example renders, and every value that the text names exists."""
    examples = [text for kind, text in FENCES if kind == "yaml"]
    assert len(examples) == 1
    values = yaml.safe_load((chart.CHART / "values.yaml").read_text(encoding="utf-8"))
    for name in re.findall(
        r"`((?:web|serviceMonitor|scrapeConfig|shards)(?:\.(?!yml)\w+)?)`", PAGE
    ):
        section, _, key = name.partition(".")
        assert section in values
        assert not key or key in values[section]
    for key, value in yaml.safe_load(examples[0]).items():
        assert key in values
        assert not isinstance(value, dict) or key == "config" or set(value) <= set(values[key])


def test_five_ways_have_a_command_and_a_section_each() -> None:
    """The table at the top leads to each of them."""
    rows = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \| `[^`]+` \|", PAGE, flags=re.MULTILINE)
    assert [name for name, _ in rows] == [
        "container",
        "compose",
        "Kubernetes",
        "systemd",
        "Windows",
    ]
    headings = {line.lower() for line in re.findall(r"^## (\w+)$", PAGE, flags=re.MULTILINE)}
    assert {anchor for _, anchor in rows} <= headings


def test_the_exposure_is_what_systemd_says() -> None:
    """The page promises no more than the unit's test allows."""
    (promised,) = re.findall(r"gives (\d\.\d) of 10", PAGE)
    assert float(promised) <= 1.5
