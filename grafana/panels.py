"""Panels: what each kind looks like, said once; a dashboard adds titles and questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from grafana.look import BLUE, PLAIN, Json, State, thresholds

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The data source that the reader has chosen; nothing in a dashboard names one."""


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression. `now` asks for one moment, otherwise for the whole time range."""

    expression: str
    legend: str = "__auto"
    now: bool = False
    format: Literal["time_series", "table", "heatmap"] = "time_series"

    def json(self, letter: str) -> Json:
        """The target of a panel."""
        return {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": self.expression,
            "format": self.format,
            "instant": self.now,
            "legendFormat": self.legend,
            "range": not self.now,
            "refId": letter,
        }


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `defaults` are field options, `more` what else stands on the panel itself."""

    kind: str
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    no_value: str = "no data"
    width: int = 8
    height: int = 8
    options: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    more: Json = field(default_factory=dict)

    def json(self, number: int, x: int, y: int) -> Json:
        """The panel at its place. Targets are lettered in the order of the queries."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        defaults = {"unit": self.unit, "noValue": self.no_value, **self.defaults}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": defaults, "overrides": list(self.overrides)},
            "options": self.options,
            "targets": [
                query.json(letter) for letter, query in zip(letters, self.queries, strict=False)
            ],
            **self.more,
        }

    def sized(self, width: int, height: int) -> "Panel":
        """The same panel in another size."""
        return replace(self, width=width, height=height)


def override(name: str, properties: Mapping[str, Any]) -> Json:
    """Field options for the one field or series of that name."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def fixed(colour: str) -> Json:
    """One colour, whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


LAST_VALUE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
LEGEND = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
TOOLTIP = {"mode": "multi", "sort": "desc"}
BY_THRESHOLD = {"mode": "thresholds"}


def time_series(
    title: str, description: str, *queries: Query, unit: str = "short", **changes: Any
) -> Panel:
    """Lines over time, from 0 on unless `defaults` says `min: None`."""
    custom = {"drawStyle": "line", "fillOpacity": 8, "lineWidth": 1, "showPoints": "auto"}
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": custom,
        "min": 0,
        **changes.pop("defaults", {}),
    }
    said = {key: value for key, value in defaults.items() if value is not None}
    options = {"legend": LEGEND, "tooltip": TOOLTIP}
    panel = Panel("timeseries", title, description, queries, unit, width=12)
    return replace(panel, options=options, defaults=said, **changes)


def bars(title: str, description: str, query: Query, unit: str = "short", **changes: Any) -> Panel:
    """Stacked bars, one for each hour or more, for what is counted."""
    custom = {
        "drawStyle": "bars",
        "fillOpacity": 80,
        "lineWidth": 0,
        "showPoints": "never",
        "stacking": {"group": "A", "mode": "normal"},
    }
    defaults = {"custom": custom, **({"decimals": 0} if unit == "short" else {})}
    more = {"interval": "1h", **changes.pop("more", {})}
    return time_series(
        title, description, query, unit=unit, defaults=defaults, more=more, **changes
    )


def stat(title: str, description: str, query: Query, unit: str = "short", **changes: Any) -> Panel:
    """One number, or one for each series, on the colour of its threshold or word."""
    defaults = {"color": BY_THRESHOLD, "thresholds": PLAIN, **changes.pop("defaults", {})}
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": LAST_VALUE,
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    }
    panel = Panel("stat", title, description, (query,), unit, width=4, height=4)
    return replace(panel, options=options, defaults=defaults, **changes)


def bar_gauge(
    title: str, description: str, query: Query, unit: str = "percentunit", **changes: Any
) -> Panel:
    """A bar for each series, against a limit."""
    defaults = {
        "color": BY_THRESHOLD,
        "max": 1,
        "min": 0,
        "thresholds": PLAIN,
        **changes.pop("defaults", {}),
    }
    options = {
        "displayMode": "basic",
        "maxVizHeight": 60,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": LAST_VALUE,
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }
    panel = Panel("bargauge", title, description, (query,), unit)
    return replace(panel, options=options, defaults=defaults, **changes)


def _states(kind: str, options: Json, words: Json, panel: Panel) -> Panel:
    shown = {"legend": LEGEND, "perPage": 25, "tooltip": {"mode": "single", "sort": "none"}}
    defaults = {
        "color": BY_THRESHOLD,
        "custom": {"fillOpacity": 85, "lineWidth": 1},
        "mappings": [words],
        "thresholds": PLAIN,
        **panel.defaults,
    }
    return replace(panel, kind=kind, options={**shown, **options}, defaults=defaults)


def state_timeline(
    title: str, description: str, query: Query, words: Json, **changes: Any
) -> Panel:
    """A line for each series that changes its colour and word with its state."""
    options = {"alignValue": "left", "mergeValues": True, "rowHeight": 0.85, "showValue": "auto"}
    panel = replace(Panel("", title, description, (query,), width=24), **changes)
    return _states("state-timeline", options, words, panel)


def status_history(
    title: str, description: str, query: Query, words: Json, **changes: Any
) -> Panel:
    """A cell for each series and slice of time."""
    options = {"colWidth": 0.92, "rowHeight": 0.88, "showValue": "auto"}
    panel = replace(Panel("", title, description, (query,), width=24, height=14), **changes)
    return _states("status-history", options, words, panel)


def heatmap(title: str, description: str, query: Query, **changes: Any) -> Panel:
    """How many observations fell into each bucket of a histogram, in seconds, over time."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "exponent": 0.5,
            "fill": BLUE,
            "mode": "scheme",
            "reverse": False,
            "scale": "exponential",
            "scheme": "Cividis",
            "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
    }
    panel = Panel("heatmap", title, description, (query,), "s", width=24, height=9)
    return replace(panel, options=options, more={"interval": "1h"}, **changes)


def alert_list(title: str, description: str, labels: str, **changes: Any) -> Panel:
    """Alerts that fire or wait, from every rule source that Grafana knows of."""
    options = {
        "alertInstanceLabelFilter": labels,
        "alertName": "",
        "dashboardAlerts": False,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": 30,
        "sortOrder": 3,
        "stateFilter": {"error": True, "firing": True, "noData": False, "pending": True},
        "viewMode": "list",
    }
    return replace(Panel("alertlist", title, description, ()), options=options, **changes)


def coloured_series(states: tuple[State, ...]) -> tuple[Json, ...]:
    """Give each series that is named after a state that state's colour."""
    return tuple(override(state.word, {"color": fixed(state.colour)}) for state in states)


def dashed(name_pattern: str, colour: str) -> Json:
    """Draw the series whose names match as a dashed line: a limit, not a measurement."""
    properties = {
        "custom.lineStyle": {"fill": "dash", "dash": [10, 10]},
        "custom.fillOpacity": 0,
        "color": fixed(colour),
    }
    drawn = [{"id": key, "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byRegexp", "options": name_pattern}, "properties": drawn}


def limit_at(value: float, colour: str) -> Json:
    """Field defaults that draw a dashed line at a value."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 8,
        "lineWidth": 1,
        "showPoints": "auto",
        "thresholdsStyle": {"mode": "dashed"},
    }
    return {"custom": custom, "thresholds": thresholds("transparent", (value, colour))}
