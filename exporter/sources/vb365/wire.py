"""Answers of Veeam Backup for Microsoft 365 as they come over the wire, decoded in one go.

The rows are typed after the vendor's OpenAPI documents of v6 to v8, every field optional but the
id, because servers leave out, or send null for, what the documents call required.
"""

import msgspec

from exporter.rest.rows import DecodedPage, Figure, Id, Link, PageDecoder


class Links(
    msgspec.Struct, frozen=True, gc=False, rename={"backup_repository": "backupRepository"}
):
    """The links of rows that we read."""

    job: Link | None = None
    organization: Link | None = None
    backup_repository: Link | None = None


NO_LINKS = Links()


class StatisticsRow(msgspec.Struct, frozen=True, gc=False):
    """`statistics` of a job session."""

    processingRateBytesPS: Figure = None  # the vendor's own spelling
    processingRateItemsPS: Figure = None
    readRateBytesPS: Figure = None
    writeRateBytesPS: Figure = None
    transferredDataBytes: Figure = None
    processedObjects: Figure = None
    bottleneck: str | None = None


class SessionRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A job session of any version; `progress` is a COUNT of objects, not a percentage."""

    id: Id
    job_id: str | None = None
    details: str | None = None
    creation_time: str | None = None
    end_time: str | None = None
    retry_count: Figure = None
    progress: Figure = None
    job_type: str | None = None
    status: str | None = None
    statistics: StatisticsRow | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class RestoreRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A restore session; `result` may be missing while `state` is `Working`."""

    id: Id
    creation_time: str | None = None
    end_time: str | None = None
    state: str | None = None
    result: str | None = None
    details: str | None = None


class RetrievalRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A data retrieval session."""

    id: Id
    creation_time: str | None = None
    end_time: str | None = None
    progress: Figure = None
    processed_objects: Figure = None
    status: str | None = None


class JobRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A backup job or a copy job; only the latter has `backupJobId`."""

    id: Id
    name: str | None = None
    backup_type: str | None = None
    organization_id: str | None = None
    repository_id: str | None = None
    backup_job_id: str | None = None
    is_enabled: bool | None = None
    next_run: str | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class NamedRow(msgspec.Struct, frozen=True, gc=False):
    """An organization or a repository: what its id is called."""

    id: Id
    name: str | None = None


class ServiceInstance(msgspec.Struct, frozen=True, gc=False):
    """Which build answers."""

    version: str | None = None


SESSIONS = PageDecoder(SessionRow)
RESTORES = PageDecoder(RestoreRow)
RETRIEVALS = PageDecoder(RetrievalRow)
JOBS = PageDecoder(JobRow)
NAMED = PageDecoder(NamedRow)
SERVICE_INSTANCE = msgspec.json.Decoder(ServiceInstance)


def decode_page(body: bytes) -> DecodedPage[SessionRow]:
    """A page of job sessions."""
    return SESSIONS.decode(body)
