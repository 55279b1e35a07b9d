"""What the contract test must know of each product: one row. A new product adds its row here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """How to speak of one product's simulator.

    `versions` are (version the simulator serves, version the source is pinned to). Paths are
    patterns as faults take them; `by_id` ends before the id. `refreshes` says whether a token is
    renewed without the password. `unknown_fields` are the words a session may have anew.
    """

    product: str
    versions: tuple[tuple[str, str], ...]
    sessions: str
    logon: str
    logoff: tuple[str, ...] = ()
    refreshes: bool = True
    page_limit: int = 5
    unknown_fields: tuple[str, ...] = ("status",)
    sentinel_ends: tuple[object, ...] = (None,)
    raw_end: str = ""
    raw_start: str = ""


CASES = (
    Case(
        product="vb365",
        versions=tuple((version, version) for version in ("v5", "v6", "v7", "v8")),
        sessions="/v*/jobsessions",
        logon="/v*/token",
        logoff=("v7", "v8"),
        unknown_fields=("status", "bottleneck"),
        sentinel_ends=(None, "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00", ""),
        raw_end="endTime",
        raw_start="creationTime",
    ),
)

VERSIONS = [(case, served, pinned) for case in CASES for served, pinned in case.versions]

IDS = [f"{case.product}-{served}-{pinned}" for case, served, pinned in VERSIONS]
