"""Tables: several instant queries joined on their labels, one row for each thing."""

from dataclasses import dataclass, replace
from typing import Any

from grafana.look import Json
from grafana.panels import Panel, Query, override


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the label or `Value #A` that it shows, its heading, and field options."""

    field: str
    heading: str
    unit: str = ""
    options: Json | None = None

    def override(self) -> Json | None:
        """The field options of this column, if it has any."""
        unit = {"unit": self.unit} if self.unit else {}
        options = {**unit, **(self.options or {})}
        return override(self.heading, options) if options else None


BACKGROUND = {"type": "color-background", "mode": "basic"}
COLOURED_TEXT = {"type": "color-text"}


def link(title: str, url: str) -> Json:
    """A link in a cell. It opens in a new tab where it leaves Grafana."""
    return {"title": title, "url": url, "targetBlank": not url.startswith("/")}


def rows(expression: str) -> Query:
    """A query for a table: now, one row for each series."""
    return Query(expression, legend="", now=True, format="table")


def organize(queries: tuple[Query, ...], columns: tuple[Column, ...], hidden: Json) -> Json:
    """The transformation that orders and names the columns, and hides the others."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(queries)]
    shown = {column.field for column in columns}
    values = ["Time", "Value", *(f"Value #{letter}" for letter in letters)]
    excluded = {name: True for name in values if name not in shown}
    return {
        "id": "organize",
        "options": {
            "excludeByName": {**excluded, **hidden},
            "indexByName": {column.field: index for index, column in enumerate(columns)},
            "renameByName": {column.field: column.heading for column in columns},
        },
    }


def table(
    title: str,
    description: str,
    queries: tuple[Query, ...],
    columns: tuple[Column, ...],
    **changes: Any,
) -> Panel:
    """A table. Pages instead of a limit keep it usable with any number of rows."""
    hidden = dict.fromkeys(changes.pop("hidden", ()), True)
    sort = changes.pop("sort", ())
    options = {
        "cellHeight": "sm",
        "footer": {"enablePagination": True, "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": True, "displayName": heading} for heading in sort],
    }
    found = (column.override() for column in columns)
    panel = Panel("table", title, description, queries, width=24, height=9)
    return replace(
        panel,
        options=options,
        defaults={"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}},
        overrides=tuple(each for each in found if each),
        more={
            "transformations": [
                {"id": "merge", "options": {}},
                organize(queries, columns, hidden),
            ]
        },
        **changes,
    )
