"""Answers of an appliance in Azure, composed from the documented shapes of its API."""

import json
from typing import Any

from aiohttp import web

from exporter.sources.azure.source import AzureSource
from exporter.sources.times import utc_text
from tests.support.rest_world import NOW, Said, SmallServer, StillClock, settings

POLICY = "3d1d6d5e-0000-4000-8000-000000000001"
TOKEN = Said('{"access_token": "t0ken", "refresh_token": "r1", "expires_in": 3600}')
TOKEN_PATH = "/api/oauth2/token"

POLICY_PATHS = {
    "VirtualMachines": "policies/virtualMachines",
    "ProtectionVmPolicy": "policy/slaBased/virtualMachines",
    "AzureSql": "policies/sql",
    "FileShares": "policies/fileShares",
    "CosmosDb": "policies/cosmosDb",
}


def at(seconds_ago: float) -> str:
    return utc_text(NOW - seconds_ago)


def row(session_id: str, **fields: Any) -> dict[str, Any]:
    """A finished session of `POLICY` in the shape of v8; a field given as ... is left out."""
    whole = {
        "id": session_id,
        "type": "PolicyBackup",
        "localizedType": "A backup by a policy",
        "executionStartTime": "2023-11-14T21:00:00.25Z",
        "executionStopTime": "2023-11-14T21:10:00.75Z",
        "executionDuration": "00:10:00.5000000",
        "status": "Success",
        "backupJobInfo": {
            "policyId": POLICY,
            "policyName": "vm-gold",
            "policyType": "VirtualMachines",
            "protectedInstancesCount": 12,
            "policyRemoved": False,
        },
        "_links": {"self": {"href": f"https://inside.example/api/v8/jobSessions/{session_id}"}},
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def running(session_id: str, started: str | None, **fields: Any) -> dict[str, Any]:
    """The same before its end."""
    times = {"executionStartTime": started, "executionStopTime": None, "executionDuration": None}
    return row(session_id, **{"status": "Running", **times, **fields})


def page(rows: list[Any], **fields: Any) -> Said:
    """One page that holds all of a list."""
    whole = {"offset": 0, "limit": 500, "totalCount": len(rows), "results": rows, **fields}
    return Said(json.dumps({key: value for key, value in whole.items() if value is not ...}))


def paged(rows: list[dict[str, Any]], most: int = 1000) -> object:
    """A list that honours Limit and Offset, and answers at most `most` rows a page."""

    async def answer(request: web.Request) -> web.Response:
        limit = min(int(request.query["Limit"]), most)
        offset = int(request.query["Offset"])
        part = rows[offset : offset + limit]
        return page(part, offset=offset, limit=limit, totalCount=len(rows)).response()

    return answer


def by_filter(filtered: object, others: dict[str, object] | None = None) -> object:
    """One answer for the list since FromUtc, and one for each status that is asked for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        status = request.query.get("Status")
        chosen: Any = filtered if status is None else (others or {}).get(status, page([]))
        return chosen.response() if isinstance(chosen, Said) else await chosen(request)

    return answer


def policy(policy_id: str = POLICY, name: str = "vm-gold", **fields: Any) -> dict[str, Any]:
    return {
        "id": policy_id,
        "name": name,
        "isEnabled": True,
        "nextExecutionTime": "2023-11-15T02:00:00Z",
        **fields,
    }


def server_of(version: str, sessions: object) -> dict[str, object]:
    """Everything a poll asks for; the lists of policies are empty, that of networks is missing."""
    base = f"/api/{version}"
    listed: object = sessions if version == "v1" else by_filter(sessions)
    return {
        f"POST {TOKEN_PATH}": TOKEN,
        f"DELETE {TOKEN_PATH}": Said("", 204),
        f"GET {base}/system/about": Said('{"serverVersion": "8.1.0.310"}'),
        f"GET {base}/jobSessions": listed,
        **{f"GET {base}/{path}": page([]) for path in POLICY_PATHS.values()},
    }


def source_for(
    server: SmallServer, clock: StillClock, version: str | None = "v8", **changes: object
) -> AzureSource:
    """A source that polls `server`; `version` None negotiates."""
    entry = settings(
        server.url, name="azure", product="azure", api_version=version or "auto", **changes
    )
    return AzureSource(entry, clock)
