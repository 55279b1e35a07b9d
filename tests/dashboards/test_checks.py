"""Every dashboard keeps to every check, and every check can fail."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards import checks
from tests.support.dashboards import UIDS, Json, load, panels

Spoil = Callable[[Json], object]


@pytest.mark.parametrize("uid", UIDS)
@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_dashboard_keeps_to(check: Callable[[Json], list[str]], uid: str) -> None:
    """A committed dashboard has none of the faults that a check looks for."""
    assert check(load(uid)) == []


def panel(dashboard: Json, kind: str = "") -> Json:
    """The first panel, or the first of a kind."""
    return next(each for each in panels(dashboard) if kind in ("", each["type"]))


def ask(expression: str) -> Spoil:
    """Ask something else in the first panel."""
    return lambda dashboard: panel(dashboard)["targets"][0].update(expr=expression)


def put(*path: str | int, value: Any, kind: str = "") -> Spoil:
    """Change one thing in a panel."""

    def spoil(dashboard: Json) -> None:
        place: Any = panel(dashboard, kind)
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return spoil


def variable(known_as: str, **changes: Any) -> Spoil:
    """Change a variable."""

    def spoil(dashboard: Json) -> None:
        found = next(v for v in dashboard["templating"]["list"] if v["name"] == known_as)
        found.update(changes)

    return spoil


def column_link(url: str) -> Spoil:
    """Give a table's first column another link."""
    links = [{"id": "links", "value": [{"title": "", "url": url}]}]
    return put("fieldConfig", "overrides", 0, "properties", kind="table", value=links)


def organized(option: str, column: str, value: Any) -> Spoil:
    """Change how a table treats a column."""
    return put("transformations", 1, "options", option, column, value=value, kind="table")


UP = "backup_server_up"
JOB_VARIABLE = {"query": 'label_values(backup_job_info{server=~"$server"}, job_name)'}
TO_JOB = "/d/backup-job?${__url_time_range}"

