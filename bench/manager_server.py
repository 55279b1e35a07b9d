"""An Enterprise Manager that costs next to nothing: finished bytes for two exporters.

`python -m bench.manager_server SESSIONS JOBS` prints its port. It holds what this exporter asks for
(queries with a filter and pages) and what PyPI's veeam-exporter asks for (whole lists, summary
reports, the virtual machines of a session), counts requests by what they ask for, and knows each
logon. All sessions ended within the last 21 hours, the jobs taking turns. The shapes are composed
after the vendor's pages of the REST API; figures are random.
"""

import asyncio
import base64
import gc
import re
import sys
from collections import Counter
from functools import lru_cache
from urllib.parse import parse_qs

from bench.answers import RESULTS, Composer, Row, compact
from bench.page_server import answer, serve
from exporter.sources.times import timestamp

SPAN = 21 * 3600.0
MACHINES = 10
"""Virtual machines of a session."""

REPORTS = {
    "overview": (
        "BackupServers ProxyServers RepositoryServers RunningJobs ScheduledJobs "
        "SuccessfulVmLastestStates WarningVmLastestStates FailedVmLastestStates"
    ),
    "vms_overview": (
        "ProtectedVms BackedUpVms ReplicatedVms RestorePoints FullBackupPointsSize "
        "IncrementalBackupPointsSize ReplicaRestorePointsSize SourceVmsSize SuccessBackupPercents"
    ),
    "job_statistics": (
        "RunningJobs ScheduledJobs ScheduledBackupJobs ScheduledReplicaJobs TotalJobRuns "
        "SuccessfulJobRuns WarningsJobRuns FailedJobRuns MaxJobDuration MaxBackupJobDuration "
        "MaxReplicaJobDuration MaxDurationBackupJobName MaxDurationReplicaJobName"
    ),
}
"""The reports `/reports/summary/NAME` and their fields, all of them numbers but the names."""

_END = re.compile(r'EndTime>="([^"]+)"')


class Held:
    """What the server holds, rendered once: rows of JSON, with when each session ended."""

    def __init__(self, sessions: int, jobs: int) -> None:
        self._composer = Composer(jobs=jobs)
        self.sessions: list[tuple[float, bytes]] = []
        for number, ended in enumerate(self._composer.ends(sessions, SPAN)):
            row = self._composer.enterprise_session(ended, self._composer.jobs[number % jobs])
            self.sessions.append((ended, compact(row)))
        self.jobs = [compact(self._job(job)) for job in self._composer.jobs]
        self.lists = self._lists()

    @lru_cache(maxsize=8)  # noqa: B019 -- there is one, for the life of the process
    def ended_since(self, moment: float) -> list[bytes]:
        """Rows of the sessions that ended at a moment or later."""
        return [row for ended, row in self.sessions if ended >= moment]

    @lru_cache(maxsize=4096)  # noqa: B019 -- same
    def tasks(self, session: str) -> bytes:
        """The virtual machines of a session; of any session alike, by other names."""
        ended = self._composer.newest - 600.0
        rows = [self._task(session, number, ended) for number in range(MACHINES)]
        return compact({"BackupTaskSessions": rows})

    def _lists(self) -> dict[str, bytes]:
        """Answers by path that are always the same."""
        figure, newest = self._composer.random.randrange, self._composer.newest
        lists = {
            f"reports/summary/{name}": compact(
                {
                    field: "job" if field.endswith("Name") else figure(1000)
                    for field in fields.split()
                }
            )
            for name, fields in REPORTS.items()
        }
        servers = [
            {"Name": f"server {number:x}", "Description": "", "Port": 9392} for number in range(16)
        ]
        version = {"Version": "12.3.2.4165"}
        agents = {"AgentVersion": "6.3", "OsVersion": "Linux", "HostStatus": "Online"}
        ended = {"EndTimeUTC": self._composer.moment(newest)}
        collected = {"SessionType": "CollectJob", "State": "CompletedSuccessfully"} | ended
        room = {"Kind": "Windows", "Capacity": figure(10**13), "FreeSpace": figure(10**12)}
        return lists | {
            "": compact({"SupportedVersions": [{"Name": "v1_6"}, {"Name": "v1_7"}]}),
            "systemSessions": compact({"SystemSessions": [collected]}),
            "backupServers": compact({"BackupServers": [one | version for one in servers]}),
            "repositories": compact(
                {"Repositories": [{"Name": f"r{n}"} | room for n in range(10)]}
            ),
            "agents/discoveredComputers": compact(
                {
                    "DiscoveredComputers": [
                        {"Name": f"agent {n}", "Links": [{"Name": "server 0"}]} | agents
                        for n in range(20)
                    ]
                }
            ),
            "backupSessions": b'{"BackupJobSessions":[%s]}'
            % b",".join(row for _ended, row in self.sessions),
        }

    def _job(self, job: str) -> Row:
        return {
            "JobType": "Backup",
            "Platform": "VMware",
            "NextRun": self._composer.moment(self._composer.newest + 3600.0),
            "ScheduleConfigured": True,
            "ScheduleEnabled": True,
            "Name": f"job {job[:8]}",
            "UID": f"urn:veeam:Job:{job}",
            "Links": [{"Rel": "Up", "Type": "BackupServerReference", "Name": f"server {job[0]}"}],
        }

    def _task(self, session: str, number: int, ended: float) -> Row:
        return {
            "JobSessionUid": f"urn:veeam:BackupJobSession:{session}",
            "CreationTimeUTC": self._composer.moment(ended - 300.0),
            "EndTimeUTC": self._composer.moment(ended),
            "State": "Completed",
            "Result": self._composer.random.choice(RESULTS),
            "Reason": "",
            "VmUid": f"urn:VMware:Vm:{session}.vm-{number}",
            "VmDisplayName": f"vm-{session[:8]}-{number}",
            "TotalSize": self._composer.random.randrange(10**11),
            "Name": f"vm-{number}@{session[:8]}",
            "UID": f"urn:veeam:BackupTaskSession:{self._composer.identifier()}",
            "Type": "BackupTaskSession",
        }


