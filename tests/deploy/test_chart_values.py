"""The schema of the chart's values knows the exporter's configuration, and so refuses its typos."""

import json
from typing import Any

import pytest

from exporter.cli import serve
from exporter.config.schema import GlobalBlock, MatchBlock, ObjectiveBlock, ServerBlock, TlsBlock
from scripts import chart
from tests.deploy.test_chart import need

SCHEMA = json.loads((chart.CHART / "values.schema.json").read_text(encoding="utf-8"))
CONFIG = SCHEMA["properties"]["config"]["properties"]
SERVERS, OBJECTIVES = CONFIG["servers"]["items"], CONFIG["objectives"]["items"]
OPTIONS = {name for facts in serve.PRODUCTS.values() for name in facts.options}
SERVER = {"name": "a", "product": "vb365", "url": "https://x", "username": "u"}


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        (CONFIG["global"], set(GlobalBlock.model_fields)),
        (SERVERS, set(ServerBlock.model_fields) | OPTIONS),
        (SERVERS["properties"]["tls_config"], set(TlsBlock.model_fields)),
        (OBJECTIVES, set(ObjectiveBlock.model_fields)),
        (OBJECTIVES["properties"]["match"], set(MatchBlock.model_fields)),
    ],
    ids=["global", "servers", "tls_config", "objectives", "match"],
)
def test_its_keys_are_those_of_the_configuration(part: dict[str, Any], keys: set[str]) -> None:
    """A key that is new in the exporter is accepted by the chart of the same version."""
    assert set(part["propertyNames"]["enum"]) == keys


def test_its_products_are_those_of_the_exporter() -> None:
    """No other is accepted, none is missing."""
    assert set(SERVERS["properties"]["product"]["enum"]) == set(serve.PRODUCTS)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"servers": [{**SERVER, "pasword_file": "x"}]}, "pasword_file"),
        ({"servers": [{**SERVER, "tls_config": {"cafile": "x"}}]}, "cafile"),
        ({"servers": [{**SERVER, "product": "vb356"}]}, "product"),
        ({"servers": [], "global": {"poll_intervall": "1m"}}, "poll_intervall"),
        ({"servers": [], "objectives": [{"max_age": "1d", "mach": {}}]}, "mach"),
        ({"servers": [], "objectives": [{"max_age": "1d", "match": {"job": "a"}}]}, "job"),
    ],
)
def test_a_misspelt_key_is_refused_before_anything_is_installed(
    config: dict[str, Any], named: str
) -> None:
    """Rather than by pods that do not start."""
    helm = need("helm_python")
    with helm.Chart.load(chart.CHART) as loaded, pytest.raises(helm.HelmError, match=named):
        loaded.render({"config": config})
