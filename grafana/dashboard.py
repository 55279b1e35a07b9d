"""A dashboard: rows of panels that flow from left to right, in Grafana's classic schema."""

from collections.abc import Iterator
from dataclasses import dataclass

from grafana.look import Json
from grafana.panels import Panel
from grafana.variables import TAG, links

SCHEMA_VERSION = 38
"""Of Grafana 10.0. A newer Grafana migrates it; an older number than needed harms nothing."""

GRID_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading. A collapsed row asks nothing until it is opened."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard, known by its `uid`, which is its file's name as well."""

    uid: str
    title: str
    description: str
    since: str
    variables: tuple[Json, ...]
    annotations: tuple[Json, ...]
    rows: tuple[Row, ...]

    def json(self) -> Json:
        """What Grafana imports."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["backup", TAG],
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "1m",
            "time": {"from": self.since, "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "fiscalYearStartMonth": 0,
            "weekStart": "",
            "links": links(),
            "annotations": {"list": list(self.annotations)},
            "templating": {"list": list(self.variables)},
            "panels": list(laid_out(self.rows)),
        }


@dataclass(slots=True)
class Flow:
    """Where the next panel goes. Ids are counted from 1 in reading order."""

    x: int = 0
    y: int = 0
    line_height: int = 0
    number: int = 0

    def place(self, panel: Panel) -> Json:
        """Put a panel beside the one before, or below where there is no room."""
        if self.x + panel.width > GRID_WIDTH:
            self.end_line()
        self.number += 1
        placed = panel.json(self.number, self.x, self.y)
        self.x += panel.width
        self.line_height = max(self.line_height, panel.height)
        return placed

    def end_line(self) -> None:
        """Go on below everything that has been placed."""
        self.x, self.y, self.line_height = 0, self.y + self.line_height, 0

    def head(self, row: Row) -> Json:
        """Put the heading of a row on a line of its own."""
        self.number += 1
        place = {"h": 1, "w": GRID_WIDTH, "x": 0, "y": self.y}
        self.y += 1
        heading = {"id": self.number, "type": "row", "title": row.title, "gridPos": place}
        return {**heading, "collapsed": row.collapsed, "panels": []}


def laid_out(rows: tuple[Row, ...]) -> Iterator[Json]:
    """Headings and panels with their places; a collapsed row holds its panels itself."""
    flow = Flow()
    for row in rows:
        heading = flow.head(row)
        top = flow.y
        panels = [flow.place(panel) for panel in row.panels]
        flow.end_line()
        if row.collapsed:
            flow.y = top
            yield {**heading, "panels": panels}
        else:
            yield heading
            yield from panels