class EnterpriseManager:
    """Answers requests, counts them, and keeps the logons that nobody has ended."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._requests: Counter[str] = Counter()
        self._opened = 0
        self._open: dict[str, str] = {}

    def reply(self, head: str) -> bytes:
        """The whole answer to a request with that head.

        `/count` tells and forgets the counts of requests; `/logons` tells how many logons there
        were and how many of them nobody has ended.
        """
        first, *lines = head.split("\r\n")
        method, target, _version = first.split(" ", 2)
        path, _, query = target.partition("?")
        if path == "/count":
            told = dict(self._requests)
            self._requests.clear()
            return answer(compact(told))
        if path == "/logons":
            return answer(compact({"opened": self._opened, "open": len(self._open)}))
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        return self._api(method, path.removeprefix("/api").strip("/"), query, headers)

    def _api(self, method: str, path: str, query: str, headers: dict[str, str]) -> bytes:
        if path == "sessionMngr":
            self._requests["logon"] += 1
            return self._log_on(headers)
        if headers.get("x-restsvcsessionid", "") not in self._open:
            self._requests["refused"] += 1
            return answer(b"{}", "401 Unauthorized")
        if path.startswith("logonSessions"):
            self._requests["logoff"] += 1
            return self._logons(method, path.rpartition("/")[2])
        return self._read(path, query)

    def _log_on(self, headers: dict[str, str]) -> bytes:
        if not headers.get("authorization", "").startswith("Basic "):
            return answer(b"{}", "401 Unauthorized")
        self._opened += 1
        session = f"00000000-0000-4000-8000-{self._opened:012x}"
        token = base64.b64encode(session.encode()).decode()
        self._open[token] = session
        header = f"X-RestSvcSessionId: {token}\r\n"
        return answer(compact({"SessionId": session}), "201 Created", header)

    def _logons(self, method: str, session: str) -> bytes:
        if method != "DELETE":
            return answer(
                compact({"LogonSessions": [{"SessionId": x} for x in self._open.values()]})
            )
        token = base64.b64encode(session.encode()).decode()
        gone = self._open.pop(token, None)
        return answer(b"", "204 No Content" if gone else "404 Not Found")

    def _read(self, path: str, query: str) -> bytes:
        held, asked = self._held, {name: values[0] for name, values in parse_qs(query).items()}
        if path == "query":
            entity = asked["type"]
            self._requests[f"query {entity}"] += 1
            return answer(self._page(entity, asked))
        if path.startswith("backupSessions/") and path.endswith("/taskSessions"):
            self._requests["tasks of a session"] += 1
            return answer(held.tasks(path.split("/")[1]))
        self._requests[path or "versions"] += 1
        body = held.lists.get(path)
        return answer(b"{}", "404 Not Found") if body is None else answer(body)

    def _page(self, entity: str, asked: dict[str, str]) -> bytes:
        rows = self._rows(entity, asked.get("filter", ""))
        size, number = int(asked["pageSize"]), int(asked["page"])
        pages = max(1, -(-len(rows) // size))
        listed = b",".join(rows[(number - 1) * size : number * size])
        paging = b'{"PageNum":%d,"PageSize":%d,"PagesCount":%d}' % (number, size, pages)
        name = f"{entity}s".encode()
        return b'{"Entities":{"%s":{"%s":[%s]}},"PagingInfo":%s}' % (name, name, listed, paging)

    def _rows(self, entity: str, condition: str) -> list[bytes]:
        """The rows of an entity: no session runs, and none is a replica's."""
        if entity == "Job":
            return self._held.jobs
        since = _END.search(condition)
        if entity != "BackupJobSession" or since is None:
            return []
        return self._held.ended_since(timestamp(since[1]) or 0.0)


if __name__ == "__main__":
    manager = EnterpriseManager(Held(*map(int, sys.argv[1:3])))
    gc.freeze()
    asyncio.run(serve(manager.reply))
