"""The words of Veeam Backup for Microsoft Azure, as tables."""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.model import Result, State
from exporter.sources.words import WordTable


class Status(NamedTuple):
    """What a word of `status` says."""

    state: State
    result: Result | None


RUNNING = Status(State.RUNNING, None)
STRANGE = Status(State.FINISHED, Result.UNKNOWN)
NEVER_EXECUTED = Status(State.FINISHED, None)
"""The status of what is no session: nothing ever ran."""

OPEN_STATUSES: Mapping[str, Status] = {
    "Running": RUNNING,
    "RunningWithWarning": RUNNING,
    "RunningWithError": RUNNING,
    "Canceling": RUNNING,
    "Pending": Status(State.QUEUED, None),
}
PLAIN_STATUSES: Mapping[str, Status] = {
    "Success": Status(State.FINISHED, Result.SUCCESS),
    "Warning": Status(State.FINISHED, Result.WARNING),
    "Error": Status(State.FINISHED, Result.FAILED),
    "Canceled": Status(State.FINISHED, Result.CANCELED),
}
STATUSES = WordTable(
    "status",
    {
        **OPEN_STATUSES,
        **PLAIN_STATUSES,
        "Unknown": Status(State.FINISHED, Result.UNKNOWN),
        "NeverExecuted": NEVER_EXECUTED,
    },
    unknown=STRANGE,
)

UNKNOWN_TYPE = "Unknown"
"""The vendor's own word for a session whose type is not known."""

POLICY_TYPES = frozenset(
    [
        "PolicyBackup",
        "PolicySnapshot",
        "PolicyArchive",
        "SqlPolicyBackup",
        "SqlPolicyArchive",
        "FileSharePolicySnapshot",
        "FileShareIndexing",
        "VnetPolicyBackup",
        "VnetPolicyBackupToRepository",
        "CosmosDbConfiguration",
        "PostgresDbPolicyBackup",
        "PostgresDbPolicyArchive",
        "MongoDbPolicyBackup",
        "MongoDbPolicyArchive",
        "HealthCheck",
    ]
)
"""What policies do by their schedule."""

PROTECTING_TYPES = (POLICY_TYPES - {"FileShareIndexing", "HealthCheck"}) | frozenset(
    [
        "AutoBackup",
        "ManualSnapshot",
        "SnapshotBackup",
        "SqlManualBackup",
        "FileShareManualSnapshot",
        "PostgresDbManualBackup",
        "MongoDbManualBackup",
    ]
)
"""What protects data, by schedule or by hand: only these have protected items."""

SESSION_TYPES = (
    POLICY_TYPES
    | PROTECTING_TYPES
    | frozenset(
        [
            "BackupRetention",
            "InvalidSnapshotRetention",
            "ObsoleteSnapshotRetention",
            "OrphanedSnapshotRetention",
            "LingeringSnapshotRetention",
            "FileShareSnapshotRetention",
            "VnetRetention",
            "VmSnapshotRetention",
            "CosmosDbContinuousRetention",
            "ManualSnapshotDeletion",
            "BackupDeletion",
            "SnapshotDeletion",
            "FileShareSnapshotDeletion",
            "FileShareManualSnapshotDeletion",
            "SqlBackupDeletion",
            "VnetBackupDeletion",
            "CosmosDbBackupDeletion",
            "CosmosDbContinuousBackupDeletion",
            "RestoreDisks",
            "RestoreVms",
            "FileLevelRestore",
            "SqlRestore",
            "FileShareRestore",
            "FileShareFileRestore",
            "VnetFullRestore",
            "VnetGranularRestore",
            "CosmosDbRestore",
            "RestorePointDataRetrieval",
            "SqlRestorePointDataRetrieval",
            "CosmosDbRestorePointDataRetrieval",
            "RepositoryCreation",
            "RepositoryDeletion",
            "RepositoryEdit",
            "VnetRepositoryImport",
            "ConfigurationBackupManual",
            "ConfigurationBackupScheduled",
            "ConfigurationBackupDeletion",
            "ConfigurationBackupDownload",
            "ConfigurationBackupSync",
            "ConfigurationRestoreStatus",
            "SnapshotRescan",
            "InfrastructureRescan",
            "Unknown",
        ]
    )
)
"""Every type that a version documents: those of v8.1, and two that only v1 to v3 have."""

TYPES = WordTable("session_type", {word: word for word in SESSION_TYPES}, unknown="")
