"""One server's page to the page of all, after that server was polled again."""

from itertools import count

from bench.measure import Row, pairs
from bench.views import next_poll, server
from exporter.exposition import Exposition, Format

SERVERS, JOBS, LEAST = 1000, 5, 20.0


def measure() -> list[Row]:
    """How much cheaper /probe is."""
    exposition = Exposition()
    views = [server(JOBS, seed, f"m365-{seed:04d}") for seed in range(1, SERVERS + 1)]
    for view in views:
        exposition.publish(view)
    exposition.page(Format.TEXT_0_0_4, gzip=True)
    one, seeds = frozenset((views[0].name,)), count(5000)

    def changed() -> None:
        exposition.publish(next_poll(views[0], 1, next(seeds)))

    def whole() -> None:
        changed()
        exposition.page(Format.TEXT_0_0_4, gzip=True)

    def alone() -> None:
        changed()
        exposition.page(Format.TEXT_0_0_4, servers=one, gzip=True, exporter=False)

    ratio = pairs(whole, alone, rounds=7, repeat=1).ratio
    how = f"page of one of {SERVERS:,} servers to the page of all, that one having just changed"
    return [
        Row(
            "one server's page",
            f"{ratio.text('×')} cheaper",
            f"≥ {LEAST:g}×",
            ratio[0] >= LEAST,
            how,
        )
    ]
