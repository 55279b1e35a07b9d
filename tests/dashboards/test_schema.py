"""Grafana's own model of a dashboard, as its SDK has it, understands every key.

The SDK drops what it does not know and adds what it takes for granted. So all that was written must
come back, and what comes back must not change again.
"""

import copy
import json
import warnings
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.support.dashboards import UIDS, Json, load, panels

with warnings.catch_warnings():
    # The SDK warns on import that a newer schema exists, which Grafana 10 and 11 cannot read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import units
    from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()

UNITS = {get_args(kind)[0] for kind in units.__annotations__.values()}


def round_trip(dashboard: Json) -> Json:
    """The dashboard after it went through the SDK's model."""
    text = json.dumps(Dashboard.from_json(copy.deepcopy(dashboard)), cls=JSONEncoder)
    returned: Json = json.loads(text)
    return returned


def lost(written: Any, returned: Any, path: str = "") -> Iterator[str]:
    """Where something that was written is missing or another thing in what came back."""
    if isinstance(written, dict) and isinstance(returned, dict):
        for key, value in written.items():
            if key in returned:
                yield from lost(value, returned[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(written, list) and isinstance(returned, list):
        for index, value in enumerate(written):
            found = returned[index] if index < len(returned) else None
            yield from lost(value, found, f"{path}/{index}")
    elif written != returned:
        yield path


@pytest.mark.parametrize("uid", UIDS)
def test_all_that_was_written_comes_back(uid: str) -> None:
    """No key is misspelt or out of place, no value of another type."""
    assert list(lost(load(uid), round_trip(load(uid)))) == []


@pytest.mark.parametrize("uid", UIDS)
def test_what_comes_back_does_not_change_again(uid: str) -> None:
    """The model reads its own writing as the same dashboard."""
    once = round_trip(load(uid))
    assert round_trip(once) == once


@pytest.mark.parametrize("uid", UIDS)
def test_units_are_those_of_grafana(uid: str) -> None:
    """Every unit, in panels and in columns, is one that Grafana knows."""
    named = {panel["fieldConfig"]["defaults"]["unit"] for panel in panels(load(uid))}
    for panel in panels(load(uid)):
        for override in panel["fieldConfig"]["overrides"]:
            named |= {each["value"] for each in override["properties"] if each["id"] == "unit"}
    assert named - UNITS == set()
    assert "seconds" not in UNITS


@pytest.mark.parametrize(
    ("place", "key"),
    [((), "titel"), (("panels", 1), "descripton"), (("panels", 1, "options"), "colourMode")],
)
def test_a_misspelt_key_is_noticed(place: tuple[str | int, ...], key: str) -> None:
    """The check can fail, at every depth."""
    dashboard = load("backup-fleet")
    spoilt: Any = dashboard
    for step in place:
        spoilt = spoilt[step]
    spoilt[key] = "x"
    assert list(lost(dashboard, round_trip(dashboard))) == [
        "/".join(("", *map(str, place), key)),
    ]
