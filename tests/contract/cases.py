"""What the contract test must know of each product: one row. A new product adds its row here."""

from dataclasses import dataclass

SENTINELS = (None, "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00", "")
"""Ends that mean that there was none."""


@dataclass(frozen=True, slots=True)
class Case:
    """How to speak of one product's simulator.

    `versions` are (version the simulator serves, version the source is pinned to). Paths are
    patterns as faults take them. `refreshes` says whether a token is
    renewed without the password. `unknown` pairs what a fault calls a field with what we call it.
    `raw_end` are the fields that tell an end, the time first; `many` sessions fill several pages,
    except in versions that give the whole list `in_one_answer`.
    """

    product: str
    versions: tuple[tuple[str, str], ...]
    sessions: str
    logon: str
    logoff: tuple[str, ...] = ()
    refreshes: bool = True
    page_limit: int = 5
    many: int = 13
    in_one_answer: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ("success", "warning", "failed", "canceled")
    unknown: tuple[tuple[str, str], ...] = (("status", "status"),)
    sentinel_ends: tuple[object, ...] = (None,)
    raw_end: tuple[str, ...] = ()
    raw_start: str = ""


CASES = (
    Case(
        product="vb365",
        versions=tuple((version, version) for version in ("v5", "v6", "v7", "v8")),
        sessions="/v*/jobsessions",
        logon="/v*/token",
        logoff=("v7", "v8"),
        unknown=(("status", "status"), ("bottleneck", "bottleneck")),
        sentinel_ends=SENTINELS,
        raw_end=("endTime",),
        raw_start="creationTime",
    ),
    Case(
        product="azure",
        versions=(
            ("v1", "v1"),
            ("v2", "v2"),
            ("v3", "v3"),
            ("v4", "v4"),
            ("v5", "v5"),
            ("v6", "v6"),
            ("v7", "v7"),
            ("v8", "v8"),
            ("v8.1", "v8.1"),
            ("v8.1", "v6"),
        ),
        sessions="/api/v*/jobsessions",
        logon="/api/oauth2/token",
        many=70,
        in_one_answer=("v1",),
        unknown=(("status", "status"), ("type", "session_type")),
        sentinel_ends=SENTINELS,
        raw_end=("executionStopTime", "executionDuration"),
        raw_start="executionStartTime",
    ),
    Case(
        product="enterprise_manager",
        versions=(("v11", "v1.5"), ("v11", "v1.6"), ("v12", "v1.7"), ("v13", "v1.7")),
        sessions="/api/query",
        logon="/api/sessionMngr/",
        refreshes=False,
        outcomes=("success", "warning", "failed"),  # a stopped job has failed, says the product
        unknown=(("status", "status"), ("state", "status"), ("type", "session_type")),
        sentinel_ends=SENTINELS,
        raw_end=("EndTimeUTC",),
        raw_start="CreationTimeUTC",
    ),
)

VERSIONS = [(case, served, pinned) for case in CASES for served, pinned in case.versions]

IDS = [f"{case.product}-{served}-{pinned}" for case, served, pinned in VERSIONS]
