"""Panels of the exporter's process: its ledger, its scrapes, its costs."""

from typing import Any

from grafana import queries as ask
from grafana.look import (
    BAD,
    FEW_IS_FAIR,
    UP,
    nothing,
)
from grafana.panels import Panel, Query, bars, limit_at, stat, state_timeline, time_series
from grafana.tables import Column, rows, table

NOT_KNOWN = "not known"


def of_each_exporter(title: str, description: str, expression: str, **changes: Any) -> Panel:
    """One line for each exporter."""
    query = Query(expression, legend="{{instance}}")
    return time_series(title, description, query, **{"no_value": NOT_KNOWN, "width": 8, **changes})


def commit_quantile(share: float) -> str:
    """The duration that a share of the ledger's commits stayed below."""
    buckets = ask.of_exporters("backup_exporter_ledger_commit_duration_seconds_bucket")
    return f"histogram_quantile({share}, sum by (instance, le) (rate({buckets}[$__rate_interval])))"


LEDGER = (
    of_each_exporter(
        "Sessions in the ledger",
        "Sessions that the ledger remembers.",
        ask.of_exporters("backup_exporter_ledger_sessions"),
    ),
    time_series(
        "Duration of commits",
        "How long the ledger's commits take: half of them and 99 of 100 stay below the lines.",
        Query(commit_quantile(0.5), legend="p50 · {{instance}}"),
        Query(commit_quantile(0.99), legend="p99 · {{instance}}"),
        unit="s",
        no_value="no commits in this time range",
        width=8,
    ),
    bars(
        "Ledger errors",
        "How often the ledger could not be read or written.",
        Query(
            "sum by (instance) (increase("
            + ask.of_exporters("backup_exporter_ledger_errors_total")
            + "[$__rate_interval]))",
            legend="{{instance}}",
        ),
        no_value=NOT_KNOWN,
        width=8,
        more={"interval": "5m"},
    ),
)


SCRAPES = (
    state_timeline(
        "Scrapes over time",
        "Whether Prometheus could scrape each exporter.",
        Query(f"min by (instance) ({ask.of_exporters('up')})", legend="{{instance}}"),
        UP,
        no_value=NOT_KNOWN,
        height=5,
    ),
    of_each_exporter(
        "Scrape duration",
        "How long the slowest scrape of each exporter took, as Prometheus saw it.",
        f"max by (instance) ({ask.of_exporters('scrape_duration_seconds')})",
        unit="s",
        width=6,
    ),
    of_each_exporter(
        "Samples of a scrape",
        "Samples that the scrapes of each exporter brought.",
        f"sum by (instance) ({ask.of_exporters('scrape_samples_scraped')})",
        width=6,
    ),
    of_each_exporter(
        "New series of a scrape",
        "Series that the scrapes added. Much above 0 for long means labels that keep changing.",
        f"sum by (instance) ({ask.of_exporters('scrape_series_added')})",
        width=6,
    ),
    of_each_exporter(
        "Size of the response",
        "Uncompressed size of the scrapes' responses. Prometheus records it with"
        " --enable-feature=extra-scrape-metrics only.",
        f"sum by (instance) ({ask.of_exporters('scrape_body_size_bytes')})",
        unit="bytes",
        width=6,
        no_value="not recorded by this Prometheus",
    ),
)


PROCESS = (
    of_each_exporter(
        "CPU",
        "CPU time per second: 100 % is one core.",
        f"rate({ask.of_exporters('process_cpu_seconds_total')}[$__rate_interval])",
        unit="percentunit",
    ),
    of_each_exporter(
        "Resident memory",
        "Memory that the process holds.",
        ask.of_exporters("process_resident_memory_bytes"),
        unit="bytes",
    ),
    of_each_exporter(
        "Open files as a share of the limit",
        "File descriptors in use; at the dashed line no more connection can be opened.",
        f"{ask.of_exporters('process_open_fds')} / {ask.of_exporters('process_max_fds')}",
        unit="percentunit",
        defaults=limit_at(1, BAD),
    ),
    table(
        "Versions and shards",
        "What runs where, and which share of the servers each process polls.",
        (
            rows(ask.VERSIONS),
            rows(f"max by (instance) ({ask.of_exporters('backup_exporter_shard_ordinal')})"),
            rows(f"max by (instance) ({ask.of_exporters('backup_exporter_shards')})"),
            rows(f"time() - max by (instance) ({ask.of_exporters('process_start_time_seconds')})"),
            rows(ask.CONFIGURATION_AGE),
        ),
        (
            Column("instance", "Exporter"),
            Column("version", "Version"),
            Column("revision", "Revision"),
            Column("python_version", "Python"),
            Column("Value #B", "Shard"),
            Column("Value #C", "of", options={"mappings": [nothing("1")]}),
            Column("Value #D", "Runs for", "s"),
            Column("Value #E", "Configuration loaded", "dateTimeFromNow"),
        ),
        width=16,
        height=8,
        no_value=NOT_KNOWN,
    ),
    stat(
        "Shards missing",
        "Shards that should exist but are not scraped: their servers are not watched.",
        Query(ask.MISSING_SHARDS, now=True),
        no_value=NOT_KNOWN,
        defaults={"thresholds": FEW_IS_FAIR},
        width=8,
        height=8,
    ),
)
