"""What an appliance in Azure tells beside sessions: policies, repositories, its build and state."""

from collections.abc import Callable

from exporter.simulator.azure_pages import page_of
from exporter.simulator.azure_profile import NEVER_EXECUTED
from exporter.simulator.azure_rows import Row, Scene, policy_type
from exporter.simulator.exchange import Answer, Call, json_answer
from exporter.simulator.profile import DAY
from exporter.simulator.runs import Job
from exporter.simulator.selection import Wanted
from exporter.simulator.world import World

BUILDS = {
    1.0: "1.0.0.0",
    2.0: "2.0.0.0",
    3.0: "3.0.0.0",
    4.0: "4.0.0.0",
    5.0: "5.0.0.0",
    6.0: "6.0.0.0",
    7.0: "7.0.0.0",
    8.0: "8.0.0.0",
    8.1: "8.1.0.0",
}
PARTS = {
    "snapshotStatus": "Snapshot",
    "backupStatus": "Backup",
    "archiveStatus": "Archive",
    "healthCheckStatus": "HealthCheck",
    "indexingStatus": "Indexing",
}
"""What tells of the newest session of a part of a policy: what is in the name of its type."""
MACHINES = ("snapshotStatus", "backupStatus", "archiveStatus", "healthCheckStatus")
STATUS_FIELDS = {
    "VirtualMachines": MACHINES,
    "ProtectionVmPolicy": MACHINES,
    "AzureSql": ("backupStatus", "archiveStatus", "healthCheckStatus"),
    "FileShares": ("snapshotStatus", "indexingStatus"),
    "CosmosDb": ("backupStatus", "archiveStatus"),
}
SUMMARY = {
    "latestSessionsErrorCount": "Error",
    "latestSessionsWarningCount": "Warning",
    "latestSessionsSuccessCount": "Success",
    "latestSessionsRunningCount": "Running",
}


class Inventory:
    """The small lists and facts; `newest` is the appliance's own version."""

    def __init__(self, world: World, newest: float) -> None:
        self._world = world
        self._newest = newest

    def policies(self, path: str, category: str) -> Callable[[Call, Scene, str], Answer]:
        """What answers one of the lists of policies."""

        def answer(call: Call, scene: Scene, _id: str) -> Answer:
            return page_of(
                path, [self._policy(job, scene) for job in self._of(category)], call, scene
            )

        return answer

    def networks(self, _call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /policy/vnet`: the one policy of networks, which shows no status; 204 without."""
        for job in self._of("Vnet"):
            return json_answer(self._policy(job, scene))
        return Answer(204)

    def repositories(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /repositories`: without sizes."""
        found: list[Row] = [
            {
                "id": str(place + 1),
                "name": name,
                "status": "Ready",
                "storageTier": "Archive" if name == "archive" else "Hot",
                "enableEncryption": True,
                "immutabilityEnabled": False,
                "regionName": "West Europe",
            }
            for place, name in enumerate(self._world.profile.repositories)
        ]
        return page_of("repositories", found, call, scene)

    def summary(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """`GET /overview/sessionsSummary`: the last 24 hours."""
        now, words = self._world.now(), self._world.words
        chosen = self._world.select(
            Wanted(self._world.profile.session_kinds, created_from=now - DAY)
        )
        shown = [run.status_at(now, words) for run in chosen.rows(0, chosen.count())]
        return json_answer({name: shown.count(word) for name, word in SUMMARY.items()})

    def license(self, _call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /license`."""
        expires = scene.time(self._world.now() + 200 * DAY)
        told = {"licenseType": "Subscription", "isFreeEdition": False, "instances": 200}
        used = {"totalInstancesUses": 114.5, "licenseExpires": expires, "gracePeriodDays": 30}
        return json_answer(told | used)

    def about(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """`GET /system/about`."""
        build = BUILDS[self._newest]
        return json_answer({"serverVersion": build, "workerVersion": build, "flrVersion": build})

    def status(self, _call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /system/status`."""
        return json_answer({"state": "Ready", "serverTime": scene.time(self._world.now())})

    def _of(self, category: str) -> list[Job]:
        return [job for job in self._world.jobs() if policy_type(job) == category]

    def _policy(self, job: Job, scene: Scene) -> Row:
        planned = self._world.next_run(job)
        statuses = {name: self._newest_status(job, PARTS[name]) for name in _fields(job)}
        return {
            "id": job.id,
            "name": job.name,
            "isEnabled": job.enabled,
            **statuses,
            "nextExecutionTime": None if planned is None else scene.time(planned),
        }

    def _newest_status(self, job: Job, part: str) -> str:
        now, words = self._world.now(), self._world.words
        found = (run for run in self._world.runs_of(job) if part in run.kind)
        newest = next(found, None)
        return NEVER_EXECUTED if newest is None else newest.status_at(now, words)


def _fields(job: Job) -> tuple[str, ...]:
    return STATUS_FIELDS.get(policy_type(job), ())
