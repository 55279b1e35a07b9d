"""Half a minute of what `make soak` does for five: the exporter counts exactly once."""

import pytest

from tests.soak.products import PRODUCTS, Product
from tests.soak.soak import Run, soak
from tests.support.tools import require_tool

SECONDS = 12.0
LIVED = {
    "job born with a failure",
    "job deleted",
    "job renamed",
    "result changed",
    "session ended after days",
    "session shown late",
    "session vanished while running",
}


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
async def test_every_session_is_counted_exactly_once(product: Product) -> None:
    """Through kills, faults and a damaged ledger nothing is missed, doubled, or falls."""
    require_tool("prometheus")
    report = await soak(Run(product, "suite", SECONDS, kills_between=1))
    told = "\n".join(report.lines())
    assert report.good, told
    assert report.kills >= 2, told
    assert report.sessions >= 50, told
    assert report.lived.keys() >= LIVED, told