FAULTS: tuple[tuple[str, Callable[[Json], list[str]], Spoil], ...] = (
    ("no PromQL", checks.queries, ask("sum(")),
    ("an unknown metric", checks.queries, ask("backup_server_upp")),
    ("an unknown label", checks.queries, ask(f'{UP}{{serer="a"}}')),
    ("grouped by an unknown label", checks.queries, ask(f"sum by (sever) ({UP})")),
    ("a match that can never be", checks.queries, ask("backup_job_enabled * backup_server_up")),
    ("matched on a lost label", checks.queries, ask(f"{UP} * on (endpoint) {UP}")),
    ("a counter without rate", checks.queries, ask('backup_server_polls_total{server="a"} > 1')),
    ("a bucket without rate", checks.queries, ask("backup_session_duration_seconds_bucket")),
    ("rate of a gauge", checks.queries, ask(f"rate({UP}[$__rate_interval])")),
    (
        "a choice of an unknown metric",
        checks.queries,
        variable("server", query={"query": "label_values(backup_servers, server)"}),
    ),
    (
        "a choice of an unknown label",
        checks.queries,
        variable("server", query={"query": "label_values(backup_server_info, servers)"}),
    ),
    (
        "an annotation of an unknown metric",
        checks.queries,
        lambda dashboard: dashboard["annotations"]["list"][0].update(expr="ALERT"),
    ),
    ("a fixed window", checks.windows, ask("rate(backup_server_polls_total[5m])")),
    ("a legend of a lost label", checks.legends, put("targets", 0, "legendFormat", value="{{x}}")),
    ("a nameless line", checks.legends, ask(UP)),
    ("a number over time", checks.kinds_of_queries, put("targets", 0, "instant", value=False)),
    (
        "a table over time",
        checks.kinds_of_queries,
        put("targets", 0, "range", value=True, kind="table"),
    ),
    ("a column without a heading", checks.tables, organized("excludeByName", "Value #Z", True)),
    ("no merge", checks.tables, put("transformations", 0, "id", value="join", kind="table")),
    ("hidden and shown", checks.tables, organized("excludeByName", "server", True)),
    (
        "options of no column",
        checks.tables,
        put("fieldConfig", "overrides", 0, "matcher", "options", value="Serer", kind="table"),
    ),
    ("a series as a table", checks.tables, put("targets", 0, "format", value="", kind="table")),
    ("no description", checks.words, put("description", value="")),
    ("no title", checks.words, put("title", value="")),
    ("no unit", checks.words, put("fieldConfig", "defaults", "unit", value="")),
    ("no word", checks.words, put("fieldConfig", "defaults", "noValue", value="")),
    ("an old panel", checks.words, put("type", value="graph")),
    ("a literal data source", checks.data_source, put("datasource", value="Prometheus")),
    (
        "a literal data source of a query",
        checks.data_source,
        put("targets", 0, "datasource", value={"type": "prometheus", "uid": "abc"}),
    ),
    ("no data source", checks.data_source, lambda d: panel(d).pop("datasource")),
    ("two data sources", checks.data_source, variable("server", type="datasource")),
    ("an export", checks.data_source, lambda dashboard: dashboard.update(__inputs=[])),
    ("a variable without use", checks.variables, variable("status_page", name="page")),
    ("an unknown variable", checks.variables, ask(f'{UP}{{server="$host"}}')),
    ("a choice read once", checks.variables, variable("server", refresh=1)),
    (
        "servers of any product",
        checks.chains,
        variable("server", query={"query": f"label_values({UP}, server)"}),
    ),
    ("an id", checks.identity, lambda dashboard: dashboard.update(id=3)),
    ("another schema", checks.identity, lambda dashboard: dashboard.update(schemaVersion=16)),
    ("no links", checks.links, lambda dashboard: dashboard["links"].clear()),
    (
        "a link that forgets the time",
        checks.links,
        lambda dashboard: dashboard["links"][0].update(keepTime=False),
    ),
    ("a cell that leads nowhere", checks.links, column_link("/d/backup-jobs?x")),
    ("a cell that leads away", checks.links, column_link("https://example.com/")),
    ("an unknown parameter", checks.links, column_link(f"{TO_JOB}&var-jobs=a")),
    ("a lost time", checks.links, column_link("/d/backup-job?var-server=a")),
    ("an unknown cell", checks.links, column_link(TO_JOB + "&x=${__data.fields.x:percentencode}")),
    ("a bare cell", checks.links, column_link(TO_JOB + "&var-server=${__data.fields.server}")),
    ("an overlap", checks.layout, put("gridPos", "w", value=5)),
    ("a panel over the edge", checks.layout, put("gridPos", "x", value=21)),
    ("another order", checks.layout, lambda dashboard: dashboard["panels"].reverse()),
    ("one id twice", checks.layout, put("id", value=3)),
    (
        "one title twice",
        checks.layout,
        lambda dashboard: panel(dashboard).update(title=list(panels(dashboard))[1]["title"]),
    ),
    (
        "a mark of a lost label",
        checks.marks,
        lambda dashboard: dashboard["annotations"]["list"][0].update(textFormat="{{host}}"),
    ),
)


@pytest.mark.parametrize(
    ("check", "spoil"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_fault_is_noticed(check: Callable[[Json], list[str]], spoil: Spoil) -> None:
    """A check that never fails would prove nothing."""
    for uid in ("backup-fleet", "backup-exporter"):
        dashboard = copy.deepcopy(load(uid))
        spoil(dashboard)
        assert check(dashboard), uid


def test_a_job_choice_must_keep_to_the_products() -> None:
    """The chain product, server, job is whole: each choice names all those before it."""
    dashboard = load("backup-job")
    variable("job_name", query=JOB_VARIABLE)(dashboard)
    assert checks.chains(dashboard) == ["job_name does not keep to $product"]


def test_every_check_has_a_fault() -> None:
    """No check is left without a proof that it can fail."""
    assert {check for _, check, _ in FAULTS} == set(checks.CHECKS)
