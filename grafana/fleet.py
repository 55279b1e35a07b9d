"""The overview: what is in trouble, on every server at once."""

from grafana import queries as ask
from grafana.dashboard import Dashboard, Row
from grafana.fleet_tables import ATTENTION, NO_SERVERS, RUNNING, SERVERS
from grafana.look import (
    ALL_IS_GOOD,
    FAIR,
    FEW_IS_FAIR,
    NONE_IS_GOOD,
    OF_LIMIT,
    RESULTS,
    by_code,
)
from grafana.panels import (
    Query,
    alert_list,
    bar_gauge,
    bars,
    coloured_series,
    stat,
    status_history,
    time_series,
)
from grafana.variables import (
    JOB_QUERY,
    PRODUCT,
    SERVER,
    annotation,
    choice,
    data_source,
    status_page,
)

NO_JOBS = "no jobs known"


HEADLINES = (
    stat(
        "Jobs",
        "Jobs that have series, each counted once for all of its session types.",
        Query(f"count(count by (server, job_id) ({ask.NAMED_JOBS}))", now=True),
        no_value=NO_JOBS,
    ),
    stat(
        "Failing",
        "Jobs whose last session failed. Restores and runs without a job count for a day.",
        Query(ask.number_of(f"({ask.FAILING} {ask.ENABLED_ONLY})"), now=True),
        no_value=NO_JOBS,
        defaults={"thresholds": NONE_IS_GOOD},
    ),
    stat(
        "Overdue",
        "Jobs whose last success is older than their objective allows, or that never succeeded"
        " for as long. Disabled jobs do not count.",
        Query(ask.number_of(f"({ask.OVERDUE} {ask.ENABLED_ONLY})"), now=True),
        no_value=NO_JOBS,
        defaults={"thresholds": NONE_IS_GOOD},
    ),
    stat(
        "Last ended with a warning",
        "Jobs whose last session ended with a warning: there is a backup, read what it lacks.",
        Query(f"sum({ask.per_job(ask.of_jobs(ask.RESULT_FAMILY, ask.WARNING))})", now=True),
        no_value=NO_JOBS,
        defaults={"thresholds": FEW_IS_FAIR},
    ),
    stat(
        "Running sessions",
        "Sessions at work, as of the last complete poll of each server.",
        Query(
            f"sum({ask.per_job(ask.of_jobs('backup_job_running_sessions'))})",
            now=True,
        ),
        no_value="no server was polled lately",
    ),
    stat(
        "Servers down",
        "Servers whose last poll was not complete, or that were not polled yet.",
        Query(f"sum({ask.per_server(ask.of_servers('backup_server_up'))} == bool 0)", now=True),
        no_value=NO_SERVERS,
        defaults={"thresholds": NONE_IS_GOOD},
    ),
)


ALERTS = alert_list(
    "Alerts",
    "Alerts of the shipped rules that fire or wait to fire.",
    '{alertname=~"Backup.+"}',
    no_value="no alerts",
    height=12,
)


FRESHNESS = (
    bar_gauge(
        "Jobs within their objective",
        "Share of the jobs with an objective whose last success is recent enough, by server."
        " Disabled jobs do not count.",
        Query(
            f"avg by (server) (({ask.AGE} <= bool {ask.OBJECTIVE}) {ask.ENABLED_ONLY})",
            legend="{{server}}",
            now=True,
        ),
        no_value="no job has an objective",
        defaults={"thresholds": ALL_IS_GOOD},
        height=9,
    ),
    bar_gauge(
        "Nearest to their objective",
        "The ten jobs that have used most of what their objective allows; 100 % is overdue.",
        Query(
            f"topk(10, {ask.per_job(f'({ask.AGE} / {ask.OBJECTIVE}) {ask.ENABLED_ONLY}')})",
            legend="{{server}} · {{job_name}} · {{session_type}}",
            now=True,
        ),
        no_value="no job has an objective",
        defaults={"thresholds": OF_LIMIT},
        height=9,
    ),
    time_series(
        "Jobs within their objective over time",
        "Share of the jobs with an objective whose last success was recent enough.",
        Query(
            f"avg by (server) (({ask.AGE} <= bool {ask.OBJECTIVE}) {ask.ENABLED_ONLY})",
            legend="{{server}}",
        ),
        unit="percentunit",
        no_value="no job has an objective",
        defaults={"max": 1},
        width=8,
        height=9,
    ),
)


HISTORY = (
    status_history(
        "Jobs over time",
        "One line for each job and session type. Each cell is the worst result that stood as the"
        " last one in its slice of time.",
        Query(ask.WORST_RESULT_CODE, legend="{{server}} · {{job_name}} · {{session_type}}"),
        by_code(RESULTS),
        no_value=NO_JOBS,
        more={"interval": "5m", "maxDataPoints": 96},
    ),
    bars(
        "Finished sessions by result",
        "Sessions that finished in each hour or longer slice of time.",
        Query(
            "sum by (result) (increase("
            + ask.of_jobs("backup_job_sessions_finished_total")
            + "[$__rate_interval]))",
            legend="{{result}}",
        ),
        no_value="no sessions counted",
        overrides=coloured_series(RESULTS),
    ),
    bars(
        "Transferred by server",
        "Bytes that the sessions transferred which finished in each hour or longer slice of time;"
        " only where the product reports it.",
        Query(
            "sum by (server) (increase("
            + ask.of_jobs("backup_job_session_transferred_bytes_total")
            + "[$__rate_interval]))",
            legend="{{server}}",
        ),
        unit="bytes",
        no_value="not reported",
    ),
)


FLEET = Dashboard(
    uid="backup-fleet",
    title="Backup / Fleet",
    description="Which backups are in trouble, over all servers and products.",
    since="now-24h",
    variables=(
        data_source(),
        PRODUCT,
        SERVER,
        choice("job_name", "Job", JOB_QUERY, ".*"),
        status_page(),
    ),
    annotations=(
        annotation(
            "Critical alerts",
            'ALERTS{alertname=~"Backup.+", alertstate="firing", severity="critical"}',
            "{{alertname}}",
            "{{server}} {{job_name}}",
            iconColor=FAIR,
        ),
    ),
    rows=(
        Row("At a glance", HEADLINES),
        Row("In trouble", (ATTENTION, ALERTS)),
        Row("Freshness", FRESHNESS),
        Row("Now", (RUNNING, SERVERS)),
        Row("History", HISTORY),
    ),
)
