"""What every dashboard keeps to. Each check returns what it finds wrong, one line each."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.support.dashboard_queries import problems, result_labels
from tests.support.dashboards import (
    UIDS,
    Json,
    annotations,
    asked,
    choices,
    everything,
    filled,
    load,
    panels,
)

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
KINDS = frozenset(
    {
        "alertlist",
        "bargauge",
        "heatmap",
        "stat",
        "state-timeline",
        "status-history",
        "table",
        "timeseries",
    }
)
"""Panels that Grafana 10 to 13 bring along and that none of them calls deprecated."""

FIXED_WINDOWS: Mapping[tuple[str, str], str] = {
    ("last_over_time", "1d"): "the last answer about a job outlives an outage of its server",
    ("quantile_over_time", "14d"): "what is usual must not change with the chosen time range",
    ("increase", "24h"): "the title says that it is a day",
}
"""Windows that do not follow the zoom, and why."""

MOVING_WINDOWS: Mapping[str, str] = {
    "rate": "$__rate_interval",
    "increase": "$__rate_interval",
    "max_over_time": "$__interval",
}
WINDOW = re.compile(r"(\w+)\(\w+(?:\{[^}]*\})?\[([^\]]+)\]")
LINK_VARIABLE = re.compile(r"\$\{([\w.]+)(?::(\w+))?\}")
ENCODED = frozenset({"percentencode", "queryparam"})


def walk(value: Any) -> Iterator[Json]:
    """Every object in a piece of JSON."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)


def queries(dashboard: Json) -> list[str]:
    """Everything asked is PromQL over metrics and labels that exist, counters by their rate."""
    found = []
    for where, expression in asked(dashboard):
        try:
            found += [f"{where}: {problem}" for problem in problems(expression)]
        except ValueError as error:
            found.append(f"{where}: {error}")
    for name, selector, label in choices(dashboard):
        if label not in result_labels(selector):
            found.append(f"variable {name}: there is no label {label} in {selector}")
    return found


def windows(dashboard: Json) -> list[str]:
    """Windows follow the zoom, apart from those with a reason."""
    return [
        f"{panel['title']}: {function} over {window}"
        for panel in panels(dashboard)
        for target in panel["targets"]
        for function, window in WINDOW.findall(target["expr"])
        if MOVING_WINDOWS.get(function) != window and (function, window) not in FIXED_WINDOWS
    ]


def legends(dashboard: Json) -> list[str]:
    """A legend names only labels that the result has, and a line that is one of many has one."""
    found = []
    for panel in panels(dashboard):
        for target in panel["targets"]:
            labels = result_labels(filled(target["expr"]))
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            found += [f"{panel['title']}: no label {label}" for label in sorted(named - labels)]
            if labels and not named and panel["type"] != "table":
                found.append(f"{panel['title']}: a series without a name")
    return found


def kinds_of_queries(dashboard: Json) -> list[str]:
    """Tables and numbers ask for one moment, what is drawn over time for a range."""
    moment = ("stat", "table", "bargauge")
    return [
        f"{panel['title']}: asks for the wrong span of time"
        for panel in panels(dashboard)
        for target in panel["targets"]
        if target["instant"] != (panel["type"] in moment) or target["range"] == target["instant"]
    ]


def tables(dashboard: Json) -> list[str]:
    """A table merges its queries and shows or hides each column that they bring, by its name."""
    found = []
    for panel in (each for each in panels(dashboard) if each["type"] == "table"):
        merge, organize = panel["transformations"]
        options = organize["options"]
        labels = [result_labels(filled(each["expr"])) for each in panel["targets"]]
        values = {f"Value #{each['refId']}" for each in panel["targets"]} | {"Value", "Time"}
        brought = frozenset().union(*labels) | values
        shown, hidden = set(options["renameByName"]), set(options["excludeByName"])
        headings = set(options["renameByName"].values())
        overridden = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
        wrong = {
            "does not merge": merge["id"] != "merge" or organize["id"] != "organize",
            "has no such column": shown | hidden > brought,
            "shows a column without a heading": bool(brought - shown - hidden),
            "shows and hides a column": bool(shown & hidden),
            "changes a column that is not there": bool(overridden - headings),
            "joins on labels that differ": not frozenset.intersection(*labels),
            "is not a table query": any(t["format"] != "table" for t in panel["targets"]),
        }
        found += [f"{panel['title']}: {what}" for what, is_so in wrong.items() if is_so]
    return found


def words(dashboard: Json) -> list[str]:
    """Every panel says what it shows, in which unit, and what an empty one means."""
    found = []
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        wrong = {
            "has no title": not panel["title"],
            "has no description": not panel["description"].endswith("."),
            "has no unit": not defaults.get("unit"),
            "has no word for no value": not defaults.get("noValue"),
            "is of another kind": panel["type"] not in KINDS,
        }
        found += [f"{panel['title']}: {what}" for what, is_so in wrong.items() if is_so]
    return found


