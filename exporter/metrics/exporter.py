"""The families of the exporter itself: build, configuration, ledger and shard."""

from exporter.metrics.family import EXPORTER, AnyFamily, Family, Kind, Shape

GAUGE, COUNTER, HISTOGRAM = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM

EXPORTER_FAMILIES: tuple[AnyFamily, ...] = (
    Family(
        "backup_exporter_build_info",
        GAUGE,
        "Version of the exporter and of its Python, always 1.",
        EXPORTER,
        lambda exporter: (exporter.version, exporter.revision, exporter.python_version),
        Shape.TEXT,
        ("version", "revision", "python_version"),
    ),
    Family(
        "backup_exporter_config_last_reload_successful",
        GAUGE,
        "Whether the last load of the configuration worked (1) or not (0).",
        EXPORTER,
        lambda exporter: exporter.config_reload_successful,
    ),
    Family(
        "backup_exporter_config_last_reload_success_timestamp_seconds",
        GAUGE,
        "When the configuration was last loaded successfully, in seconds since the epoch.",
        EXPORTER,
        lambda exporter: exporter.config_reload_time,
    ),
    Family(
        "backup_exporter_ledger_errors_total",
        COUNTER,
        "How often the ledger could not be read or written.",
        EXPORTER,
        lambda exporter: exporter.ledger_errors,
    ),
    Family(
        "backup_exporter_ledger_sessions",
        GAUGE,
        "Sessions that the ledger remembers.",
        EXPORTER,
        lambda exporter: exporter.ledger_sessions,
    ),
    Family(
        "backup_exporter_ledger_commit_duration_seconds",
        HISTOGRAM,
        "How long the ledger's commits took, in seconds.",
        EXPORTER,
        lambda exporter: exporter.ledger_commits,
        Shape.DISTRIBUTION,
    ),
    Family(
        "backup_exporter_refused_pages_total",
        COUNTER,
        "Pages that were refused because they would have had too many series.",
        EXPORTER,
        lambda exporter: exporter.refused_pages,
    ),
    Family(
        "backup_exporter_shard_ordinal",
        GAUGE,
        "Which of the shards this process is, counted from 0.",
        EXPORTER,
        lambda exporter: exporter.shard_ordinal,
    ),
    Family(
        "backup_exporter_shards",
        GAUGE,
        "How many shards the servers are spread over.",
        EXPORTER,
        lambda exporter: exporter.shards,
    ),
)
