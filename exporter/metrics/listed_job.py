"""The families of jobs apart from their sessions: descriptive text and schedule."""

from exporter.metrics.family import LISTED_JOB, AnyFamily, Family, Kind, ListedJob, Shape

GAUGE = Kind.GAUGE


def description(job: ListedJob) -> tuple[str, ...]:
    """The texts that describe a job, in the order of the info family's labels."""
    known = job.identity
    return (
        job.product,
        known.organization,
        known.backup_server,
        known.repository,
        known.policy_type,
    )


LISTED_JOB_FAMILIES: tuple[AnyFamily, ...] = (
    Family(
        "backup_job_info",
        GAUGE,
        "Descriptive text of a job, always 1, to be joined with other series by server and job_id.",
        LISTED_JOB,
        description,
        Shape.TEXT,
        ("product", "organization", "backup_server", "repository", "policy_type"),
    ),
    Family(
        "backup_job_enabled",
        GAUGE,
        "Whether the job is enabled (1) or disabled (0), as of the last complete poll.",
        LISTED_JOB,
        lambda job: job.identity.enabled,
    ),
    Family(
        "backup_job_next_run_timestamp_seconds",
        GAUGE,
        "When the job is to run next, in seconds since the epoch, as of the last complete poll.",
        LISTED_JOB,
        lambda job: job.identity.next_run,
    ),
)
