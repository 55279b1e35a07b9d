"""Answers of a VB365 server, composed from the documented shapes of its API."""

import json
from typing import Any

from aiohttp import web

from exporter.config.values import ServerConfig
from exporter.sources.vb365.source import Vb365Source
from tests.support.rest_world import Said, SmallServer, StillClock, settings

JOB = "1f6f7c97-0df4-4866-8c37-309fda301894"
COPY_JOB = "c0b17c97-0df4-4866-8c37-309fda301894"
ORGANIZATION = "6f1b0a0e-0000-4000-8000-000000000001"
REPOSITORY = "a7f1e1f0-0c3d-4a63-9d0c-1d8a0a3c9b11"

TOKEN = Said('{"access_token": "t0ken", "refresh_token": "r1", "expires_in": 3600}')


def row(session_id: str, **fields: Any) -> dict[str, Any]:
    """A finished v8 session of `JOB`; a field given as ... is left out."""
    whole = {
        "id": session_id,
        "jobId": JOB,
        "details": "Transferred: 1 KB",
        "creationTime": "2023-11-14T20:00:00Z",
        "endTime": "2023-11-14T20:10:00.5Z",
        "retryCount": 0,
        "progress": 12,
        "jobType": "Backup",
        "status": "Success",
        "statistics": {"transferredDataBytes": 1024, "processedObjects": 7, "bottleneck": "NA"},
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def page(rows: list[dict[str, Any]], *, more: bool = False, limit: int = 1000) -> Said:
    """One page; `more` puts a link to the next one."""
    links = {"self": {"href": "/x"}} | ({"next": {"href": "/elsewhere"}} if more else {})
    return Said(json.dumps({"offset": 0, "limit": limit, "results": rows, "_links": links}))


def paged(rows: list[dict[str, Any]], most: int = 1000) -> object:
    """A list that honours limit and offset, and answers at most `most` rows a page."""

    async def answer(request: web.Request) -> web.Response:
        limit = min(int(request.query.get("limit", "30")), most)
        offset = int(request.query.get("offset", "0"))
        part = rows[offset : offset + limit]
        return page(part, more=offset + limit < len(rows), limit=limit).response()

    return answer


def by_filter(filtered: object, unfiltered: object, key: str = "endTimeLowerBound") -> object:
    """One answer for requests with the parameter `key`, another for those without."""

    async def answer(request: web.Request) -> web.StreamResponse:
        chosen: Any = filtered if key in request.query else unfiltered
        return chosen.response() if isinstance(chosen, Said) else await chosen(request)

    return answer


def job(job_id: str = JOB, name: str = "Mail", **fields: Any) -> dict[str, Any]:
    return {
        "id": job_id,
        "name": name,
        "backupType": "EntireOrganization",
        "organizationId": ORGANIZATION,
        "repositoryId": REPOSITORY,
        "isEnabled": True,
        "nextRun": "2023-11-15T02:00:00Z",
        **fields,
    }


def server_of(version: int, sessions: object) -> dict[str, object]:
    """Everything a poll asks for. Up to v7 the lists around the sessions are bare arrays."""

    def listed(rows: list[dict[str, Any]]) -> Said:
        return page(rows) if version >= 8 else Said(json.dumps(rows))

    base = f"/v{version}"
    copy = job(COPY_JOB, "Mail copy", backupJobId=JOB, organizationId=None)
    return {
        f"POST {base}/token": TOKEN,
        f"POST {base}/token/logout": Said("", 204),
        f"GET {base}/ServiceInstance": Said('{"version": "8.1.0.305"}'),
        f"GET {base}/JobSessions": sessions,
        f"GET {base}/Jobs": listed([job()]),
        f"GET {base}/CopyJobs": listed([copy]),
        f"GET {base}/Organizations": listed([{"id": ORGANIZATION, "name": "contoso"}]),
        f"GET {base}/BackupRepositories": listed([{"id": REPOSITORY, "name": "Repo1"}]),
    }


def source_for(
    server: SmallServer, clock: StillClock, version: int | None = 8, **changes: object
) -> Vb365Source:
    """A source that polls `server`; `version` None negotiates."""
    api_version = "auto" if version is None else f"v{version}"
    entry: ServerConfig = settings(server.url, api_version=api_version, **changes)
    return Vb365Source(entry, clock)
