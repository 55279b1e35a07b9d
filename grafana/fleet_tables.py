"""The tables of the overview: what needs attention, what runs, and the servers."""

from grafana import queries as ask
from grafana.look import (
    NONE_IS_GOOD,
    OF_LIMIT,
    RESULTS,
    UP,
    by_word,
    nothing,
)
from grafana.tables import BACKGROUND, COLOURED_TEXT, Column, link, rows, table
from grafana.variables import (
    JOB_ON_STATUS_PAGE,
    TO_EXPORTER,
    TO_JOB,
    TO_STATUS_PAGE,
)

NO_SERVERS = "no servers known"


JOB_LINKS = {
    "links": [link("Open the job", TO_JOB), link("Open the status page", JOB_ON_STATUS_PAGE)]
}


SERVER_LINKS = {
    "links": [link("Open the server", TO_EXPORTER), link("Open the status page", TO_STATUS_PAGE)]
}


JOB_COLUMNS = (
    Column("server", "Server", options=SERVER_LINKS),
    Column("job_name", "Job", options=JOB_LINKS),
    Column("session_type", "Session type"),
)


UP_COLUMN = {"mappings": [UP], "custom.cellOptions": BACKGROUND}


ATTENTION = table(
    "Needs attention",
    "Jobs whose last session failed or whose last success is older than the objective allows."
    " Disabled jobs are left out. Click a job for its history, a server for its polls.",
    (
        rows(ask.in_trouble(f"{ask.of_jobs(ask.RESULT_FAMILY)} == 1", "result")),
        rows(ask.in_trouble(f"time() - {ask.LAST_SUCCESS}")),
        rows(ask.in_trouble(f"{ask.AGE} / {ask.OBJECTIVE}")),
        rows(ask.in_trouble(ask.of_jobs(ask.FAILURES))),
    ),
    (
        *JOB_COLUMNS,
        Column(
            "result",
            "Last result",
            options={"mappings": [by_word(RESULTS)], "custom.cellOptions": BACKGROUND},
        ),
        Column(
            "Value #D",
            "Failures in a row",
            options={"thresholds": NONE_IS_GOOD, "custom.cellOptions": COLOURED_TEXT},
        ),
        Column("Value #B", "Age of last success", "s", {"mappings": [nothing("never")]}),
        Column(
            "Value #C",
            "Share of objective",
            "percentunit",
            {
                "mappings": [nothing("no objective")],
                "thresholds": OF_LIMIT,
                "custom.cellOptions": COLOURED_TEXT,
            },
        ),
    ),
    hidden=("job_id",),
    sort=("Share of objective",),
    no_value="nothing needs attention",
    width=16,
    height=12,
)


RUNNING = table(
    "Running now",
    "Jobs with a session at work, as of the last complete poll. What a product does not report"
    " stays empty.",
    (
        rows(ask.per_job(ask.RUNNING)),
        rows(ask.per_job(ask.ELAPSED)),
        rows(ask.only(ask.DURATION, ask.RUNNING)),
        rows(ask.per_job(ask.of_jobs("backup_job_running_session_progress_ratio"))),
        rows(ask.per_job(ask.of_jobs("backup_job_running_session_processed_objects"))),
        rows(ask.per_job(ask.of_jobs("backup_job_running_session_transferred_bytes"))),
    ),
    (
        *JOB_COLUMNS,
        Column("Value #A", "Sessions"),
        Column("Value #B", "Running for", "s"),
        Column("Value #C", "Last one took", "s", {"mappings": [nothing("never ran")]}),
        Column(
            "Value #D",
            "Progress",
            "percentunit",
            {
                "min": 0,
                "max": 1,
                "mappings": [nothing("not reported")],
                "custom.cellOptions": {"type": "gauge", "mode": "basic"},
            },
        ),
        Column("Value #E", "Objects"),
        Column("Value #F", "Transferred", "bytes"),
    ),
    hidden=("job_id",),
    sort=("Running for",),
    no_value="nothing runs",
)


SERVERS = table(
    "Servers",
    "Every server with its product, whether its last poll was complete, and how long ago the last"
    " complete one was.",
    (
        rows(ask.per_server(ask.of_servers("backup_server_up"))),
        rows(ask.DESCRIBED_SERVERS),
        rows(ask.per_server(ask.POLL_AGE)),
        rows(ask.per_server(ask.of_servers("backup_server_jobs"))),
        rows(ask.per_server(ask.of_servers("backup_server_open_sessions"))),
    ),
    (
        Column("server", "Server", options=SERVER_LINKS),
        Column("product", "Product"),
        Column("product_version", "Version"),
        Column("Value #A", "State", options=UP_COLUMN),
        Column("Value #C", "Last complete poll", "s", {"mappings": [nothing("never")]}),
        Column("Value #D", "Jobs"),
        Column("Value #E", "Sessions not finished"),
    ),
    hidden=("api_version",),
    no_value=NO_SERVERS,
)
