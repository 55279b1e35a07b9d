"""Which lists of policies an appliance has, and what a listed policy tells. Pure; sends nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exporter.model import Job, Session
from exporter.rest.decode import decode_json
from exporter.rest.text import one_line
from exporter.rest.wire import Response
from exporter.sources.azure.sessions import LONGEST_NAME
from exporter.sources.azure.wire import POLICY, PolicyRow
from exporter.sources.times import timestamp


class Stage(NamedTuple):
    """One type of session that a policy may have, and the fields that say whether it has it.

    A flag decides where the policy has one; otherwise a status that tells of a run does.
    """

    session_type: str
    status: str = ""
    flag: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class PolicyList:
    """A list of policies: where it is, in which versions, and which sessions its policies have.

    `only` is the type of a policy's sessions when nothing else is known to be configured. `covers`
    are types that its policies may have without saying so.
    """

    path: str
    policy_type: str
    stages: tuple[Stage, ...]
    since: int = 4
    until: int = 8
    only: str = ""
    covers: tuple[str, ...] = ()
    single: bool = False

    def types(self) -> frozenset[str]:
        """The session types that are those of this list's policies."""
        return frozenset({*self.covers, *(stage.session_type for stage in self.stages)})


_HEALTH = Stage("HealthCheck", "health_check_status")
_MACHINES = (
    Stage("PolicySnapshot", "snapshot_status"),
    Stage("PolicyBackup", "backup_status", "is_backup_configured"),
    Stage("PolicyArchive", "archive_status", "is_archive_backup_configured"),
    _HEALTH,
)
_DATABASES = (
    Stage("SqlPolicyBackup", always=True),
    Stage("SqlPolicyArchive", "archive_status"),
    _HEALTH,
)
_FILES = (
    Stage("FileSharePolicySnapshot", always=True),
    Stage("FileShareIndexing", "indexing_status"),
)
_COSMOS = (
    "CosmosDbConfiguration",
    "PostgresDbPolicyBackup",
    "PostgresDbPolicyArchive",
    "MongoDbPolicyBackup",
    "MongoDbPolicyArchive",
)

# In which version between 4 and 8 a list came is not documented: who has none of it answers 404.
LISTS = (
    PolicyList("policies", "VirtualMachines", _MACHINES, since=1, until=7, only="PolicySnapshot"),
    PolicyList("policies/virtualMachines", "VirtualMachines", _MACHINES, only="PolicySnapshot"),
    PolicyList(
        "policy/slaBased/virtualMachines", "ProtectionVmPolicy", _MACHINES, only="PolicySnapshot"
    ),
    PolicyList("policies/sql", "AzureSql", _DATABASES, since=3),
    PolicyList("policies/fileShares", "FileShares", _FILES),
    PolicyList("policies/cosmosDb", "CosmosDb", (_HEALTH,), covers=_COSMOS),
    PolicyList(
        "policy/vnet",
        "Vnet",
        (Stage("VnetPolicyBackup", always=True),),
        covers=("VnetPolicyBackupToRepository",),
        single=True,
    ),
)


def lists_of(version: str) -> tuple[PolicyList, ...]:
    """The lists that a version has or may have."""
    major = int(version.removeprefix("v").partition(".")[0])
    return tuple(one for one in LISTS if one.since <= major <= one.until)


def read_single(response: Response) -> tuple[PolicyRow, ...]:
    """The one policy that stands alone instead of in a list; none while it is not set up.

    Raises ParseFailed for what is no policy.
    """
    if not response.body.strip():
        return ()
    return (decode_json(POLICY, response),)


class PolicyBook:
    """The last known policies of each list."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[PolicyRow, ...]] = {}

    def take(self, listed: PolicyList, rows: Iterable[PolicyRow]) -> None:
        """The policies of this list are these and no others."""
        self._rows[listed.path] = tuple(rows)

    def was_read(self, listed: PolicyList) -> bool:
        """Whether this list was ever read."""
        return listed.path in self._rows

    def ids(self) -> set[str]:
        """The ids of all policies of the last lists."""
        return {row.id for rows in self._rows.values() for row in rows}

    def jobs(self) -> tuple[Job, ...]:
        """Every policy of the last lists, once."""
        known = {
            row.id: _job(row, listed) for listed in LISTS for row in self._rows.get(listed.path, ())
        }
        return tuple(known.values())


def _job(row: PolicyRow, listed: PolicyList) -> Job:
    types = tuple(stage.session_type for stage in listed.stages if _has(row, stage))
    return Job(
        id=row.id,
        name=one_line(row.name or "", LONGEST_NAME),
        session_types=types or ((listed.only,) if listed.only else ()),
        policy_type=listed.policy_type,
        enabled=row.is_enabled,
        next_run=timestamp(row.next_execution_time),
    )


def _has(row: PolicyRow, stage: Stage) -> bool:
    """Whether a policy has, or would have, sessions of this stage."""
    if stage.always:
        return True
    flag = getattr(row, stage.flag) if stage.flag else None
    if flag is not None:
        return bool(flag)
    status = getattr(row, stage.status)
    return isinstance(status, str) and status.lower() not in ("", "neverexecuted", "unknown")


def jobs_of_sessions(
    sessions: Iterable[Session], policy_types: Mapping[str, str]
) -> tuple[Job, ...]:
    """What sessions tell of their policies where no list does; the newest one's name counts."""
    newest: dict[str, Session] = {}
    for session in sessions:
        known = newest.get(session.job_id)
        if session.job_id and (known is None or (session.started or 0.0) >= (known.started or 0.0)):
            newest[session.job_id] = session
    return tuple(
        Job(job_id, session.job_name, policy_type=one_line(policy_types.get(job_id, ""), 64))
        for job_id, session in newest.items()
    )
