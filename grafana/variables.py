"""What the reader can choose, and the ways from one dashboard to the others."""

from typing import Any

from grafana.look import ORANGE, Json
from grafana.panels import DATASOURCE

TAG = "backup-session-exporter"
STATUS_PAGE = "http://localhost:19741"
"""Where the exporter's status page is unless the reader says otherwise."""

ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}


def data_source() -> Json:
    """The choice of the Prometheus that every panel asks."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "description": "The Prometheus that scrapes backup-session-exporter.",
        "query": "prometheus",
        "regex": "",
        "current": {},
        "options": [],
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "refresh": 1,
        "skipUrlSync": False,
    }


def choice(name: str, label: str, query: str, all_value: str | None = None, **changes: Any) -> Json:
    """A choice of label values, read anew when the time range changes, several or all at once.

    Without `all_value`, "all" is the list of values, and so keeps to the choices before this one.
    """
    variable = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "definition": query,
        "query": {
            "qryType": 1,
            "query": query,
            "refId": "PrometheusVariableQueryEditor-VariableQuery",
        },
        "regex": "",
        "current": ALL,
        "options": [],
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "refresh": 2,
        "skipUrlSync": False,
        "sort": 5,
    }
    every = {} if all_value is None else {"allValue": all_value}
    return {**variable, **every, **changes}


def one_of(name: str, label: str, query: str, **changes: Any) -> Json:
    """A choice of label values without "all"."""
    return choice(name, label, query, includeAll=False, current={}, **changes)


PRODUCT = choice("product", "Product", "label_values(backup_server_info, product)", ".+")
SERVER_QUERY = 'label_values(backup_server_info{product=~"$product"}, server)'
JOB_QUERY = 'label_values(backup_job_info{product=~"$product", server=~"$server"}, job_name)'
SERVER = choice("server", "Server", SERVER_QUERY)


def status_page() -> Json:
    """Where links to the exporter's own page lead."""
    return {
        "type": "textbox",
        "name": "status_page",
        "label": "Status page",
        "description": "Address of the exporter's status page, as your browser reaches it.",
        "query": STATUS_PAGE,
        "current": {"selected": True, "text": STATUS_PAGE, "value": STATUS_PAGE},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def links() -> list[Json]:
    """To the sibling dashboards with the same time and choices, and to the status page."""
    common = {"icon": "external link", "keepTime": True, "includeVars": True, "tooltip": ""}
    siblings = {
        **common,
        "type": "dashboards",
        "title": "Backup dashboards",
        "tags": [TAG],
        "asDropdown": False,
        "targetBlank": False,
        "url": "",
    }
    page = {
        **common,
        "type": "link",
        "title": "Status page",
        "tooltip": "The exporter's own page, with the product's messages",
        "tags": [],
        "asDropdown": False,
        "keepTime": False,
        "includeVars": False,
        "targetBlank": True,
        "url": "${status_page}",
    }
    return [siblings, page]


def annotation(name: str, expression: str, title: str, text: str, **changes: Any) -> Json:
    """Marks on every panel at the times when an expression has a value."""
    mark = {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "expr": expression,
        "hide": False,
        "iconColor": ORANGE,
        "step": "60s",
        "textFormat": text,
        "titleFormat": title,
    }
    return {**mark, **changes}


KEPT = "${__url_time_range}&${datasource:queryparam}&${status_page:queryparam}"
TO_JOB = (
    f"/d/backup-job?{KEPT}&var-product=$__all"
    "&var-server=${__data.fields.server:percentencode}"
    "&var-job_name=${__data.fields.job_name:percentencode}"
)
TO_EXPORTER = (
    f"/d/backup-exporter?{KEPT}&var-product=$__all"
    "&var-server=${__data.fields.server:percentencode}"
)
TO_STATUS_PAGE = "${status_page:raw}/?server=${__data.fields.server:percentencode}"
JOB_ON_STATUS_PAGE = f"{TO_STATUS_PAGE}&text=${{__data.fields.job_name:percentencode}}"
