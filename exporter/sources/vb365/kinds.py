"""The three kinds of session that VB365 keeps in lists of their own, as one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.model import Session
from exporter.rest.rows import PageDecoder
from exporter.sources.vb365.sessions import (
    BACKUP,
    COPY,
    RESTORE,
    RETRIEVAL,
    JobName,
    normalise,
    normalise_restores,
    normalise_retrievals,
)
from exporter.sources.vb365.wire import RESTORES, RETRIEVALS, SESSIONS


@dataclass(frozen=True, slots=True)
class SessionKind:
    """Where one kind of session is read, how its rows are decoded, and what they mean."""

    endpoint: str
    path: str
    decoder: PageDecoder[Any]  # the type of the rows is a matter of this row of the table only
    normalise: Callable[[Any, Mapping[str, JobName]], list[Session]]


JOB_SESSIONS = SessionKind("sessions", "JobSessions", SESSIONS, normalise)
RESTORE_SESSIONS = SessionKind(
    "restore_sessions", "RestoreSessions", RESTORES, lambda rows, _jobs: normalise_restores(rows)
)
RETRIEVAL_SESSIONS = SessionKind(
    "data_retrieval_sessions",
    "DataRetrievalSessions",
    RETRIEVALS,
    lambda rows, _jobs: normalise_retrievals(rows),
)

KINDS = {
    BACKUP: JOB_SESSIONS,
    COPY: JOB_SESSIONS,
    RESTORE: RESTORE_SESSIONS,
    RETRIEVAL: RETRIEVAL_SESSIONS,
}
"""By session type; a type that is not here is one of job sessions."""
