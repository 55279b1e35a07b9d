"""Reading dashboards: their panels, and the PromQL in them with Grafana's variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "grafana" / "dashboards"
UIDS = ("backup-fleet", "backup-job", "backup-exporter")

Json = dict[str, Any]

FILLINGS: Mapping[str, str] = {
    "__rate_interval": "5m",
    "__interval": "5m",
    "__range": "6h",
    "product": ".+",
    "server": ".+",
    "job_name": ".*",
    "instance": ".+",
}
"""What a variable stands for where everything is chosen."""

VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


def load(uid: str) -> Json:
    """A committed dashboard."""
    text = (FOLDER / f"{uid}.json").read_text(encoding="utf-8")
    dashboard: Json = json.loads(text)
    return dashboard


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel in reading order, those in collapsed rows too, without the rows themselves."""
    for panel in everything(dashboard):
        if panel["type"] != "row":
            yield panel


def everything(dashboard: Json) -> Iterator[Json]:
    """Every row and panel in reading order."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def filled(expression: str, fillings: Mapping[str, str] = FILLINGS) -> str:
    """An expression with its variables filled in. An unknown variable raises KeyError."""
    return VARIABLE.sub(lambda found: fillings[found[1] or found[2]], expression)


def expressions(dashboard: Json, fillings: Mapping[str, str] = FILLINGS) -> list[tuple[str, str]]:
    """Title and expression of every panel query, ready to be asked."""
    return [
        (panel["title"], filled(target["expr"], fillings))
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]


def label_values(query: str) -> tuple[str, str]:
    """Selector and label of a query variable. Raises ValueError for another kind of query."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    if not found:
        raise ValueError(f"not a query of label values: {query}")
    return found[1], found[2]


def choices(dashboard: Json) -> list[tuple[str, str, str]]:
    """Name, selector ready to be asked, and label of every query variable."""
    variables = (each for each in dashboard["templating"]["list"] if each["type"] == "query")
    return [
        (each["name"], filled(selector), label)
        for each in variables
        for selector, label in [label_values(each["query"]["query"])]
    ]


def annotations(dashboard: Json) -> list[tuple[str, str]]:
    """Name and expression of every annotation, ready to be asked."""
    return [(each["name"], filled(each["expr"])) for each in dashboard["annotations"]["list"]]


def asked(dashboard: Json) -> list[tuple[str, str]]:
    """Everything that a dashboard asks Prometheus, with where it stands."""
    selectors = [(f"variable {name}", selector) for name, selector, _ in choices(dashboard)]
    marks = [(f"annotation {name}", expression) for name, expression in annotations(dashboard)]
    return expressions(dashboard) + selectors + marks
