"""The world of an appliance that protects Azure: policies, chores, restores and their sessions.

The vendor's reference lists types of sessions for its newest version only; since when a type is
there is known from the product's history of features, and decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.simulator.azure_versions import version_number
from exporter.simulator.profile import DAY, GIB, HOUR, MIB, JobTemplate, Profile, Words

WORDS = Words(
    success="Success",
    warning="Warning",
    failed="Error",
    canceled="Canceled",
    running="Running",
    queued="Pending",
    open=frozenset({"Running", "RunningWithError", "RunningWithWarning", "Canceling", "Pending"}),
    foreboding={
        "Error": "RunningWithError",
        "Warning": "RunningWithWarning",
        "Canceled": "Canceling",
    },
)
NEVER_EXECUTED = "NeverExecuted"
STATUSES = frozenset({*WORDS.open, "Success", "Warning", "Error", "Canceled", "Unknown"}) | {
    NEVER_EXECUTED
}
MESSAGES = {
    "warning": ("A snapshot of one disk was taken with warnings", "The worker was slow to start"),
    "failed": ("The worker could not be deployed: the quota is used up", "Access was denied"),
    "canceled": ("The session was canceled by an operator",),
}
_KINDS_SINCE = {
    1.0: """
        PolicyBackup PolicySnapshot ManualSnapshot ManualSnapshotDeletion SnapshotBackup
        SnapshotDeletion BackupDeletion BackupRetention InvalidSnapshotRetention
        ObsoleteSnapshotRetention OrphanedSnapshotRetention RestoreDisks RestoreVms
        FileLevelRestore RepositoryCreation RepositoryDeletion RepositoryEdit Unknown
        AutoBackup LingeringSnapshotRetention""",
    2.0: """
        HealthCheck PolicyArchive RestorePointDataRetrieval SnapshotRescan
        ConfigurationBackupManual ConfigurationBackupScheduled ConfigurationBackupDeletion
        ConfigurationBackupDownload ConfigurationBackupSync ConfigurationRestoreStatus""",
    3.0: """
        SqlPolicyBackup SqlManualBackup SqlRestore SqlRestorePointDataRetrieval SqlPolicyArchive
        SqlBackupDeletion""",
    4.0: """
        FileSharePolicySnapshot FileShareManualSnapshot FileShareRestore FileShareFileRestore
        FileShareIndexing FileShareSnapshotRetention FileShareSnapshotDeletion
        FileShareManualSnapshotDeletion""",
    5.0: """
        VnetPolicyBackup VnetFullRestore VnetGranularRestore VnetBackupDeletion VnetRetention
        VnetRepositoryImport VnetPolicyBackupToRepository""",
    6.0: """
        CosmosDbConfiguration CosmosDbRestore CosmosDbContinuousRetention
        CosmosDbRestorePointDataRetrieval CosmosDbBackupDeletion CosmosDbContinuousBackupDeletion
        PostgresDbPolicyBackup PostgresDbPolicyArchive PostgresDbManualBackup MongoDbManualBackup
        MongoDbPolicyBackup MongoDbPolicyArchive InfrastructureRescan""",
    8.0: "VmSnapshotRetention",
}
FIRST = {kind: first for first, kinds in _KINDS_SINCE.items() for kind in kinds.split()}
"""Since which version there is a type of session."""
LAST = {"AutoBackup": 3.0, "LingeringSnapshotRetention": 3.0}
DAILY = ("Retention", "Rescan", "Scheduled", "AutoBackup")


@dataclass(frozen=True, slots=True)
class Family:
    """A sort of policy: its kinds of sessions with hours after its start and days between them."""

    category: str
    kinds: tuple[tuple[str, float, float], ...]

    @property
    def first(self) -> float:
        """Since which version there is such a policy."""
        return FIRST[self.kinds[0][0]]


_MACHINES = (
    ("PolicyBackup", 0.0, 1.0),
    ("PolicySnapshot", 0.0, 1.0),
    ("PolicyArchive", 5.0, 7.0),
    ("HealthCheck", 9.0, 7.0),
)
MACHINES = Family("VirtualMachines", _MACHINES)
SLA = Family("ProtectionVmPolicy", _MACHINES)
SQL = Family(
    "AzureSql",
    (("SqlPolicyBackup", 0.0, 1.0), ("SqlPolicyArchive", 4.0, 7.0), ("HealthCheck", 9.0, 7.0)),
)
FILES = Family(
    "FileShares", (("FileSharePolicySnapshot", 0.0, 0.25), ("FileShareIndexing", 1.0, 0.25))
)
POSTGRES = Family(
    "CosmosDb", (("PostgresDbPolicyBackup", 0.0, 1.0), ("PostgresDbPolicyArchive", 4.0, 7.0))
)
MONGO = Family("CosmosDb", (("MongoDbPolicyBackup", 0.0, 1.0), ("MongoDbPolicyArchive", 4.0, 7.0)))
NETWORKS = Family(
    "Vnet", (("VnetPolicyBackup", 0.0, 0.5), ("VnetPolicyBackupToRepository", 1.0, 1.0))
)
FAMILIES = (MACHINES, SQL, FILES, POSTGRES, MONGO, NETWORKS)
CATEGORY = {family.kinds[0][0]: family.category for family in FAMILIES}
"""The sort of a policy by the kind of its main sessions."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of the world: what it protects, where, when (hours after midnight), how much."""

    name: str
    family: Family
    organization: int
    hour: float
    gibibytes: float
    instances: int
    enabled: bool = True


