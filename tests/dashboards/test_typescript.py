"""Grafana's own TypeScript types accept every panel, those of Grafana 10 and of Grafana 13."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support.dashboards import UIDS, Json, load, panels
from tests.support.grafana_types import FOLDER, PATHS, constants, mistakes

Place = tuple[str | int, ...]

SPOILT: dict[str, tuple[str, Place, Any]] = {
    "a key that no panel has": ("stat", ("descripton",), "x"),
    "a description that is no text": ("stat", ("description",), 7),
    "a key that this panel does not have": ("stat", ("options", "displayMode"), "basic"),
    "a word that the option does not know": ("stat", ("options", "colorMode"), "backgruond"),
    "a switch that is a word": ("stat", ("options", "wideLayout"), "true"),
    "a key deep inside of the options": ("bargauge", ("options", "reduceOptions", "calc"), []),
    "an unknown way to show bars": ("bargauge", ("options", "displayMode"), "lcdd"),
    "an unknown mode of a legend": (
        "timeseries",
        ("options", "legend", "displayMode"),
        "lines",
    ),
    "an unknown way to draw": (
        "timeseries",
        ("fieldConfig", "defaults", "custom", "drawStyle"),
        "line ",
    ),
    "a key that lines do not have": ("timeseries", ("fieldConfig", "defaults", "custom", "lw"), 1),
    "an unknown mode of colours": (
        "stat",
        ("fieldConfig", "defaults", "color", "mode"),
        "threshold",
    ),
    "an unknown kind of thresholds": (
        "stat",
        ("fieldConfig", "defaults", "thresholds", "mode"),
        "abs",
    ),
    "an unknown way to show values": ("state-timeline", ("options", "showValue"), "yes"),
    "an unknown height of rows": ("table", ("options", "cellHeight"), "xs"),
    "an unknown kind of cell": (
        "table",
        ("fieldConfig", "defaults", "custom", "cellOptions", "type"),
        "colour",
    ),
    "an override of nothing": (
        "table",
        ("fieldConfig", "overrides", 0, "properties", 0, "id"),
        "custom.cellOption",
    ),
    "a unit that is a number": (
        "table",
        ("fieldConfig", "overrides", 0, "properties", 0),
        {"id": "unit", "value": 1},
    ),
    "an unknown transformation": ("table", ("transformations", 0, "id"), "organise"),
    "an unknown scale of a heatmap": ("heatmap", ("options", "color", "scale"), "log"),
    "an unknown state of alerts": ("alertlist", ("options", "stateFilter", "fired"), True),
    "a misspelt expression": ("stat", ("targets", 0, "expression"), "up"),
    "an unknown format of a query": ("stat", ("targets", 0, "format"), "series"),
    "a wrong place on the grid": ("stat", ("gridPos", "w"), "4"),
    "a row that opens by a word": ("row", ("collapsed",), "no"),
    "an unknown way to refresh a variable": (
        "dashboard",
        ("templating", "list", 1, "refresh"),
        3,
    ),
    "an unknown type of variable": ("dashboard", ("templating", "list", 0, "type"), "source"),
    "a misspelt definition": ("dashboard", ("templating", "list", 1, "definiton"), "x"),
    "an unknown type of link": ("dashboard", ("links", 0, "type"), "dashboard"),
    "a misspelt key of an annotation": ("dashboard", ("annotations", "list", 0, "exprs"), "x"),
    "a misspelt key of the dashboard": ("dashboard", ("schemaVersions",), 38),
}
"""Kind of panel, place in it, and what is wrong there."""


def spoilt(kind: str, place: Place, value: Any) -> tuple[str, Json]:
    """The first panel of a kind that has the place, or the dashboard, with a mistake."""
    dashboard = load("backup-fleet") if kind == "dashboard" else None
    found = (panel for uid in UIDS for panel in load(uid)["panels"] + list(panels(load(uid))))
    candidates = [dashboard] if dashboard else [panel for panel in found if panel["type"] == kind]
    for candidate in candidates:
        copied = copy.deepcopy(candidate)
        inner: Any = copied
        try:
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = value
        except (KeyError, IndexError):
            continue
        if kind in ("dashboard", "row"):
            copied["panels"] = []
        return ("Dashboard" if kind == "dashboard" else f'Panels["{kind}"]'), copied
    raise LookupError(f"no {kind} has {place}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", PATHS)
def test_grafanas_types_accept_every_panel(tmp_path: Path, version: str) -> None:
    """No key, type or word that the newest or the oldest supported Grafana would not understand."""
    written = [constant for uid in UIDS for constant in constants(uid, load(uid))]
    assert mistakes(written, tmp_path, version) == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", PATHS)
def test_each_kind_of_mistake_is_noticed(tmp_path: Path, version: str) -> None:
    """The check can fail: a wrong key, type or word in any part of a panel is reported."""
    names = {f"spoilt_{index}": what for index, what in enumerate(SPOILT)}
    written = [(name, *spoilt(*SPOILT[what])) for name, what in names.items()]
    found = mistakes(written, tmp_path, version)
    assert [what for name, what in names.items() if name not in found] == []


def test_the_lock_names_no_registry() -> None:
    """Where packages come from is the business of each machine; what they are is in the lock."""
    text = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count('"integrity": "sha512-') == text.count('"version":') > 0
