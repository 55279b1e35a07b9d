"""One job: what its sessions did, how long they take, what runs now."""

from grafana import queries as ask
from grafana.dashboard import Dashboard, Row
from grafana.job_sessions import DISTRIBUTION, RUN, RUNNING, SESSIONS
from grafana.look import (
    BAD,
    ENABLED,
    NONE_IS_GOOD,
    OF_LIMIT,
    RESULTS,
    by_code,
)
from grafana.panels import (
    Query,
    bars,
    coloured_series,
    dashed,
    stat,
    state_timeline,
    time_series,
)
from grafana.tables import Column, rows, table
from grafana.variables import (
    JOB_QUERY,
    PRODUCT,
    SERVER_QUERY,
    annotation,
    data_source,
    one_of,
    status_page,
)

LISTED = "{{job_name}}"


SUMMARY = (
    stat(
        "Last result",
        "Result of the last finished session.",
        Query(ask.RESULT_CODE, legend=RUN, now=True),
        no_value="not known",
        defaults={"mappings": [by_code(RESULTS)]},
    ),
    stat(
        "Age of last success",
        "Time since the newest session that left something to restore from.",
        Query(ask.per_job(f"time() - {ask.LAST_SUCCESS}"), legend=RUN, now=True),
        unit="s",
        no_value="never",
    ),
    stat(
        "Share of objective",
        "Age of the last success as a share of what the objective allows; a job that never"
        " succeeded is counted from when it was first seen.",
        Query(ask.per_job(f"{ask.AGE} / {ask.OBJECTIVE}"), legend=RUN, now=True),
        unit="percentunit",
        no_value="no objective",
        defaults={"thresholds": OF_LIMIT},
    ),
    stat(
        "Failures in a row",
        "Failed sessions since the last one with any other result.",
        Query(ask.per_job(ask.of_jobs(ask.FAILURES)), legend=RUN, now=True),
        no_value="not known",
        defaults={"thresholds": NONE_IS_GOOD},
    ),
    stat(
        "Next run",
        "When the job is to run next, where the product says so.",
        Query(
            ask.per_listed_job(
                f"1000 * {ask.of_jobs('backup_job_next_run_timestamp_seconds')}",
            ),
            legend=LISTED,
            now=True,
        ),
        unit="dateTimeFromNow",
        no_value="not known",
    ),
    stat(
        "Schedule",
        "Whether the job is enabled, where the product lists its jobs.",
        Query(
            ask.per_listed_job(ask.of_jobs("backup_job_enabled")),
            legend=LISTED,
            now=True,
        ),
        no_value="not known",
        defaults={"mappings": [ENABLED]},
    ),
)


RESULTS_OVER_TIME = (
    state_timeline(
        "Result over time",
        "Result of the session that was the last finished one at each time.",
        Query(ask.RESULT_CODE, legend=RUN),
        by_code(RESULTS),
        height=6,
    ),
    time_series(
        "Age of last success and objective",
        "The age falls to nothing with each success. Above the dashed line the job is overdue.",
        Query(ask.per_job(ask.AGE), legend=f"age · {RUN}"),
        Query(ask.per_job(ask.OBJECTIVE), legend=f"objective · {RUN}"),
        unit="s",
        overrides=(dashed("^objective .*", BAD),),
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
        overrides=coloured_series(RESULTS),
    ),
)


ABOUT = table(
    "About the job",
    "What the product says of the job itself.",
    (rows(ask.DESCRIBED_JOBS),),
    (
        Column("server", "Server"),
        Column("job_name", "Job"),
        Column("product", "Product"),
        Column("organization", "Organization"),
        Column("backup_server", "Backup server"),
        Column("repository", "Repository"),
        Column("policy_type", "Policy type"),
        Column("job_id", "Id"),
    ),
    height=5,
    no_value="not known",
)


JOB = Dashboard(
    uid="backup-job",
    title="Backup / Job",
    description="One job: results, durations, throughput, bottlenecks and what runs now.",
    since="now-7d",
    variables=(
        data_source(),
        PRODUCT,
        one_of("server", "Server", SERVER_QUERY, multi=False),
        one_of("job_name", "Job", JOB_QUERY),
        status_page(),
    ),
    annotations=(
        annotation(
            "Alerts of the job",
            f'ALERTS{{alertname=~"Backup.+", alertstate="firing", {ask.CHOSEN_JOBS}}}',
            "{{alertname}}",
            "{{job_name}} {{session_type}}",
        ),
    ),
    rows=(
        Row("At a glance", (*SUMMARY, ABOUT)),
        Row("Results", RESULTS_OVER_TIME),
        Row("Sessions", SESSIONS),
        Row("Running session", RUNNING),
        Row("All sessions of the server", DISTRIBUTION, collapsed=True),
    ),
)
