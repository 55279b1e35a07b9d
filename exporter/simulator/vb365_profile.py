"""The world of a Microsoft 365 backup server: organizations, jobs and how they fare."""

from dataclasses import replace

from exporter.simulator.profile import DAY, GIB, HOUR, MIB, MINUTE, JobTemplate, Profile, Words

WORDS = Words(
    success="Success",
    warning="Warning",
    failed="Failed",
    canceled="Stopped",
    running="Running",
    queued="Queued",
    open=frozenset({"Running", "Queued", "Disconnected", "Updating"}),
    bottlenecks={"Source": 0.68, "Target": 0.26, "NA": 0.06},
    detecting="Detecting",
)
MESSAGES = {
    "warning": (
        "Some mailboxes were backed up with warnings",
        "Processing of 2 sites finished with warnings: access to a document library was denied",
        "The service answered slowly, 3 objects will be tried again by the next session",
    ),
    "failed": (
        "Failed to connect to the organization: the application secret has expired",
        "Too many requests were sent to the service, it asked to wait until the timeout was over",
        "The repository is out of free space",
        "The proxy did not answer in time",
    ),
    "canceled": ("The session was stopped by an operator",),
}


TYPICAL_JOBS = (
    JobTemplate(
        name="Exchange",
        kind="Backup",
        organization=0,
        repository=0,
        period=6 * HOUR,
        phase=2 * HOUR,
        size=3 * GIB,
        rate=2.5 * MIB,
        item_size=75 * 1024.0,
        objects=180,
    ),
    JobTemplate(
        name="OneDrive",
        kind="Backup",
        organization=0,
        repository=1,
        period=DAY,
        phase=20 * HOUR,
        size=24 * GIB,
        rate=3.5 * MIB,
        item_size=1.5 * MIB,
        objects=160,
    ),
    JobTemplate(
        name="SharePoint and Teams",
        kind="Backup",
        organization=0,
        repository=1,
        period=DAY,
        phase=22.5 * HOUR,
        size=10 * GIB,
        rate=1.8 * MIB,
        item_size=400 * 1024.0,
        objects=60,
    ),
    JobTemplate(
        name="Exchange copy",
        kind="Copy",
        organization=0,
        repository=2,
        period=DAY,
        phase=9 * HOUR,
        size=12 * GIB,
        rate=9 * MIB,
        item_size=75 * 1024.0,
        objects=180,
        source=0,
    ),
)


def _backups(place: int, name: str, scale: float, shift: float) -> tuple[JobTemplate, ...]:
    """The jobs of one organization; `scale` is its size, `shift` moves its night."""
    return tuple(
        replace(
            job,
            name=f"{name} - {job.name}",
            organization=place,
            phase=job.phase + shift,
            size=job.size * scale,
            objects=int(job.objects * scale),
            source=None if job.source is None else len(TYPICAL_JOBS) * place + job.source,
        )
        for job in TYPICAL_JOBS
    )


NEVER_RUN = JobTemplate(
    name="Meadow Foods - Archive mailboxes",
    kind="Backup",
    organization=0,
    repository=0,
    period=DAY,
    phase=4 * HOUR,
    size=GIB,
    rate=2 * MIB,
    enabled=False,
)
RESTORES = tuple(
    JobTemplate(
        name=kind,
        kind=kind,
        organization=place,
        repository=0,
        period=DAY,
        phase=(8 + place) * HOUR,
        size=300 * MIB,
        rate=MIB,
        listed=False,
        chance=0.3,
    )
    for place, kind in enumerate(("Vex", "Veod", "Vesp"))
)
RETRIEVALS = JobTemplate(
    name="Retrieval",
    kind="Retrieve",
    organization=1,
    repository=2,
    period=5 * DAY,
    phase=11 * HOUR,
    size=40 * GIB,
    rate=2 * MIB,
    listed=False,
    chance=0.5,
)
PROFILE = Profile(
    organizations=(
        "meadowfoods.onmicrosoft.com",
        "harborlogistics.onmicrosoft.com",
        "kesteluniversity.onmicrosoft.com",
    ),
    repositories=("Fast disk", "Main disk", "Object storage"),
    templates=(
        *_backups(0, "Meadow Foods", 1.0, 0.0),
        *_backups(1, "Harbor Logistics", 0.5, 40 * MINUTE),
        *_backups(2, "Kestel University", 3.0, 75 * MINUTE),
        NEVER_RUN,
        *RESTORES,
        RETRIEVALS,
    ),
    words=WORDS,
    session_kinds=frozenset({"Backup", "Copy"}),
    messages=MESSAGES,
)
