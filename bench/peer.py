"""Another exporter of Enterprise Manager, on the same simulated server."""

from bench.measure import Row


def measure() -> list[Row]:
    """A line that says why there is no figure."""
    why = (
        "the simulated Enterprise Manager has none of the summary reports and virtual machines "
        "that it asks for with each scrape"
    )
    return [Row("scrape, to veeam-exporter 1.1.0", "not built", "", None, why)]
