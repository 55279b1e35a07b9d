"""The exporter itself: its polls of the servers, its ledger, its scrapes, its process."""

from grafana import queries as ask
from grafana.dashboard import Dashboard, Row
from grafana.exporter_process import LEDGER, NOT_KNOWN, PROCESS, SCRAPES
from grafana.exporter_servers import API, NO_SERVERS, POLLS
from grafana.look import (
    NONE_IS_GOOD,
    RELOADED,
)
from grafana.panels import Query, stat
from grafana.variables import (
    PRODUCT,
    SERVER,
    annotation,
    choice,
    data_source,
    status_page,
)

HEADLINES = (
    stat(
        "Servers up",
        "Servers whose last poll was complete.",
        Query(f"sum({ask.per_server(ask.of_servers('backup_server_up'))})", now=True),
        no_value=NO_SERVERS,
    ),
    stat(
        "Servers not up",
        "Servers whose last poll was not complete, or that were not polled yet.",
        Query(f"sum({ask.per_server(ask.of_servers('backup_server_up'))} == bool 0)", now=True),
        no_value=NO_SERVERS,
        defaults={"thresholds": NONE_IS_GOOD},
    ),
    stat(
        "Oldest complete poll",
        "Age of the last complete poll of the server that has waited longest for one.",
        Query(f"max({ask.POLL_AGE})", now=True),
        unit="s",
        no_value="never polled",
    ),
    stat(
        "Dropped jobs",
        "Jobs beyond max_jobs, which have no series.",
        Query(f"sum({ask.per_server(ask.of_servers('backup_server_dropped_jobs'))})", now=True),
        no_value=NO_SERVERS,
        defaults={"thresholds": NONE_IS_GOOD},
    ),
    stat(
        "Ledger errors in a day",
        "How often the ledger could not be read or written within 24 hours.",
        Query(
            f"sum(increase({ask.of_exporters('backup_exporter_ledger_errors_total')}[24h]))",
            now=True,
        ),
        no_value=NOT_KNOWN,
        defaults={"thresholds": NONE_IS_GOOD, "decimals": 0},
    ),
    stat(
        "Configuration",
        "Whether the last load of the configuration worked on every exporter.",
        Query(
            f"min({ask.of_exporters('backup_exporter_config_last_reload_successful')})",
            now=True,
        ),
        no_value=NOT_KNOWN,
        defaults={"mappings": [RELOADED]},
    ),
)


EXPORTER = Dashboard(
    uid="backup-exporter",
    title="Backup / Exporter",
    description="Whether the exporter sees every server, and what it costs.",
    since="now-6h",
    variables=(
        data_source(),
        PRODUCT,
        SERVER,
        choice("instance", "Exporter", "label_values(backup_exporter_build_info, instance)"),
        status_page(),
    ),
    annotations=(
        annotation(
            "Exporter started",
            f"1000 * {ask.of_exporters('process_start_time_seconds')}",
            "Exporter started",
            "{{instance}}",
            useValueForTime=True,
        ),
        annotation(
            "Configuration loaded",
            "1000 * "
            + ask.of_exporters("backup_exporter_config_last_reload_success_timestamp_seconds"),
            "Configuration loaded",
            "{{instance}}",
            useValueForTime=True,
        ),
    ),
    rows=(
        Row("At a glance", HEADLINES),
        Row("Polls", POLLS),
        Row("Servers", API),
        Row("Ledger", LEDGER),
        Row("Scrapes", SCRAPES),
        Row("Process", PROCESS),
    ),
)
