"""Which sessions and jobs the user wants: the same rules for every product."""

from collections.abc import Collection

import msgspec

from exporter.config.values import ServerConfig
from exporter.model import Harvest, Job, Session


def select(harvest: Harvest, config: ServerConfig, default_types: Collection[str]) -> Harvest:
    """`harvest` without the sessions and jobs that `config` does not admit.

    `default_types` are the session types that an empty include admits. A type that we do not know
    is admitted by default too: better a series too many than a failed backup unseen.
    """
    return msgspec.structs.replace(
        harvest,
        sessions=tuple(s for s in harvest.sessions if admits(s, config, default_types)),
        jobs=tuple(
            chosen
            for job in harvest.jobs
            if (chosen := _admitted_part(job, config, default_types)) is not None
        ),
    )


def admits(session: Session, config: ServerConfig, default_types: Collection[str]) -> bool:
    """Whether `session` is of an admitted type and job."""
    default = session.session_type in default_types or "session_type" in session.unknown
    return config.session_types.admits(session.session_type, default=default) and (
        config.jobs.admits(session.job_name)
    )


def _admitted_part(job: Job, config: ServerConfig, default_types: Collection[str]) -> Job | None:
    """`job` with its admitted session types; None when nothing of it is wanted."""
    if not config.jobs.admits(job.name):
        return None
    types = tuple(
        kind
        for kind in job.session_types
        if config.session_types.admits(kind, default=kind in default_types)
    )
    if job.session_types and not types:
        return None
    return msgspec.structs.replace(job, session_types=types)
