"""What is known of a VB365 server's jobs, apart from their sessions. Pure; sends nothing."""

from collections.abc import Iterable, Mapping

from exporter.model import Job
from exporter.rest.rows import Link
from exporter.rest.text import one_line
from exporter.sources.times import timestamp
from exporter.sources.vb365.sessions import BACKUP, JobName, last_segment
from exporter.sources.vb365.wire import NO_LINKS, JobRow, NamedRow

LONGEST_NAME = 256


class JobBook:
    """The last known jobs by type, and the names of organizations and repositories.

    Names of deleted jobs are kept, because their sessions stay in the server's history.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[JobRow, ...]] = {}
        self._names: dict[str, JobName] = {}
        self._organizations: Mapping[str, str] = {}
        self._repositories: Mapping[str, str] = {}

    @property
    def names(self) -> Mapping[str, JobName]:
        """Every job ever listed, by its id in lower case."""
        return self._names

    def list_jobs(self, session_type: str, rows: Iterable[JobRow]) -> None:
        """The jobs whose sessions have this type are these and no others."""
        kept = self._rows[session_type] = tuple(rows)
        for row in kept:
            job_id = row.id.lower()
            self._names[job_id] = JobName(job_id, _name(row.name), session_type)

    def list_organizations(self, rows: Iterable[NamedRow]) -> None:
        """The names of the organizations."""
        self._organizations = _by_id(rows)

    def list_repositories(self, rows: Iterable[NamedRow]) -> None:
        """The names of the repositories."""
        self._repositories = _by_id(rows)

    def jobs(self) -> tuple[Job, ...]:
        """Every job of the last lists, with the names of what it belongs to."""
        originals = {row.id.lower(): row for row in self._rows.get(BACKUP, ())}
        return tuple(
            self._job(row, session_type, originals)
            for session_type, rows in self._rows.items()
            for row in rows
        )

    def _job(self, row: JobRow, session_type: str, originals: Mapping[str, JobRow]) -> Job:
        # A copy job belongs to the organization of the job that it copies.
        original = originals.get((row.backup_job_id or "").lower())
        organization = _organization_id(row) or (_organization_id(original) if original else "")
        return Job(
            id=row.id.lower(),
            name=_name(row.name),
            session_types=(session_type,),
            organization=self._organizations.get(organization, ""),
            repository=self._repositories.get(_repository_id(row), ""),
            policy_type=one_line(row.backup_type or "", LONGEST_NAME),
            enabled=row.is_enabled,
            next_run=timestamp(row.next_run),
        )


def _organization_id(row: JobRow) -> str:
    return _id_or_link(row.organization_id, (row.links or NO_LINKS).organization)


def _repository_id(row: JobRow) -> str:
    return _id_or_link(row.repository_id, (row.links or NO_LINKS).backup_repository)


def _id_or_link(given: str | None, link: Link | None) -> str:
    """The id that a row gives, or before v8 the end of its link, in lower case."""
    return given.lower() if given else last_segment(link.href if link else None)


def _by_id(rows: Iterable[NamedRow]) -> dict[str, str]:
    return {row.id.lower(): _name(row.name) for row in rows}


def _name(name: str | None) -> str:
    return one_line(name or "", LONGEST_NAME)
