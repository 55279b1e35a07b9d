"""Panels of one job's sessions: the finished ones and the running one."""

from grafana import queries as ask
from grafana.look import (
    BAD,
    BLUE,
    BOTTLENECKS,
    FAIR,
    by_code,
    thresholds,
)
from grafana.panels import (
    Panel,
    Query,
    bar_gauge,
    bars,
    dashed,
    heatmap,
    stat,
    state_timeline,
    time_series,
)

RUN = "{{job_name}} · {{session_type}}"


NOT_REPORTED = "not reported by this product"


NOTHING_RUNS = "nothing runs"


def measured(title: str, description: str, *series: tuple[str, str], unit: str) -> Panel:
    """Lines of what was measured of the last finished session: `(family's ending, name)`."""
    queries = (
        Query(
            ask.per_job(ask.of_jobs(f"backup_job_last_session_{ending}")),
            legend=f"{name} · {RUN}",
        )
        for ending, name in series
    )
    return time_series(title, description, *queries, unit=unit, no_value=NOT_REPORTED)


SESSIONS = (
    time_series(
        "Duration and its usual limit",
        "How long the last finished session took. Nine of ten sessions of the 14 days before the"
        " end of the time range stayed below the dashed line.",
        Query(ask.per_job(ask.DURATION), legend=f"took · {RUN}"),
        Query(ask.per_job(ask.USUAL_DURATION), legend=f"p90 · {RUN}"),
        unit="s",
        no_value="never ran",
        overrides=(dashed("^p90 .*", BAD),),
    ),
    measured(
        "Throughput",
        "Rates of the last finished session as the product reports them.",
        ("processing_bytes_per_second", "processed"),
        ("read_bytes_per_second", "read"),
        ("write_bytes_per_second", "written"),
        unit="Bps",
    ),
    measured(
        "Transferred",
        "Bytes that the last finished session transferred.",
        ("transferred_bytes", "transferred"),
        unit="bytes",
    ),
    measured(
        "Items per second",
        "Items, such as mails and files, that the last finished session processed per second.",
        ("processing_items_per_second", "items"),
        unit="cps",
    ),
    measured(
        "Items and objects",
        "What the last finished session processed: items are mails and files, objects are"
        " mailboxes and machines.",
        ("processed_items", "items"),
        ("processed_objects", "objects"),
        unit="short",
    ),
    bars(
        "Retries",
        "Retries of the sessions that finished in each hour or longer slice of time.",
        Query(
            "sum by (server, job_name, session_type) (increase("
            + ask.of_jobs("backup_job_session_retries_total")
            + "[$__rate_interval]))",
            legend=RUN,
        ),
        no_value=NOT_REPORTED,
    ),
    state_timeline(
        "Bottleneck over time",
        "What slowed the last finished session down most, in the product's judgement.",
        Query(ask.BOTTLENECK_CODE, legend=RUN),
        by_code(BOTTLENECKS),
        height=6,
        no_value=NOT_REPORTED,
    ),
)


RUNNING = (
    stat(
        "Running for",
        "Time since the oldest running session started.",
        Query(ask.per_job(ask.ELAPSED), legend=RUN, now=True),
        unit="s",
        no_value=NOTHING_RUNS,
    ),
    bar_gauge(
        "Elapsed against the usual",
        "Time since the start of the running session as a share of what nine of ten sessions of"
        " the last 14 days stayed below.",
        Query(ask.per_job(f"{ask.ELAPSED} / {ask.USUAL_DURATION}"), legend=RUN, now=True),
        no_value=NOTHING_RUNS,
        defaults={"max": 2, "thresholds": thresholds(BLUE, (1, FAIR), (2, BAD))},
        width=7,
        height=4,
    ),
    bar_gauge(
        "Progress",
        "Progress of the oldest running session, where the product reports a share.",
        Query(
            ask.per_job(ask.of_jobs("backup_job_running_session_progress_ratio")),
            legend=RUN,
            now=True,
        ),
        no_value="nothing runs, or not reported",
        width=7,
        height=4,
    ),
    stat(
        "Objects so far",
        "Objects that the oldest running session has processed.",
        Query(
            ask.per_job(ask.of_jobs("backup_job_running_session_processed_objects")),
            legend=RUN,
            now=True,
        ),
        no_value="nothing runs, or not reported",
        width=6,
    ),
    time_series(
        "Running and queued sessions",
        "Sessions at work and sessions that wait, as of the last complete poll.",
        Query(ask.per_job(ask.of_jobs("backup_job_running_sessions")), legend=f"running · {RUN}"),
        Query(ask.per_job(ask.of_jobs("backup_job_queued_sessions")), legend=f"queued · {RUN}"),
        no_value="the server was not polled lately",
        width=8,
    ),
    time_series(
        "Processed by the running session",
        "Objects and items that the oldest running session has processed so far. A flat line is a"
        " session that hangs.",
        Query(
            ask.per_job(ask.of_jobs("backup_job_running_session_processed_objects")),
            legend=f"objects · {RUN}",
        ),
        Query(
            ask.per_job(ask.of_jobs("backup_job_running_session_processed_items")),
            legend=f"items · {RUN}",
        ),
        no_value="nothing runs, or not reported",
        width=8,
    ),
    time_series(
        "Transferred by the running session",
        "Bytes that the oldest running session has transferred so far.",
        Query(
            ask.per_job(ask.of_jobs("backup_job_running_session_transferred_bytes")),
            legend=RUN,
        ),
        unit="bytes",
        no_value="nothing runs, or not reported",
        width=8,
    ),
)


DISTRIBUTION = (
    heatmap(
        "Durations of the server's sessions",
        "How many sessions of all jobs of the server took how long, by hour or longer slice.",
        Query(
            "sum by (le) (increase("
            + ask.of_servers("backup_session_duration_seconds_bucket")
            + "[$__rate_interval]))",
            legend="{{le}}",
            format="heatmap",
        ),
        no_value="no sessions counted",
    ),
)
