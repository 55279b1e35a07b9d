"""The end of a page, who has seen which generation, and many who ask at once."""

import asyncio
import gzip
import threading

import pytest
from msgspec.structs import replace

from exporter.exposition import Exposition, Format
from exporter.exposition.process import PYTHON
from exporter.view import ProcessView
from tests.exposition.conftest import Renderings
from tests.support.metrics_page import families
from tests.support.views import exporter_view, mail_server, new_server, world

TEXT, OPENMETRICS = Format.TEXT_0_0_4, Format.OPENMETRICS_1_0_0
MAIL = frozenset({"m365-prod"})


class TestTail:
    """The exporter's own families and its process's."""

    def test_process_metrics_are_on_the_page(self) -> None:
        """What the system tells of the process and its Python, at the end."""
        page = Exposition().page(OPENMETRICS)
        assert {"process_cpu_seconds", "process_open_fds", "python_info"} <= families(page)
        assert page.endswith(b"# EOF\n")
        assert page.count(b"# EOF") == 1

    def test_process_metrics_are_refreshed_every_five_seconds(self) -> None:
        """In between a scrape gets the kept page; the servers' part stays all the time."""
        files, time = 6.0, 100.0
        whole = Exposition(lambda: ProcessView(PYTHON, open_files=files), lambda: time)
        first = whole.page(TEXT, gzip=True)
        files, time = 7.0, 104.9
        assert whole.page(TEXT, gzip=True) is first
        time = 105.0
        assert b"\nprocess_open_fds 7.0\n" in gzip.decompress(whole.page(TEXT, gzip=True))

    def test_a_changed_exporter_shows_at_once(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """Publishing the exporter renews the tail and renders no server."""
        exposition.page(TEXT)
        renderings.names.clear()
        exposition.publish_exporter(replace(exporter_view(), ledger_errors=3))
        assert b"backup_exporter_ledger_errors_total 3.0\n" in exposition.page(TEXT)
        assert renderings.names == []


class TestServed:
    """Which generation a scraper has seen."""

    def test_nothing_is_served_before_a_page(self, exposition: Exposition) -> None:
        """Published is not served."""
        assert exposition.served("m365-prod") == -1
        assert exposition.served("nobody") == -1

    def test_a_page_serves_every_server_on_it(self, exposition: Exposition) -> None:
        """The whole page counts for all, a single server's page for that one."""
        exposition.page(TEXT, servers=MAIL)
        assert (exposition.served("m365-prod"), exposition.served("azure-west")) == (7, -1)
        exposition.page(TEXT)
        assert (exposition.served("azure-west"), exposition.served("vbr-new")) == (90, 0)

    def test_a_selection_of_families_serves_nothing(self, exposition: Exposition) -> None:
        """Who asked for some families has not seen the zeros of the others."""
        exposition.page(TEXT, names=frozenset({"backup_server_up"}))
        assert exposition.served("m365-prod") == -1

    def test_a_newer_generation_waits_for_a_page(self, exposition: Exposition) -> None:
        """After a publication the old generation is the served one until the next page."""
        exposition.page(TEXT)
        exposition.publish(replace(mail_server(), generation=8))
        assert exposition.served("m365-prod") == 7
        exposition.page(TEXT, gzip=True)
        assert exposition.served("m365-prod") == 8

    def test_a_server_that_starts_anew_is_not_served(self, exposition: Exposition) -> None:
        """Generations that fall, or a server withdrawn and published again, begin at nothing."""
        exposition.page(TEXT)
        exposition.publish(replace(mail_server(), generation=1))
        assert exposition.served("m365-prod") == -1
        exposition.page(TEXT)
        exposition.withdraw("m365-prod")
        exposition.publish(replace(mail_server(), generation=1))
        assert exposition.served("m365-prod") == -1


class TestAsync:
    """Pages for an event loop."""

    async def test_an_offer_is_served_once_it_was_delivered(self, exposition: Exposition) -> None:
        """A page that is lost on its way has shown nobody a zero."""
        offer = await exposition.offer(TEXT)
        assert exposition.served("m365-prod") == -1
        exposition.delivered(offer)
        assert exposition.served("m365-prod") == 7
        assert offer.data is exposition.page(TEXT)

    async def test_is_the_same_page(self, exposition: Exposition) -> None:
        """Rendered in a thread or here, the bytes are the same."""
        page = await exposition.page_async(TEXT)
        assert page is exposition.page(TEXT)
        assert await exposition.page_async(TEXT) is page

    async def test_all_who_wait_share_one_rendering(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """Ten scrapes at once render each server once, and the loop goes on meanwhile."""
        renderings.gate.clear()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(exposition.page_async(TEXT)) for _ in range(10)]
            await asyncio.to_thread(renderings.started.wait, 10)
            renderings.gate.set()
        assert len({id(task.result()) for task in tasks}) == 1
        assert sorted(renderings.names) == sorted(view.name for view in world())
        assert not exposition._flights

    async def test_a_client_that_goes_away_takes_nothing_from_others(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """A cancelled scrape leaves the page to those who still wait."""
        renderings.gate.clear()
        gone = asyncio.create_task(exposition.page_async(TEXT))
        stays = asyncio.create_task(exposition.page_async(TEXT))
        await asyncio.to_thread(renderings.started.wait, 10)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        renderings.gate.set()
        assert b"m365-prod" in await stays

    async def test_a_publication_during_a_rendering_is_on_the_next_page(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """Who asks after a publication never gets the page from before it."""
        renderings.gate.clear()
        early = asyncio.create_task(exposition.page_async(TEXT))
        await asyncio.to_thread(renderings.started.wait, 10)
        exposition.publish(replace(new_server(), generation=5, polls=77))
        late = asyncio.create_task(exposition.page_async(TEXT))
        await asyncio.sleep(0)
        renderings.gate.set()
        assert b'polls_total{server="vbr-new"} 77.0' in await late
        assert b"m365-prod" in await early
        assert exposition.served("vbr-new") == 5


def test_threads_may_publish_and_scrape_at_once() -> None:
    """Many threads neither break a page nor see an old one after the last publication."""
    whole, failures = Exposition(), []

    def scrape() -> None:
        for _ in range(30):
            page = gzip.decompress(whole.page(OPENMETRICS, gzip=True))
            if not page.endswith(b"# EOF\n"):
                failures.append(page)

    threads = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in threads:
        thread.start()
    for generation in range(60):
        whole.publish(replace(mail_server(), generation=generation, polls=generation))
    for thread in threads:
        thread.join()
    assert not failures
    assert b'backup_server_polls_total{server="m365-prod"} 59.0' in whole.page(TEXT)
    assert whole.served("m365-prod") == 59