def data_source(dashboard: Json) -> list[str]:
    """There is one choice of a data source, and everything uses it."""
    offered = [v["name"] for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
    found = [] if offered == ["datasource"] else [f"data source variables: {offered}"]
    askers = [
        *panels(dashboard),
        *(target for panel in panels(dashboard) for target in panel["targets"]),
        *(each for each in dashboard["templating"]["list"] if each["type"] == "query"),
        *dashboard["annotations"]["list"],
    ]
    found += [f"{each.get('title')}: none chosen" for each in askers if "datasource" not in each]
    chosen = [each["datasource"] for each in walk(dashboard) if "datasource" in each]
    found += [f"another data source: {each}" for each in chosen if each != DATASOURCE]
    return found + ["__inputs"] * ("__inputs" in dashboard)


def variables(dashboard: Json) -> list[str]:
    """Every variable is used, none is missing, and each choice is read anew."""
    listed = dashboard["templating"]["list"]
    defined = {each["name"] for each in listed}
    text = str([dashboard["panels"], dashboard["links"], dashboard["annotations"], listed])
    used = {match[0] or match[1] for match in re.findall(r"\$\{(\w+)[:}]|\$(\w+)", text)}
    used = {name for name in used if not name.startswith("__")}
    found = [f"not used: {name}" for name in sorted(defined - used)]
    found += [f"not defined: {name}" for name in sorted(used - defined)]
    for each in (each for each in listed if each["type"] == "query"):
        if each["refresh"] != 2 or not each["label"]:
            found.append(f"{each['name']}: is not read anew or has no label")
    return found


def chains(dashboard: Json) -> list[str]:
    """The choice of servers keeps to the products, that of jobs to the servers."""
    texts = {
        each["name"]: each["query"]["query"]
        for each in dashboard["templating"]["list"]
        if each["type"] == "query"
    }
    wanted = (("server", "$product"), ("job_name", "$product"), ("job_name", "$server"))
    return [
        f"{name} does not keep to {before}"
        for name, before in wanted
        if name in texts and f'=~"{before}"' not in texts[name]
    ]


def identity(dashboard: Json) -> list[str]:
    """A dashboard is known by its uid alone and has one schema, whatever Grafana it came from."""
    wrong = {
        "uid": dashboard["uid"] not in UIDS,
        "schema": dashboard["schemaVersion"] != 38,
        "tags": dashboard["tags"] != ["backup", "backup-session-exporter"],
        "editable": dashboard["editable"] is not False,
        "keys of one installation": bool({"id", "version", "iteration"} & set(dashboard)),
    }
    return [what for what, is_so in wrong.items() if is_so]


def links(dashboard: Json) -> list[str]:
    """Sibling dashboards and the status page are one click away, with time and choices."""
    siblings = [each for each in dashboard["links"] if each["type"] == "dashboards"]
    kept = any(each["keepTime"] and each["includeVars"] for each in siblings)
    page = any(each["url"] == "${status_page}" for each in dashboard["links"])
    found = [] if kept and page else ["a link is missing"]
    for panel in panels(dashboard):
        columns = set().union(*(result_labels(filled(t["expr"])) for t in panel["targets"]))
        for url in cell_links(panel):
            found += [f"{panel['title']}: {what}" for what in link_problems(url, columns)]
    return found


def cell_links(panel: Json) -> list[str]:
    """Where the cells of a table lead."""
    properties = [each for o in panel["fieldConfig"]["overrides"] for each in o["properties"]]
    return [link["url"] for each in properties if each["id"] == "links" for link in each["value"]]


def link_problems(url: str, columns: set[str]) -> list[str]:
    """What is wrong with a link in a cell: its target, its variables, its encoding."""
    found = []
    for name, encoding in LINK_VARIABLE.findall(url):
        field = name.removeprefix("__data.fields.")
        if field != name and (field not in columns or encoding not in ENCODED):
            found.append(f"no such column, or not encoded: {name}")
    uid = re.match(r"/d/([\w-]+)", url)
    if not uid:
        return found if url.startswith("${status_page:raw}/") else [*found, f"leads away: {url}"]
    if uid[1] not in UIDS:
        return [*found, f"no dashboard {uid[1]}"]
    known = {each["name"] for each in load(uid[1])["templating"]["list"]}
    passed = set(re.findall(r"var-(\w+)=", url)) | set(re.findall(r"\{(\w+):queryparam", url))
    found += [f"{uid[1]} has no variable {name}" for name in sorted(passed - known)]
    return found if "${__url_time_range}" in url else [*found, "the time is lost"]


def layout(dashboard: Json) -> list[str]:
    """Panels lie side by side in reading order, nothing overlaps, ids and titles are unique."""
    listed = list(everything(dashboard))
    found = []
    for key in ("id", "title"):
        values = [each[key] for each in listed]
        found += [f"{key} twice: {v}" for v in sorted(set(values)) if values.count(v) > 1]
    for group in [dashboard["panels"], *(each.get("panels", ()) for each in listed)]:
        places = [each["gridPos"] for each in group]
        found += [f"too wide: {p}" for p in places if p["x"] < 0 or p["x"] + p["w"] > 24]
        corners = [(p["y"], p["x"]) for p in places]
        found += ["not in reading order"] * (corners != sorted(corners))
        for index, place in enumerate(places):
            found += [f"overlap: {place}" for p in places[:index] if overlap(place, p)]
    return found


def overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether two places share a cell of the grid."""
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)


def marks(dashboard: Json) -> list[str]:
    """Annotations name only labels that their expression has."""
    found = []
    formats = {
        a["name"]: a["titleFormat"] + a["textFormat"] for a in dashboard["annotations"]["list"]
    }
    for name, expression in annotations(dashboard):
        named = set(re.findall(r"\{\{(\w+)\}\}", formats[name]))
        found += [f"{name}: no label {each}" for each in sorted(named - result_labels(expression))]
    return found


CHECKS: tuple[Callable[[Json], list[str]], ...] = (
    queries,
    windows,
    legends,
    kinds_of_queries,
    tables,
    words,
    data_source,
    variables,
    chains,
    identity,
    links,
    layout,
    marks,
)
