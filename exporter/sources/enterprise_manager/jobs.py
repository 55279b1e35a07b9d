"""What is known of the jobs of an Enterprise Manager, apart from their sessions. Pure."""

from collections.abc import Callable, Iterable

from exporter.model import Job
from exporter.rest.text import one_line
from exporter.sources.enterprise_manager.sessions import (
    CHILD_TYPES,
    LONGEST_NAME,
    REPLICA,
    SESSION_TYPES,
    Sighting,
    backup_server,
    identifier,
)
from exporter.sources.enterprise_manager.wire import JobRow
from exporter.sources.times import timestamp

LISTED_TYPES = frozenset({"Backup", "BackupCopy", "ImmediateBackupCopy", REPLICA})
"""The types that the vendor's page of the list of jobs documents; agents and shares have others."""


class JobBook:
    """The last list of jobs, where the account may read it, and what sessions tell of the rest.

    `admits` says of a backup server's name whether the user wants to see it.
    """

    def __init__(self, admits: Callable[[str], bool]) -> None:
        self._admits = admits
        self._listed: dict[str, Job] = {}

    @property
    def covered_types(self) -> frozenset[str]:
        """The session types whose jobs the list names.

        A type of which it names no job at all is left out: jobs that are merely not shown to this
        account must not pass for deleted ones.
        """
        named = {kind for job in self._listed.values() for kind in job.session_types}
        return LISTED_TYPES & named

    def list_jobs(self, rows: Iterable[JobRow]) -> None:
        """The jobs are these and no others."""
        self._listed = {job.id: job for job in map(_job, rows)}

    def jobs(self, sightings: Iterable[Sighting]) -> tuple[Job, ...]:
        """Listed jobs, and of those that no list would name what their sessions tell."""
        listed = {id_: job for id_, job in self._listed.items() if self._admits(job.backup_server)}
        told = _told(sightings)
        covered = self.covered_types
        for id_, job in told.items():
            if id_ not in self._listed and covered.isdisjoint(job.session_types):
                listed[id_] = job
        return tuple(listed.values())


def _job(row: JobRow) -> Job:
    kind = SESSION_TYPES[row.job_type]
    # A job without a schedule is started by hand: it is neither on nor off.
    enabled = row.schedule_enabled if row.schedule_configured is not False else None
    return Job(
        id=identifier(row.uid),
        name=one_line(row.name or "", LONGEST_NAME),
        session_types=(kind,) if kind else (),
        backup_server=backup_server(row.links),
        enabled=enabled,
        next_run=timestamp(row.next_run),
    )


def _telling(sighting: Sighting) -> tuple[bool, float]:
    """How well a session tells of its job: a part of one is named after another job as well."""
    session = sighting.session
    return session.session_type not in CHILD_TYPES, session.started or 0.0


def _told(sightings: Iterable[Sighting]) -> dict[str, Job]:
    """Jobs as their newest sessions tell of them, by id."""
    newest: dict[str, Sighting] = {}
    types: dict[str, set[str]] = {}
    for sighting in sorted(sightings, key=_telling):
        job_id = sighting.session.job_id
        if job_id:
            types.setdefault(job_id, set()).add(sighting.session.session_type)
            newest[job_id] = sighting
    return {
        job_id: Job(
            id=job_id,
            name=one.session.job_name,
            session_types=tuple(sorted(types[job_id])),
            backup_server=one.backup_server,
        )
        for job_id, one in newest.items()
    }
