"""Which sessions and jobs the user wants: the same rules for every product."""

from collections.abc import Collection, MutableMapping

import msgspec

from exporter.config.values import ServerConfig
from exporter.model import Harvest, Job, Session, State


def select(harvest: Harvest, config: ServerConfig, default_types: Collection[str]) -> Harvest:
    """`harvest` without the sessions and jobs that `config` does not admit.

    `default_types` are the session types that an empty include admits. A type that we do not know
    is admitted by default too: better a series too many than a failed backup unseen.
    """
    judge = _Judge(config, default_types)
    return msgspec.structs.replace(
        harvest,
        sessions=tuple(s for s in harvest.sessions if judge[s.job_name, s.session_type, s.unknown]),
        jobs=tuple(
            chosen
            for job in harvest.jobs
            if (chosen := _admitted_part(job, config, default_types)) is not None
        ),
    )


class _Judge(dict[tuple[str, str, tuple[str, ...]], bool]):
    """Whether sessions of a job's name, type and unknown fields are wanted; each asked once."""

    def __init__(self, config: ServerConfig, default_types: Collection[str]) -> None:
        super().__init__()
        self._config = config
        self._default_types = default_types

    def __missing__(self, facts: tuple[str, str, tuple[str, ...]]) -> bool:
        job_name, session_type, unknown = facts
        default = session_type in self._default_types or "session_type" in unknown
        wanted = self[facts] = self._config.session_types.admits(
            session_type, default=default
        ) and self._config.jobs.admits(job_name)
        return wanted


def admits(session: Session, config: ServerConfig, default_types: Collection[str]) -> bool:
    """Whether `session` is of an admitted type and job."""
    return _Judge(config, default_types)[session.job_name, session.session_type, session.unknown]


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


def was_alive(session: Session, since: float) -> bool:
    """Whether a row of an unfiltered list belongs to a window that starts at `since`.

    The last page that is read reaches further back than the window does.
    """
    last_sign = session.ended if session.ended is not None else session.started
    return session.state is not State.FINISHED or last_sign is None or last_sign >= since


def keep_newer(kept: MutableMapping[str, Session], session: Session) -> None:
    """Keep the newer reading of a session, but never an open one in place of a finished one."""
    known = kept.get(session.id)
    over = known is not None and known.state is State.FINISHED
    if not over or session.state is State.FINISHED:
        kept[session.id] = session
