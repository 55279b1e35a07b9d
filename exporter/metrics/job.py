"""The families of jobs by session type: the last session, what runs now, and the totals."""

from collections.abc import Mapping
from functools import lru_cache

from exporter.metrics.family import JOB, AnyFamily, Family, Kind, Shape
from exporter.model import NO_STATISTICS, Bottleneck, Result, Statistics
from exporter.view import JobView

GAUGE, COUNTER = Kind.GAUGE, Kind.COUNTER
RESULTS = tuple(Result)
NEVER_RAN = "none"
RESULT_STATES: tuple[str, ...] = (*(result.value for result in Result), NEVER_RAN)


@lru_cache(maxsize=1024)
def one_hot(states: tuple[str, ...], current: str) -> Mapping[str, float]:
    """Every state as 0, the current one as 1, also when it is not among `states`."""
    return {state: float(state == current) for state in (*states, current)}


def last_result(job: JobView) -> Mapping[str, float]:
    """The result of the last finished session, one-hot, or that there never was one."""
    current = job.last.result.value if job.last else NEVER_RAN
    return one_hot(RESULT_STATES, current)


def last_bottleneck(job: JobView) -> Mapping[str, float] | None:
    """The bottleneck of the last finished session, one-hot over what the product can say."""
    current = last_statistics(job).bottleneck
    if current is None:
        return None
    return one_hot(_words(job.bottlenecks), current.value)


@lru_cache(maxsize=64)
def _words(bottlenecks: tuple[Bottleneck, ...]) -> tuple[str, ...]:
    return tuple(bottleneck.value for bottleneck in bottlenecks)


def last_statistics(job: JobView) -> Statistics:
    """What the product measured of the last finished session."""
    return job.last.statistics if job.last else NO_STATISTICS


def running_statistics(job: JobView) -> Statistics:
    """What the product measures of the oldest running session."""
    return job.now.oldest if job.now and job.now.running else NO_STATISTICS


def by_result(values: Mapping[Result, float]) -> Mapping[str, float]:
    """A number for each result, 0 where there is none yet."""
    return {result: values.get(result, 0) for result in RESULTS}


def bottleneck_totals(job: JobView) -> Mapping[str, float] | None:
    """Counted sessions by bottleneck, 0 for what the product can say but has not said."""
    counted = job.totals.bottlenecks
    if counted is None:
        return None
    return {word: counted.get(word, 0) for word in (*job.bottlenecks, *counted)}