POLICIES = (
    Policy("vm-gold", MACHINES, 0, 1.0, 60.0, 24),
    Policy("vm-silver", MACHINES, 0, 3.0, 110.0, 61),
    Policy("vm-development", MACHINES, 1, 20.0, 25.0, 18),
    Policy("sql-gold", SQL, 0, 2.0, 18.0, 9),
    Policy("sql-development", SQL, 1, 21.5, 4.0, 5),
    Policy("shares-finance", FILES, 0, 0.5, 6.0, 4),
    Policy("postgres-orders", POSTGRES, 0, 4.0, 12.0, 2),
    Policy("mongo-catalogue", MONGO, 1, 5.0, 9.0, 2),
    Policy("networks", NETWORKS, 0, 6.0, 0.01, 31),
    Policy("sla-payments", SLA, 0, 0.0, 40.0, 12),
    Policy("vm-retired", MACHINES, 1, 12.0, 5.0, 3, enabled=False),
)
SLA_SINCE = 8.0


def profile_of(api_version: str | None) -> Profile:
    """The world of an appliance whose newest version is that one. Raises ValueError if unknown."""
    newest = version_number(api_version)
    templates: list[JobTemplate] = []
    for policy in POLICIES:
        first = SLA_SINCE if policy.family is SLA else policy.family.first
        if first <= newest:
            templates += _parts(policy, len(templates), newest)
    templates += _chores(newest)
    return Profile(
        organizations=("Production", "Development"),
        repositories=("backups-hot", "backups-cool", "archive"),
        templates=tuple(templates),
        words=WORDS,
        session_kinds=kinds_of(newest),
        starts_at_creation=False,
        messages=MESSAGES,
        attempts=1,
        numeric_ids=newest == 1.0,
    )


def kinds_of(version: float) -> frozenset[str]:
    """The types of sessions of a version."""
    return frozenset(
        kind for kind, first in FIRST.items() if first <= version <= LAST.get(kind, version)
    )


def _parts(policy: Policy, place: int, newest: float) -> Iterator[JobTemplate]:
    """The policy, listed with its main kind of session, and the other kinds as parts of it."""
    listed = JobTemplate(
        name=policy.name,
        kind=policy.family.kinds[0][0],
        organization=policy.organization,
        repository=policy.organization,
        period=policy.family.kinds[0][2] * DAY,
        phase=policy.hour * HOUR,
        size=policy.gibibytes * GIB,
        rate=40 * MIB,
        item_size=MIB,
        objects=policy.instances,
        enabled=policy.enabled,
        category=policy.family.category,
    )
    yield listed
    part = replace(listed, listed=False, part_of=place)
    for kind, after, days in policy.family.kinds[1:]:
        if FIRST[kind] <= newest:
            size = listed.size * (0.02 if "Snapshot" in kind else 0.5)
            phase = listed.phase + after * HOUR
            yield replace(part, kind=kind, period=days * DAY, phase=phase, size=size)
    if policy.name == "vm-development":
        yield replace(part, kind="PolicySnapshot", phase=23 * HOUR, status=NEVER_EXECUTED)


def _chores(newest: float) -> Iterator[JobTemplate]:
    """All other kinds of sessions, which belong to no policy: some each day, others at times."""
    of_policies = {kind for family in FAMILIES for kind, _after, _days in family.kinds}
    for number, kind in enumerate(sorted(kinds_of(newest) - of_policies)):
        daily = kind.endswith(DAILY)
        yield JobTemplate(
            name=kind,
            kind=kind,
            organization=number % 2,
            repository=number % 3,
            period=DAY if daily else 3 * DAY,
            phase=(number * 7 % 24 + 0.3 + number / 60) * HOUR,
            size=(2 if daily else 8) * GIB,
            rate=60 * MIB,
            item_size=MIB,
            objects=1 + number % 5,
            listed=False,
            chance=1.0 if daily else 0.7,
        )
