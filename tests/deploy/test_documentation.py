"""The page about deployment: what it names exists, and its commands are understood."""

import argparse
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from exporter.cli import serve
from exporter.cli.flags import build_parser
from exporter.cli.healthcheck import COMMAND
from scripts import chart
from tests.support.dockerfile import ROOT
from tests.support.rules import alerts

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


def scrape_configs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every example of how Prometheus scrapes the exporter, with the place where it stands."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for text in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if "scrape_configs:" in text:
                yield page.name, yaml.safe_load(text)["scrape_configs"]
    sample = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    yield "prometheus.yml", yaml.safe_load(sample)["scrape_configs"]
    commented = re.findall(r"^  # (?=- job_name|  \S|  {20})(.*)$", sample, flags=re.MULTILINE)
    yield "prometheus.yml, for many servers", yaml.safe_load("\n".join(commented))


SCRAPES = list(scrape_configs())
ASKED_BY_ALERTS = set(re.findall(r"backup_exporter_\w+", "\n".join(r.expression for r in alerts())))
"""What the alerts read of the exporter itself."""


@pytest.mark.parametrize(("place", "jobs"), SCRAPES, ids=[place for place, _ in SCRAPES])
def test_the_alerts_find_the_exporter_in_every_example(place: str, jobs: list[Any]) -> None:
    """The scrape of the exporter has the name that an alert has; those of servers have another.

    One exporter that is down would otherwise be an alert for each of its servers.
    """
    own = [one for one in jobs if one.get("metrics_path") != "/probe"]
    assert [one["job_name"] for one in own] == ["backup-exporter"], place
    of_servers = [one for one in jobs if one.get("metrics_path") == "/probe"]
    assert "backup-exporter" not in {one["job_name"] for one in of_servers}
    if of_servers:
        assert set(own[0]["params"]["name[]"]) >= ASKED_BY_ALERTS
        assert all(one["honor_labels"] for one in of_servers)


def test_there_are_examples_of_both_ways() -> None:
    """The test above has something to look at."""
    both = [place for place, jobs in SCRAPES if len(jobs) == 2]
    assert {"README.md", "scaling.md", "prometheus.yml, for many servers"} <= set(both)


def test_the_signs_for_sharding_are_asked_of_what_is_scraped() -> None:
    """Each metric of the process that the page reads is among those it has scraped."""
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    (jobs,) = [jobs for place, jobs in SCRAPES if place == "scaling.md"]
    wanted = set(re.findall(r"process_\w+(?=\{job=\"backup-exporter\"\})", page))
    assert wanted
    own = next(one for one in jobs if one["job_name"] == "backup-exporter")
    assert wanted <= set(own["params"]["name[]"])
