"""The world of an Enterprise Manager: two backup servers, their jobs and how they fare.

What a profile calls an organization is a backup server here. The `repository` of a run of a child
(a machine of an agent job) names the child.
"""

from collections.abc import Iterator, Mapping

from exporter.simulator.profile import DAY, GIB, HOUR, MIB, MINUTE, JobTemplate, Profile, Words

REPLICA = "Replica"
CONTAINERS = {
    "ImmediateBackupCopy": "ImmediateBackupCopyWorker",
    "AgentBackup": "AgentManagement",
}
"""Kinds of jobs that show a session of their own beside those of their parts."""
CHILDREN = frozenset(CONTAINERS.values())
BACKUP_KINDS = frozenset({"Backup", "BackupCopy", "NasBackup", *CONTAINERS, *CHILDREN})
WORDS = Words(
    success="Success",
    warning="Warning",
    failed="Failed",
    canceled="Failed",
    running="Working",
    queued="Starting",
    open=frozenset({"Starting", "Stopping", "Working", "Pausing", "Resuming"}),
)
MESSAGES: Mapping[str, tuple[str, ...]] = {
    "warning": (
        "",
        "Failed to truncate transaction logs of 1 machine",
        "The repository is running low on free space",
    ),
    "failed": (
        "",
        "Failed to create a snapshot of the virtual machine",
        "The host of the virtual machine is not reachable",
        "",
        "The repository is out of free space",
    ),
    "canceled": ("The job was stopped by an operator",),
}
MAIN, SECOND = 0, 1

# place of the server, name, kind, period, phase, GiB of a run, MiB a second, machines
_Line = tuple[int, str, str, float, float, float, float, int]
_JOBS: tuple[_Line, ...] = (
    (MAIN, "Domain controllers", "Backup", DAY, 19 * HOUR, 30, 120, 3),
    (MAIN, "SQL servers", "Backup", 4 * HOUR, HOUR, 45, 90, 6),
    (MAIN, "File servers", "Backup", DAY, 20 * HOUR, 220, 110, 4),
    (MAIN, "Web farm", "Backup", DAY, 21 * HOUR, 60, 130, 12),
    (MAIN, "Virtual desktops", "Backup", DAY, 22 * HOUR, 160, 140, 40),
    (MAIN, "Copy to the vault", "ImmediateBackupCopy", 4 * HOUR, 2 * HOUR, 40, 60, 6),
    (MAIN, "Weekly copy", "BackupCopy", 7 * DAY, 2 * DAY + 3 * HOUR, 300, 70, 8),
    (MAIN, "Office laptops", "AgentBackup", DAY, 11 * HOUR, 12, 25, 3),
    (MAIN, "Departments share", "NasBackup", 12 * HOUR, 6 * HOUR, 35, 40, 1),
    (MAIN, "Archive test", "Backup", DAY, 5 * HOUR, 5, 50, 1),
    (SECOND, "SQL servers", "Backup", 12 * HOUR, 2.5 * HOUR, 25, 70, 2),
    (SECOND, "Production line", "Backup", 2 * HOUR, 40 * MINUTE, 8, 60, 5),
    (SECOND, "Plant copy", "ImmediateBackupCopy", 12 * HOUR, 4 * HOUR, 20, 40, 2),
    (SECOND, "Plant to headquarters", REPLICA, 6 * HOUR, 90 * MINUTE, 14, 35, 5),
)
_SOURCES = {"Copy to the vault": 1, "Weekly copy": 2, "Plant copy": 10}
_OFF = frozenset({"Archive test"})
_PARTS = {
    "Copy to the vault": (0,),
    "Plant copy": (0,),
    "Office laptops": (1, 2, 3),
}
"""The parts of containers by the place of their name among the repositories."""


def _jobs() -> Iterator[JobTemplate]:
    """The listed jobs."""
    for server, name, kind, period, phase, size, rate, objects in _JOBS:
        yield JobTemplate(
            name=name,
            kind=kind,
            organization=server,
            repository=0,
            period=period,
            phase=phase,
            size=size * GIB,
            rate=rate * MIB,
            item_size=GIB,
            objects=objects,
            enabled=name not in _OFF,
            source=_SOURCES.get(name),
        )


def _parts() -> Iterator[JobTemplate]:
    """What the containers consist of: each part has sessions of its own, a little later."""
    for place, (server, name, kind, period, phase, size, rate, _objects) in enumerate(_JOBS):
        for turn, repository in enumerate(_PARTS.get(name, ())):
            yield JobTemplate(
                name=f"{name} {turn + 1}",
                kind=CONTAINERS[kind],
                organization=server,
                repository=repository,
                period=period,
                phase=phase + (turn + 1) * MINUTE,
                size=size * GIB / len(_PARTS[name]),
                rate=rate * MIB,
                item_size=GIB,
                objects=1,
                listed=False,
                part_of=place,
            )


PROFILE = Profile(
    organizations=("vbr01.example.local", "vbr02.example.local"),
    repositories=("Main repository", "laptop-17", "laptop-23", "laptop-31"),
    templates=(*_jobs(), *_parts()),
    words=WORDS,
    session_kinds=BACKUP_KINDS | {REPLICA},
    messages=MESSAGES,
)
