"""Answers of backup servers as bytes, composed from the documented shapes.

Ids, times and figures are random (from a fixed seed): regular values would decode and compress
better than real ones do.
"""

import json
import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

RESULTS = ("Success",) * 8 + ("Warning", "Failed")

Row = dict[str, Any]


class Composer:
    """Writes rows; the same seed writes the same ones."""

    def __init__(
        self, seed: int = 1, jobs: int = 100, newest: float | None = None, copies: int = 0
    ) -> None:
        self.random = random.Random(seed)
        self.jobs = [self.identifier() for _ in range(jobs)]
        self.copy_jobs = frozenset(self.jobs[:copies])
        self.newest = time.time() - 60.0 if newest is None else newest

    def identifier(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def moment(self, seconds: float) -> str:
        """A time with seven digits of a second."""
        told = datetime.fromtimestamp(seconds, UTC)
        return f"{told:%Y-%m-%dT%H:%M:%S.%f}{self.random.randrange(10)}Z"

    def m365_session(self, version: int, ended: float) -> Row:
        """A finished session as versions 6 to 8 show it."""
        job, session = self.random.choice(self.jobs), self.identifier()
        started = ended - self.random.uniform(60, 7200)
        row = {
            "id": session,
            "details": f"Transferred: {self.random.randrange(10**7)} KB",
            "creationTime": self.moment(started),
            "endTime": self.moment(ended),
            "retryCount": self.random.randrange(3),
            "progress": self.random.randrange(10**5),
            "status": self.random.choice(RESULTS),
            "statistics": self._statistics(),
            "_links": self._links(version, job, session),
        }
        if version >= 8:
            kind = {"jobId": job, "jobType": "Copy" if job in self.copy_jobs else "Backup"}
            rest = {"repositoryId": job, "mainSessionId": session, "proxyId": job, "eTag": 1}
            return row | kind | rest | {"jobSessionConfigType": "Full"}
        return row

    def _statistics(self) -> Row:
        figure = self.random.randrange
        return {
            "processingRateBytesPS": figure(10**8),
            "processingRateItemsPS": figure(10**4),
            "readRateBytesPS": figure(10**8),
            "writeRateBytesPS": figure(10**8),
            "transferredDataBytes": figure(10**11),
            "processedObjects": figure(10**6),
            "bottleneck": self.random.choice(("NA", "Source", "Target", "Detecting")),
        }

    def _links(self, version: int, job: str, session: str) -> Row:
        base = f"/v{version}/JobSessions/{session}"
        return {
            "self": {"href": base},
            "log": {"href": f"{base}/LogItems"},
            "job": {"href": f"/v{version}/Jobs/{job}"},
        }

    def azure_session(self, ended: float) -> Row:
        """A finished session of a policy."""
        job = self.random.choice(self.jobs)
        started = ended - self.random.uniform(60, 7200)
        return {
            "id": self.identifier(),
            "type": "PolicyBackup",
            "localizedType": "Policy Backup",
            "executionStartTime": self.moment(started),
            "executionStopTime": self.moment(ended),
            "executionDuration": "00:01:02.3450000",
            "status": self.random.choice(("Success", "Success", "Warning", "Error")),
            "backupJobInfo": {
                "policyId": job,
                "policyName": f"policy {job[:8]}",
                "policyType": "AzureVMs",
                "protectedInstancesCount": 12,
                "policyRemoved": False,
            },
            "_links": {"self": {"href": f"/api/v8/jobSessions/{job}"}},
        }

    def enterprise_session(self, ended: float, job: str = "") -> Row:
        """A finished session as the JSON of version 12 shows it, by default of any job."""
        job = job or self.random.choice(self.jobs)
        started = ended - self.random.uniform(60, 7200)
        session = self.identifier()
        return {
            "JobUid": f"urn:veeam:Job:{job}",
            "JobName": f"job {job[:8]}",
            "JobType": "Backup",
            "CreationTimeUTC": self.moment(started),
            "EndTimeUTC": self.moment(ended),
            "State": "Stopped",
            "Result": self.random.choice(RESULTS),
            "Progress": 100,
            "IsRetry": False,
            "Name": f"job@{session[:8]}",
            "UID": f"urn:veeam:BackupJobSession:{session}",
            "Type": "BackupJobSession",
            "Href": f"https://em.example:9398/api/backupSessions/{session}?format=Entity",
            "Links": [
                {
                    "Rel": "Up",
                    "Type": kind,
                    "Name": f"server {job[0]}",
                    "Href": f"https://em.example:9398/api/{kind}/{session}",
                }
                for kind in ("BackupServerReference", "JobReference", "BackupTaskSessionList")
            ],
        }

    def ends(self, count: int, span: float) -> Iterator[float]:
        """Times over the last `span` seconds, newest first."""
        for index in range(count):
            yield self.newest - span * index / max(count, 1)


def m365_page(rows: list[Row], version: int, *, more: bool = False, limit: int = 1000) -> bytes:
    """A page of sessions."""
    links: Row = {"self": {"href": f"/v{version}/JobSessions"}}
    if more:
        links["next"] = {"href": f"/v{version}/JobSessions?offset=1"}
    page: Row = {"offset": 0, "limit": limit, "results": rows, "_links": links}
    return compact(page)


def compact(value: object) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()
