"""The world of a Microsoft 365 backup server: organizations, jobs and how they fare."""

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


def _backups(place: int, name: str, scale: float, shift: float) -> tuple[JobTemplate, ...]:
    """The four jobs of one organization; `scale` is its size, `shift` moves its night."""
    return (
        JobTemplate(
            name=f"{name} - Exchange",
            kind="Backup",
            organization=place,
            repository=0,
            period=6 * HOUR,
            phase=2 * HOUR + shift,
            size=3 * GIB * scale,
            rate=2.5 * MIB,
            item_size=75 * 1024.0,
            objects=int(180 * scale),
        ),
        JobTemplate(
            name=f"{name} - OneDrive",
            kind="Backup",
            organization=place,
            repository=1,
            period=DAY,
            phase=20 * HOUR + shift,
            size=24 * GIB * scale,
            rate=3.5 * MIB,
            item_size=1.5 * MIB,
            objects=int(160 * scale),
        ),
        JobTemplate(
            name=f"{name} - SharePoint and Teams",
            kind="Backup",
            organization=place,
            repository=1,
            period=DAY,
            phase=22.5 * HOUR + shift,
            size=10 * GIB * scale,
            rate=1.8 * MIB,
            item_size=400 * 1024.0,
            objects=int(60 * scale),
        ),
        JobTemplate(
            name=f"{name} - Exchange copy",
            kind="Copy",
            organization=place,
            repository=2,
            period=DAY,
            phase=9 * HOUR + shift,
            size=12 * GIB * scale,
            rate=9 * MIB,
            item_size=75 * 1024.0,
            objects=int(180 * scale),
            source=4 * place,
        ),
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
