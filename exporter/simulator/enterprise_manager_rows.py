"""How Enterprise Manager shows sessions, jobs and backup servers."""

from dataclasses import dataclass

from exporter.simulator.enterprise_manager_profile import CHILDREN, REPLICA
from exporter.simulator.enterprise_manager_spelling import Entity, Style
from exporter.simulator.generation import identifier
from exporter.simulator.profile import Words
from exporter.simulator.runs import Job, Run
from exporter.simulator.world import World

RESULTS = ("None", "Success", "Warning", "Failed")
"""In the order of the product's enumeration, by which filters compare."""
STATES = ("Stopped", "Starting", "Stopping", "Working", "Pausing", "Resuming")
COPIES = frozenset({"ImmediateBackupCopy", "ImmediateBackupCopyWorker"})
PLATFORMS = {"NasBackup": "CustomPlatform", "AgentBackup": "CustomPlatform"}
SERVER_PORTS = {11: 9392, 12: 9392, 13: 443}
SERVER_VERSIONS = {11: "11.0.1.1261", 12: "12.3.2.4165", 13: "13.0.1.1071"}


@dataclass(frozen=True, slots=True)
class SessionType:
    """A type of session: its name, its path, and the kinds of runs it shows."""

    name: str
    path: str
    kinds: frozenset[str]

    @property
    def container(self) -> str:
        """What a list of them is called."""
        return f"{self.name}s"


@dataclass(frozen=True, slots=True)
class Owner:
    """The job that a session names: children of a container are jobs of their own."""

    id: str
    name: str


def owner_of(run: Run, world: World) -> Owner | None:
    """Whose session it is, None for a session without a job."""
    job = world.job(run.job_id)
    if job is None or run.kind not in CHILDREN or run.kind == job.kind:
        return None if job is None else Owner(job.id, job.name)
    source = world.job(job.source_id)
    name = f"{job.name}\\{source.name}" if source else f"{job.name} - {run.repository}"
    return Owner(identifier(0, "child of", job.id, name), name)


def state_and_result(run: Run, seen_at: float, words: Words) -> tuple[str, str]:
    """`State` and `Result` as of a moment; a run at work has the result None."""
    word = run.status_at(seen_at, words)
    over = run.ended is not None and run.ended <= seen_at
    return ("Stopped", word) if over or word in RESULTS else (word, "None")


def ended(run: Run, seen_at: float) -> float | None:
    """When the run was over, if it was at that moment."""
    return run.ended if run.ended is not None and run.ended <= seen_at else None


def progress(run: Run, seen_at: float) -> int:
    """Percent. Immediate copies say 0 when they are over, as the product does."""
    if run.ended is not None and run.ended <= seen_at:
        return 0 if run.kind in COPIES else 100
    return int(100 * run.fraction_at(seen_at))


def session_name(run: Run, owner: Owner | None, style: Style) -> str:
    """Job and moment; nobody should read it."""
    return f"{owner.name if owner else ''}@{style.stamp(run.created)}"


def session(
    run: Run, owner: Owner | None, seen_at: float, style: Style, of: tuple[SessionType, Words]
) -> Entity:
    """One `BackupJobSession` or `ReplicaJobSession`, in the order of the schema."""
    kind, words = of
    state, result = state_and_result(run, seen_at, words)
    name, path = session_name(run, owner, style), f"{kind.path}/{run.id}"
    shown: Entity = {
        "JobUid": f"urn:veeam:Job:{owner.id}" if owner else None,
        "JobName": owner.name if owner else "",
        "JobType": run.kind,
        "CreationTimeUTC": style.time(run.created),
        "EndTimeUTC": style.time(ended(run, seen_at)),
        "State": state,
        "Result": result,
        "Progress": progress(run, seen_at),
        "FailureMessage": run.message if run.message and state == "Stopped" else None,
        "IsRetry": run.retry > 0,
        "Name": name,
        "UID": f"urn:veeam:{kind.name}:{run.id}",
        "Links": [
            *server_link(run.organization, style),
            *([style.link("Up", f"jobs/{owner.id}", "JobReference", owner.name)] if owner else []),
            style.link("Alternate", path, f"{kind.name}Reference", name),
            style.link("Down", f"{path}/taskSessions", "BackupTaskSessionReferenceList"),
            style.link("Stop", f"{path}?action=stop"),
        ],
        "Href": f"{style.base}/{path}?format=Entity",
        "Type": kind.name,
    }
    return {**shown, **run.raw}


def malformed(kind: SessionType) -> Entity:
    """A row that nobody can read."""
    return {
        "JobUid": 42,
        "CreationTimeUTC": {"When": "soon"},
        "State": [],
        "Progress": "half",
        "UID": "nonsense",
        "Links": None,
        "Type": kind.name,
    }


def server_id(name: str) -> str:
    """The id of a backup server."""
    return identifier(0, "backup server", name)


def server_link(name: str, style: Style) -> list[Entity]:
    """The link that tells whose something is; none without a server."""
    path = f"backupServers/{server_id(name)}"
    return [style.link("Up", path, "BackupServerReference", name)] if name else []


def server(name: str, style: Style) -> Entity:
    """One `BackupServer`."""
    return {
        "Description": "",
        "Port": SERVER_PORTS[style.generation],
        "Version": SERVER_VERSIONS[style.generation],
        "WcfPort": 9405,
        "VbrCertificateThumbprint": identifier(0, "thumbprint", name).replace("-", "").upper(),
        "Name": name,
        "UID": f"urn:veeam:BackupServer:{server_id(name)}",
        "Links": [],
        "Href": f"{style.base}/backupServers/{server_id(name)}?format=Entity",
        "Type": "BackupServer",
    }


def job(one: Job, kind: str, world: World, style: Style) -> Entity:
    """One `Job`, `AgentBackupJob` or `NasJob` (`kind`)."""
    return {
        "JobType": one.kind,
        "Platform": PLATFORMS.get(one.kind, "VMware"),
        "Description": "",
        "NextRun": style.time(world.next_run(one)),
        "ScheduleConfigured": one.template is not None,
        "ScheduleEnabled": one.enabled,
        "Name": one.name,
        "UID": f"urn:veeam:{kind}:{one.id}",
        "Links": server_link(one.organization, style),
        "Href": f"{style.base}/jobs/{one.id}?format=Entity",
        "Type": kind,
    }


def reference(entity: Entity) -> Entity:
    """The short form of an entity."""
    href = str(entity["Href"]).partition("?")[0]
    kind = f"{entity['Type']}Reference"
    return {
        "UID": entity["UID"],
        "Name": entity["Name"],
        "Href": href,
        "Type": kind,
        "Links": [],
    }


BACKUP_SESSION_PATH, REPLICA_SESSION_PATH = "backupSessions", "replicaSessions"


def session_types(kinds: frozenset[str]) -> tuple[SessionType, SessionType]:
    """Backup and replica sessions: replicas are all that is not a backup."""
    return (
        SessionType("BackupJobSession", BACKUP_SESSION_PATH, kinds - {REPLICA}),
        SessionType("ReplicaJobSession", REPLICA_SESSION_PATH, frozenset({REPLICA})),
    )
