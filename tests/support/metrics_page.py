"""Questions to a page of metrics."""


def families(page: bytes) -> set[str]:
    """The families that have a TYPE line."""
    return {line.split()[2] for line in page.decode().splitlines() if line.startswith("# TYPE")}
