"""The facts of each row of the table, held against what an exporter and its server really say."""

from dataclasses import replace

import pytest

from exporter.clock import SystemClock
from exporter.config.values import Password, Secret
from exporter.model import Window
from exporter.simulator import SimulatedServer, simulate
from exporter.sources import SOURCES
from tests.soak.products import PRODUCTS, SERVERS_EACH, Product, asks
from tests.support.sources import server_config

EVERY_WAY = [(product, place) for product in PRODUCTS.values() for place in range(SERVERS_EACH)]


async def poll(product: Product, server: SimulatedServer) -> None:
    """Poll once with the product's own source."""
    config = server_config(
        product=product.name,
        url=server.url,
        username=server.username,
        password=Password(Secret(server.password)),
        api_version=product.api_version,
    )
    source = SOURCES[product.name].create(config, SystemClock())
    try:
        await source.fetch(Window(server.world.now() - 3600.0), ())
    finally:
        await source.close()


@pytest.mark.parametrize(
    ("product", "place"), EVERY_WAY, ids=lambda value: getattr(value, "name", value)
)
async def test_the_requests_of_a_poll_are_told_apart(product: Product, place: int) -> None:
    """Pages of sessions come before the last request, and below the path where faults happen."""
    async with simulate(product.name, scripted=True) as server:
        product.prepare(server, place)
        now = server.world.now()
        for kind in product.kinds:
            server.world.add_session(server.world.add_job(kind, kind=kind), now - 60.0, now - 30.0)
        await poll(product, server)
        pages = [at for at, seen in enumerate(server.log) if asks(seen, product.page)]
        last = [at for at, seen in enumerate(server.log) if asks(seen, product.last)]
        assert pages
        assert last
        assert max(last) >= max(pages)
        assert all(server.log[at].path.lower().startswith(product.listing) for at in pages)


async def test_a_way_that_a_simulated_product_does_not_know_is_an_error() -> None:
    """Else a renamed attribute would leave both servers alike."""
    async with simulate("azure", scripted=True) as server:
        with pytest.raises(AttributeError):
            replace(PRODUCTS["azure"], ways=({"habit": 1},)).prepare(server, 0)
