"""PromQL that several panels share. `$server` and `$job_name` are the reader's choices.

Everything reads what the exporter exposes, so that the dashboards work without recording rules.
Job series are aggregated to their own labels: where a shard hands a job to another one, or two
replicas are scraped, a job still is one line.
"""

from collections.abc import Iterable

from grafana.look import BOTTLENECKS, RESULTS, State

JOB_LABELS = "server, job_id, job_name, session_type"
CHOSEN_JOBS = 'server=~"$server", job_name=~"$job_name"'
CHOSEN_SERVERS = 'server=~"$server"'
CHOSEN_EXPORTERS = 'instance=~"$instance"'


def of_jobs(name: str, *matchers: str) -> str:
    """A family of jobs, narrowed to the chosen ones."""
    return f"{name}{{{', '.join((CHOSEN_JOBS, *matchers))}}}"


def of_servers(name: str, *matchers: str) -> str:
    """A family of servers, narrowed to the chosen ones."""
    return f"{name}{{{', '.join((CHOSEN_SERVERS, *matchers))}}}"


def of_exporters(name: str, *matchers: str) -> str:
    """A metric of the exporter's process or of its scrapes."""
    return f"{name}{{{', '.join((CHOSEN_EXPORTERS, *matchers))}}}"


def per_job(expression: str) -> str:
    """One series for each job and session type."""
    return f"max by ({JOB_LABELS}) ({expression})"


def per_listed_job(expression: str) -> str:
    """One series for each job."""
    return f"max by (server, job_id, job_name) ({expression})"


def per_server(expression: str) -> str:
    """One series for each server."""
    return f"max by (server) ({expression})"


def coded(family: str, label: str, states: Iterable[State], window: str = "") -> str:
    """The number of the state that holds, or with a window the greatest that held in it."""
    template = f"max_over_time(%s[{window}])" if window else "%s"
    series = {state.code: of_jobs(family, f'{label}="{state.word}"') for state in states}
    terms = (f"{code} * ({template % selected} == 1)" for code, selected in series.items())
    return per_job(" or ".join(terms))


RESULT_FAMILY = "backup_job_last_session_result"
RESULT_CODE = coded(RESULT_FAMILY, "result", RESULTS)
WORST_RESULT_CODE = coded(RESULT_FAMILY, "result", RESULTS, "$__interval")
BOTTLENECK_CODE = coded("backup_job_last_session_bottleneck", "bottleneck", BOTTLENECKS)

LAST_SUCCESS = f"({of_jobs('backup_job_last_success_timestamp_seconds')} > 0)"
AGE = f"(time() - ({LAST_SUCCESS} or {of_jobs('backup_job_first_seen_timestamp_seconds')}))"
"""Since the last success, or since the job was first seen if there never was one."""

OBJECTIVE = of_jobs("backup_job_objective_max_age_seconds")
DISABLED = f"(last_over_time({of_jobs('backup_job_enabled')}[1d]) == 0)"
"""By the last answer within a day: the claim itself is withdrawn while a server is down."""

ENABLED_ONLY = f"unless on (server, job_id, job_name) {DISABLED}"

FAILURES = "backup_job_consecutive_failures"
RECENTLY_ENDED = f"time() - {of_jobs('backup_job_last_session_end_timestamp_seconds')} < 86400"
REPEATED = of_jobs(FAILURES, 'job_id!=""', 'session_type!~"(?i).*restore.*"')
FAILING = f"({REPEATED} > 0 or ({of_jobs(FAILURES)} > 0 and {RECENTLY_ENDED}))"
"""A restore or a run without a job has no next session to mend it, so it is shown for a day."""

OVERDUE = f"({AGE} > {OBJECTIVE})"
IN_TROUBLE = f"(({FAILING} or {OVERDUE}) {ENABLED_ONLY})"
RUNNING = f"({of_jobs('backup_job_running_sessions')} > 0)"
ELAPSED = f"(time() - {of_jobs('backup_job_running_session_start_timestamp_seconds')})"

DURATION = of_jobs("backup_job_last_session_duration_seconds")
USUAL_DURATION = f"quantile_over_time(0.9, {DURATION}[14d] @ end())"
"""What nine of ten runs stay below, as known at the end of the time range: read once, not at each
point of the line. Weighted by time, which for a regular schedule is by session."""


def number_of(jobs: str) -> str:
    """How many there are, also when there are none; nothing while no job is known."""
    known = of_jobs("backup_job_first_seen_timestamp_seconds")
    return f"count({per_job(jobs)}) or 0 * count({known})"


def only(expression: str, which: str) -> str:
    """One series for each job, for those that are `which`."""
    return f"{per_job(expression)} and on (server, job_id, session_type) {which}"


NAMED_JOBS = of_jobs("backup_job_first_seen_timestamp_seconds", 'job_id!=""')
WARNING = 'result="warning"'
POLL_AGE = f"time() - ({of_servers('backup_server_last_successful_poll_timestamp_seconds')} > 0)"
"""Since the last complete poll; nothing for a server that never had one."""

SERVER_TEXT = of_servers("backup_server_info", 'product=~"$product"')
DESCRIBED_SERVERS = f"max by (server, product, product_version, api_version) ({SERVER_TEXT})"
JOB_TEXT = of_jobs("backup_job_info", 'product=~"$product"')
DESCRIBED_JOBS = (
    "max by (server, job_id, job_name, product, organization, backup_server, repository,"
    f" policy_type) ({JOB_TEXT})"
)
EXPIRY = of_servers("backup_server_certificate_expiry_timestamp_seconds")
CERTIFICATE_LEFT = f"{EXPIRY} - time()"

BUILD = of_exporters("backup_exporter_build_info")
VERSIONS = f"max by (instance, version, revision, python_version) ({BUILD})"
LOADED = of_exporters("backup_exporter_config_last_reload_success_timestamp_seconds")
CONFIGURATION_AGE = f"1000 * max by (instance) ({LOADED})"
ORDINALS = of_exporters("backup_exporter_shard_ordinal")
INSTALLATION = "by (job, namespace)"
"""What tells several installations apart, each with shards of its own."""

MISSING_SHARDS = (
    f"sum(max {INSTALLATION} ({of_exporters('backup_exporter_shards')})"
    f" - count {INSTALLATION} (count_values {INSTALLATION} ("
    f'"ordinal", {ORDINALS})))'
)


def in_trouble(expression: str, *labels: str) -> str:
    """One series for each job in trouble, with its own and further labels."""
    kept = ", ".join((JOB_LABELS, *labels))
    return f"max by ({kept}) ({expression}) and on (server, job_id, session_type) {IN_TROUBLE}"
