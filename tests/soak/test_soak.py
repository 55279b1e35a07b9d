"""A short form of what `make soak` does for minutes: the exporter counts exactly once.

Servers of all products share one exporter, so that each product costs no time of its own. Nothing
here depends on how fast the machine is: the run goes on until every server has lived through
everything, and the fates are given.
"""

from tests.soak.fates import killed, killed_in_commit
from tests.soak.habits import LIVED
from tests.soak.products import PRODUCTS, SERVERS_EACH
from tests.soak.soak import Run, soak
from tests.support.tools import require_tool

SECONDS = 8.0
FATES = (killed, killed_in_commit)


async def test_every_session_is_counted_exactly_once() -> None:
    """Through kills and faults of the servers nothing is missed, doubled, or falls."""
    require_tool("prometheus")
    run = Run(list(PRODUCTS.values()), "suite", SECONDS, FATES, at_least=len(FATES))
    report = await soak(run)
    told = "\n".join(report.lines())
    assert report.good, told
    assert report.kills >= len(FATES), told
    assert report.parts.keys() == PRODUCTS.keys(), told
    for part in report.parts.values():
        assert part.lived.keys() == LIVED, told
        assert part.sessions >= SERVERS_EACH * len(LIVED), told
