"""Answers of Enterprise Manager as they come over the wire.

After the vendor's pages of the REST API ("GET /query", "GET /backupSessions/{ID}", "GET /jobs/{ID}"
and others). Every field but the identifier is optional: an XML element without a value is left out,
JSON has null there, and JSON lists without a member are null as well.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from exporter.rest.rows import Id
from exporter.sources.enterprise_manager.spelling import Spell, lower, pascal, spelled


class Link(msgspec.Struct, frozen=True, gc=False):
    """A link of a resource. Its address is not read: it carries a host that we did not dial."""

    type: str | None = None
    name: str | None = None


class PageLink(msgspec.Struct, frozen=True, gc=False):
    """A link of a page; only whether there is one to a next page matters."""

    rel: str | None = None


class SessionRow(msgspec.Struct, frozen=True, gc=False):
    """A backup or replica job session; `progress` is a percentage.

    Times are text where they come as XML, or as JSON that is not quite as documented.
    """

    uid: Id
    job_uid: str | None = None
    job_name: str | None = None
    job_type: str | None = None
    creation_time: datetime | str | None = None
    end_time: datetime | str | None = None
    state: str | None = None
    result: str | None = None
    progress: float | None = None
    is_retry: bool | None = None
    failure_message: str | None = None
    links: list[Link] | None = None


class JobRow(msgspec.Struct, frozen=True, gc=False):
    """A job; `next_run` is there only while its schedule is on."""

    uid: Id
    name: str | None = None
    job_type: str | None = None
    schedule_configured: bool | None = None
    schedule_enabled: bool | None = None
    next_run: str | None = None
    links: list[Link] | None = None


class BackupServerRow(msgspec.Struct, frozen=True, gc=False):
    """A backup server that Enterprise Manager collects from."""

    version: str | None = None


class SystemSessionRow(msgspec.Struct, frozen=True, gc=False):
    """A session of Enterprise Manager's own jobs, such as the collection of data."""

    session_type: str | None = None
    end_time: str | None = None
    state: str | None = None


class PagingInfo(msgspec.Struct, frozen=True, gc=False):
    """Which page an answer is. There is no total count of items."""

    page_num: int | None = None
    page_size: int | None = None
    pages_count: int | None = None
    links: list[PageLink] | None = None


NO_PAGING = PagingInfo()


class LogonSession(msgspec.Struct, frozen=True, gc=False):
    """The answer to a logon."""

    session_id: str | None = None


class BackupJobSessions(msgspec.Struct, frozen=True, gc=False):
    """The inner one of two lists of the same name."""

    backup_job_sessions: list[SessionRow] | None


class ReplicaJobSessions(msgspec.Struct, frozen=True, gc=False):
    """The inner one of two lists of the same name."""

    replica_job_sessions: list[SessionRow] | None


class Entities(msgspec.Struct, frozen=True, gc=False):
    """The lists of a query's answer; all but the one that was asked for are null."""

    backup_job_sessions: BackupJobSessions | None = None
    replica_job_sessions: ReplicaJobSessions | None = None


class SessionPage(msgspec.Struct, frozen=True, gc=False):
    """A page of sessions."""

    entities: Entities | None
    paging_info: PagingInfo | None = None


# Whole pages have their times read with them: it takes a fraction of the time.
_MOMENT = Annotated[datetime, msgspec.Meta(tz=True)] | None


def session_pages(spell: Spell) -> msgspec.json.Decoder[SessionPage]:
    """A decoder of whole pages of sessions in one spelling. Numbers and booleans may be quoted."""
    links: Any = list[spelled(Link, spell)] | None  # type: ignore[misc]  # made at run time
    row: Any = spelled(SessionRow, spell, links=links, creation_time=_MOMENT, end_time=_MOMENT)
    rows: Any = list[row] | None
    backups: Any = spelled(BackupJobSessions, spell, backup_job_sessions=rows)
    replicas: Any = spelled(ReplicaJobSessions, spell, replica_job_sessions=rows)
    entities: Any = spelled(
        Entities,
        spell,
        backup_job_sessions=backups | None,
        replica_job_sessions=replicas | None,
    )
    page_links: Any = list[spelled(PageLink, spell)] | None  # type: ignore[misc]  # same
    paging: Any = spelled(PagingInfo, spell, links=page_links)
    page = spelled(SessionPage, spell, entities=entities | None, paging_info=paging | None)
    return msgspec.json.Decoder(page, strict=False)


# The same structures by names in lower case, for values that were decoded without a type.
_LINKS: Any = list[spelled(Link, lower)] | None  # type: ignore[misc]  # a type made at run time
_TEXT = str | None
SESSION = spelled(SessionRow, lower, links=_LINKS, creation_time=_TEXT, end_time=_TEXT)
JOB = spelled(JobRow, lower, links=_LINKS)
BACKUP_SERVER = spelled(BackupServerRow, lower)
SYSTEM_SESSION = spelled(SystemSessionRow, lower)
PAGING_INFO = spelled(PagingInfo, lower, links=list[spelled(PageLink, lower)] | None)  # type: ignore[misc]  # same
LOGON_SESSION = spelled(LogonSession, lower)

# And for whole pages of XML, where the attributes of links are left as they were written.
_WRITTEN: Any = list[spelled(Link, pascal)] | None  # type: ignore[misc]  # same
SESSION_IN_MARKUP = spelled(
    SessionRow, lower, links=_WRITTEN, creation_time=_MOMENT, end_time=_MOMENT
)
JOB_IN_MARKUP = spelled(JobRow, lower, links=_WRITTEN)