JOB_FAMILIES: tuple[AnyFamily, ...] = (
    Family(
        "backup_job_objective_max_age_seconds",
        GAUGE,
        "How old the job's last success may be by the configured objectives, in seconds.",
        JOB,
        lambda job: job.objective_max_age,
    ),
    Family(
        "backup_job_first_seen_timestamp_seconds",
        GAUGE,
        "When the job was first seen by the ledger, in seconds since the epoch.",
        JOB,
        lambda job: job.first_seen,
    ),
    Family(
        "backup_job_last_session_result",
        GAUGE,
        "Result of the last finished session, 1 for the one that holds; none means it never ran.",
        JOB,
        last_result,
        Shape.EACH,
        ("result",),
    ),
    Family(
        "backup_job_last_session_start_timestamp_seconds",
        GAUGE,
        "When the last finished session started, in seconds since the epoch.",
        JOB,
        lambda job: job.last.started if job.last else None,
    ),
    Family(
        "backup_job_last_session_end_timestamp_seconds",
        GAUGE,
        "When the last finished session ended, in seconds since the epoch.",
        JOB,
        lambda job: job.last.ended if job.last else None,
    ),
    Family(
        "backup_job_last_session_duration_seconds",
        GAUGE,
        "How long the last finished session took, in seconds.",
        JOB,
        lambda job: job.last.duration if job.last else None,
    ),
    Family(
        "backup_job_last_session_transferred_bytes",
        GAUGE,
        "Bytes that the last finished session transferred.",
        JOB,
        lambda job: last_statistics(job).transferred_bytes,
    ),
    Family(
        "backup_job_last_session_processed_items",
        GAUGE,
        "Items (such as mails and files) that the last finished session processed.",
        JOB,
        lambda job: last_statistics(job).processed_items,
    ),
    Family(
        "backup_job_last_session_processed_objects",
        GAUGE,
        "Objects (such as mailboxes and machines) that the last finished session processed.",
        JOB,
        lambda job: last_statistics(job).processed_objects,
    ),
    Family(
        "backup_job_last_session_retries",
        GAUGE,
        "How often the last finished session was retried.",
        JOB,
        lambda job: last_statistics(job).retries,
    ),
    Family(
        "backup_job_last_session_processing_bytes_per_second",
        GAUGE,
        "Processing rate of the last finished session in bytes per second, as reported.",
        JOB,
        lambda job: last_statistics(job).processing_bytes_per_second,
    ),
    Family(
        "backup_job_last_session_read_bytes_per_second",
        GAUGE,
        "Read rate of the last finished session in bytes per second, as reported.",
        JOB,
        lambda job: last_statistics(job).read_bytes_per_second,
    ),
    Family(
        "backup_job_last_session_write_bytes_per_second",
        GAUGE,
        "Write rate of the last finished session in bytes per second, as reported.",
        JOB,
        lambda job: last_statistics(job).write_bytes_per_second,
    ),
    Family(
        "backup_job_last_session_processing_items_per_second",
        GAUGE,
        "Processing rate of the last finished session in items per second, as reported.",
        JOB,
        lambda job: last_statistics(job).processing_items_per_second,
    ),
    Family(
        "backup_job_last_session_bottleneck",
        GAUGE,
        "Bottleneck of the last finished session, 1 for the one that the product named.",
        JOB,
        last_bottleneck,
        Shape.EACH,
        ("bottleneck",),
    ),
    Family(
        "backup_job_last_success_timestamp_seconds",
        GAUGE,
        "When the newest session that left something to restore from ended, in seconds since the"
        " epoch, 0 if there never was one.",
        JOB,
        lambda job: job.last_success,
    ),
    Family(
        "backup_job_last_result_timestamp_seconds",
        GAUGE,
        "When the newest session with each result ended, in seconds since the epoch, 0 if there"
        " never was one.",
        JOB,
        lambda job: by_result(job.last_result_ends),
        Shape.EACH,
        ("result",),
    ),
    Family(
        "backup_job_consecutive_failures",
        GAUGE,
        "Failed sessions since the last one with any other result.",
        JOB,
        lambda job: job.consecutive_failures,
    ),
    Family(
        "backup_job_running_sessions",
        GAUGE,
        "Sessions at work, without queued ones, as of the last complete poll.",
        JOB,
        lambda job: job.now.running if job.now else None,
    ),
    Family(
        "backup_job_queued_sessions",
        GAUGE,
        "Sessions waiting to start, as of the last complete poll.",
        JOB,
        lambda job: job.now.queued if job.now else None,
    ),
    Family(
        "backup_job_running_session_start_timestamp_seconds",
        GAUGE,
        "When the oldest running session started, in seconds since the epoch, as of the last"
        " complete poll.",
        JOB,
        lambda job: job.now.oldest_start if job.now and job.now.running else None,
    ),
    Family(
        "backup_job_running_session_progress_ratio",
        GAUGE,
        "Progress of the oldest running session from 0 to 1, as of the last complete poll.",
        JOB,
        lambda job: running_statistics(job).progress_ratio,
    ),
    Family(
        "backup_job_running_session_processed_objects",
        GAUGE,
        "Objects processed by the oldest running session, as of the last complete poll.",
        JOB,
        lambda job: running_statistics(job).processed_objects,
    ),
    Family(
        "backup_job_running_session_processed_items",
        GAUGE,
        "Items processed by the oldest running session, as of the last complete poll.",
        JOB,
        lambda job: running_statistics(job).processed_items,
    ),
    Family(
        "backup_job_running_session_transferred_bytes",
        GAUGE,
        "Bytes transferred by the oldest running session, as of the last complete poll.",
        JOB,
        lambda job: running_statistics(job).transferred_bytes,
    ),
    Family(
        "backup_job_sessions_finished_total",
        COUNTER,
        "Finished sessions by result, each counted once.",
        JOB,
        lambda job: by_result(job.totals.finished),
        Shape.EACH,
        ("result",),
    ),
    Family(
        "backup_job_session_duration_seconds_total",
        COUNTER,
        "Sum of the durations of the counted sessions, in seconds.",
        JOB,
        lambda job: job.totals.duration_seconds,
    ),
    Family(
        "backup_job_session_transferred_bytes_total",
        COUNTER,
        "Sum of the bytes that the counted sessions transferred.",
        JOB,
        lambda job: job.totals.transferred_bytes,
    ),
    Family(
        "backup_job_session_processed_items_total",
        COUNTER,
        "Sum of the items that the counted sessions processed.",
        JOB,
        lambda job: job.totals.processed_items,
    ),
    Family(
        "backup_job_session_retries_total",
        COUNTER,
        "Sum of the retries of the counted sessions.",
        JOB,
        lambda job: job.totals.retries,
    ),
    Family(
        "backup_job_session_bottleneck_total",
        COUNTER,
        "Counted sessions by the bottleneck that the product named.",
        JOB,
        bottleneck_totals,
        Shape.EACH,
        ("bottleneck",),
    ),
)
