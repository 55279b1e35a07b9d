"""The API versions of Veeam Backup for Microsoft Azure, as numbers in order."""

VERSIONS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.1)
OLDER_SERVED = {1.0: 0, 2.0: 0, 3.0: 1, 8.1: 3}
"""How many older versions an appliance serves beside its own; two where nothing is said."""


def version_number(api_version: str | None) -> float:
    """`8.1`, `v8.1` or None (the newest) as a number. Raises ValueError for an unknown version."""
    if api_version is None:
        return VERSIONS[-1]
    text = api_version.lower().removeprefix("v")
    found = next((one for one in VERSIONS if f"{one:g}" == text), None)
    if found is None:
        raise ValueError(f"azure has no API version {api_version!r}; known are v1 to v8.1")
    return found


def served_by(newest: float) -> frozenset[float]:
    """The versions that an appliance of version `newest` answers to."""
    place = VERSIONS.index(newest)
    return frozenset(VERSIONS[place - OLDER_SERVED.get(newest, 2) : place + 1])
