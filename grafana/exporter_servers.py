"""Panels of the servers as the exporter sees them: polls, endpoints, certificates."""

from typing import Any

from grafana import queries as ask
from grafana.look import (
    BAD,
    FAIR,
    GOOD,
    NONE_IS_GOOD,
    UP,
    VERIFIED,
    WORKS,
    nothing,
    thresholds,
)
from grafana.panels import Panel, Query, bars, limit_at, state_timeline, time_series
from grafana.tables import BACKGROUND, COLOURED_TEXT, Column, link, rows, table
from grafana.variables import (
    TO_STATUS_PAGE,
)

NO_SERVERS = "no servers known"


DAY = 86400


def of_each_server(title: str, description: str, expression: str, **changes: Any) -> Panel:
    """One line for each server."""
    query = Query(ask.per_server(expression), legend="{{server}}")
    return time_series(title, description, query, no_value=NO_SERVERS, **changes)


def counted(title: str, description: str, family: str, label: str, **changes: Any) -> Panel:
    """Bars of what a counter of servers counted, by a label."""
    counter = ask.of_servers(family)
    expression = f"sum by ({label}) (increase({counter}[$__rate_interval]))"
    legend = " · ".join(f"{{{{{name}}}}}" for name in label.split(", "))
    query = Query(expression, legend=legend)
    changes = {"no_value": NO_SERVERS, "width": 8, **changes}
    return bars(title, description, query, more={"interval": "5m"}, **changes)


POLLS = (
    state_timeline(
        "Servers over time",
        "Whether the last poll of each server was complete.",
        Query(ask.per_server(ask.of_servers("backup_server_up")), legend="{{server}}"),
        UP,
        no_value=NO_SERVERS,
    ),
    of_each_server(
        "Age of the last complete poll",
        "Time since the last complete poll. Claims about now are withdrawn after stale_after.",
        ask.POLL_AGE,
        unit="s",
    ),
    of_each_server(
        "Age of the server's own data",
        "How old the data is that the server itself collected, where it is a cache, such as"
        " Enterprise Manager.",
        f"time() - {ask.of_servers('backup_server_data_timestamp_seconds')}",
        unit="s",
    ),
    of_each_server(
        "Poll duration",
        "How long the last poll took.",
        ask.of_servers("backup_server_poll_duration_seconds"),
        unit="s",
    ),
    of_each_server(
        "Poll duration as a share of the interval",
        "Above the dashed line a poll takes longer than the time between two polls.",
        f"{ask.of_servers('backup_server_poll_duration_seconds')}"
        f" / {ask.of_servers('backup_server_poll_interval_seconds')}",
        unit="percentunit",
        defaults=limit_at(1, BAD),
    ),
    counted(
        "Failed polls by reason",
        "Polls that were not complete, by reason.",
        "backup_server_poll_failures_total",
        "reason",
    ),
    counted(
        "Requests by status code",
        "HTTP requests to the servers by status code.",
        "backup_server_requests_total",
        "code",
    ),
    counted(
        "Logons by server",
        "How often a password was sent. More than a few a day means that sessions do not last.",
        "backup_server_logons_total",
        "server",
    ),
)


API = (
    state_timeline(
        "Endpoints",
        "Whether the last call of each endpoint worked. All but the sessions are optional.",
        Query(
            f"max by (server, endpoint) ({ask.of_servers('backup_server_endpoint_up')})",
            legend="{{server}} · {{endpoint}}",
        ),
        WORKS,
        no_value=NO_SERVERS,
        height=10,
    ),
    of_each_server(
        "Clock offset",
        "The server's clock minus the exporter's.",
        ask.of_servers("backup_server_clock_offset_seconds"),
        unit="s",
        defaults={"min": None},
        width=8,
    ),
    counted(
        "Unknown words of the product",
        "Words that the exporter does not know yet, by field; session counts unreadable rows."
        " They are shown as unknown.",
        "backup_server_unknown_values_total",
        "server, field",
    ),
    of_each_server(
        "Jobs with series",
        "Jobs of each server that have series.",
        ask.of_servers("backup_server_jobs"),
        width=8,
    ),
    table(
        "Certificates and limits",
        "When each server's certificate expires, whether it is verified, and jobs beyond max_jobs.",
        (
            rows(ask.per_server(ask.CERTIFICATE_LEFT)),
            rows(ask.per_server(ask.of_servers("backup_server_tls_verified"))),
            rows(ask.per_server(ask.of_servers("backup_server_dropped_jobs"))),
            rows(ask.per_server(ask.of_servers("backup_server_open_sessions"))),
            rows(ask.per_server(ask.of_servers("backup_server_poll_interval_seconds"))),
        ),
        (
            Column("server", "Server", options={"links": [link("Status page", TO_STATUS_PAGE)]}),
            Column(
                "Value #A",
                "Certificate expires in",
                "s",
                {
                    "thresholds": thresholds(BAD, (14 * DAY, FAIR), (30 * DAY, GOOD)),
                    "custom.cellOptions": COLOURED_TEXT,
                    "mappings": [nothing("no TLS")],
                },
            ),
            Column(
                "Value #B",
                "Certificate",
                options={
                    "mappings": [VERIFIED, nothing("no TLS")],
                    "custom.cellOptions": BACKGROUND,
                },
            ),
            Column(
                "Value #C",
                "Dropped jobs",
                options={"thresholds": NONE_IS_GOOD, "custom.cellOptions": COLOURED_TEXT},
            ),
            Column("Value #D", "Sessions not finished"),
            Column("Value #E", "Poll interval", "s"),
        ),
        no_value=NO_SERVERS,
    ),
)
