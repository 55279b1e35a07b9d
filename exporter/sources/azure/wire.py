"""Answers of Veeam Backup for Microsoft Azure as they come over the wire.

The rows are typed after the vendor's reference pages of v1 to v3 and the OpenAPI documents of v8
and v8.1. The documents require hardly any field, so every field but the id is optional, and what
is not read (texts, links, counts) is not typed.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from exporter.rest.rows import DecodedPage, Figure, Id, PageDecoder, Row


class PolicyInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """`backupJobInfo` and `healthCheckJobInfo`: the policy that a session belongs to."""

    policy_id: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class RepositoryInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """`repositoryJobInfo`; its id is a number in v1 and text later."""

    repository_id: str | int | None = None
    repository_name: str | None = None


class SessionFields(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A session of any version without its times.

    `execution_duration` is a time span, or milliseconds.
    """

    id: Id
    type: str | None = None
    execution_duration: str | float | None = None
    status: str | None = None
    backup_job_info: PolicyInfo | None = None
    health_check_job_info: PolicyInfo | None = None
    repository_job_info: RepositoryInfo | None = None


class SessionRow(SessionFields, frozen=True, gc=False, rename="camel"):
    """A session whose times are text, whatever it says."""

    execution_start_time: str | None = None
    execution_stop_time: str | None = None


Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)] | None


class TimedSessionRow(SessionFields, frozen=True, gc=False, rename="camel"):
    """A session whose times were read with it, which is faster; they are such as JSON has them."""

    execution_start_time: Moment = None
    execution_stop_time: Moment = None


AnySessionRow: TypeAlias = SessionRow | TimedSessionRow


class PolicyRow(msgspec.Struct, frozen=True, rename="camel"):
    """A backup policy of any kind; each kind and version has some of the statuses."""

    id: Id
    name: str | None = None
    is_enabled: bool | None = None
    next_execution_time: str | None = None
    is_backup_configured: bool | None = None
    is_archive_backup_configured: bool | None = None
    snapshot_status: object = None
    backup_status: object = None
    archive_status: object = None
    indexing_status: object = None
    health_check_status: object = None


class Rates(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What was measured while one item was protected."""

    processed_data_bytes: Figure = None
    transferred_data_bytes: Figure = None
    processing_rate_bytes_per_second: Figure = None


class ItemRun(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The protection of one item by one session."""

    job_session_id: str | None = None
    rates: Rates | None = None


class Resource(msgspec.Struct, frozen=True, gc=False):
    """What was protected: enough to tell two items apart."""

    id: str | None = None
    name: str | None = None


class ItemRow(msgspec.Struct, frozen=True):
    """A protected item of a session with its runs."""

    resource: Resource | None = None
    runs: tuple[ItemRun, ...] | None = None


class About(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Which build answers."""

    server_version: str | None = None


SESSIONS: PageDecoder[AnySessionRow] = PageDecoder(SessionRow, quick=TimedSessionRow)
POLICIES = PageDecoder(PolicyRow)
ITEMS = PageDecoder(ItemRow)
POLICY = msgspec.json.Decoder(PolicyRow)
ABOUT = msgspec.json.Decoder(About)


def follows(page: DecodedPage[Row], offset: int, asked: int) -> bool:
    """Whether another page follows `page`, which begins at `offset`; `asked` rows were asked for.

    `totalCount` is what matches in all, says one page of the vendor's reference; another says the
    rows of the page. A count beyond the page's own rows can only be the former and is relied on;
    otherwise a full page is followed by another one.
    """
    if page.total is not None and page.total > page.length:
        return offset + page.length < page.total
    limit = page.limit if page.limit is not None and page.limit > 0 else asked
    return page.length >= limit


def is_whole(page: DecodedPage[Row]) -> bool:
    """Whether an answer that should hold a whole list does."""
    return page.total is None or page.total <= page.length
