"""--web.max-series over real sockets: the pages are those of the exposition itself."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.exposition import Exposition
from tests.support.views import exporter_view, mail_server, silent_server
from tests.support.web import CONFIG, FakeState, ask, server_config, serving


def state(most: int) -> Any:
    """Two servers, a big one and a small one, whose pages may have so many series."""
    exposition = Exposition(lambda: None, max_series=most)
    for view in (mail_server(), silent_server()):
        exposition.publish(view)
    exposition.publish_exporter(exporter_view())
    names = (mail_server().name, silent_server().name)
    config = replace(CONFIG, servers=tuple(map(server_config, names)))
    return FakeState(exposition=exposition, config=config)  # type: ignore[arg-type]  # the true one


@pytest.mark.parametrize(
    "path", ["/metrics", "/probe?target=m365-prod", "/metrics?server=m365-prod"]
)
async def test_a_page_that_is_too_long_is_refused_whole(path: str) -> None:
    """503 with one sentence: how many series there are, the limit, and what to do."""
    shown = state(60)
    async with serving(shown) as url:
        for _ in range(2):  # also over a connection that has asked before
            answer = await ask(url + path)
            assert answer.status == 503
            assert "series, more than the 60 of --web.max-series; raise that" in answer.text
            assert answer.text.count("\n") == 1
    assert shown.exposition.refused_pages == 2
    assert shown.exposition.served("m365-prod") == -1


async def test_smaller_pages_are_still_served() -> None:
    """A small server and a few families say what the whole page cannot."""
    async with serving(state(60)) as url:
        assert (await ask(f"{url}/probe?target=azure-west")).status == 200
        answer = await ask(f"{url}/metrics?name[]=backup_exporter_refused_pages_total")
    assert answer.status == 200
    assert answer.text.endswith("backup_exporter_refused_pages_total 0.0\n")


async def test_without_a_limit_every_page_is_served() -> None:
    """That is the default."""
    async with serving(state(0)) as url:
        assert (await ask(f"{url}/metrics")).status == 200
