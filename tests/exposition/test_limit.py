"""A page over the limit of series is refused whole, and says so once."""

import logging

import pytest
from msgspec.structs import replace

from exporter.errors import TooManySeries
from exporter.exposition import Exposition, Format
from tests.support.views import exporter_view, mail_server, silent_server, world

TEXT = Format.TEXT_0_0_4
MAIL, SILENT = frozenset({"m365-prod"}), frozenset({"azure-west"})


def limited(most: int) -> Exposition:
    """The whole world, with pages of at most so many series."""
    exposition = Exposition(lambda: None, lambda: 0.0, max_series=most)
    for view in world():
        exposition.publish(view)
    exposition.publish_exporter(exporter_view())
    return exposition


def series(page: bytes) -> int:
    """How many samples a page has."""
    return sum(not line.startswith(b"#") for line in page.splitlines())


def test_a_page_may_have_as_many_series_as_the_limit() -> None:
    """The exporter's own series count as well; one more is refused."""
    page = limited(0).page(TEXT)
    assert limited(series(page)).page(TEXT) == page
    with pytest.raises(TooManySeries) as refused:
        limited(series(page) - 1).page(TEXT)
    assert str(refused.value).startswith(
        f"The page of all servers would have {series(page)} series, more than the "
        f"{series(page) - 1} of --web.max-series; raise that, "
    )


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("gzip", [False, True])
async def test_every_form_of_a_page_obeys_the_limit(form: Format, gzip: bool) -> None:
    """Whichever text, compressed or not, rendered anew or kept: it is not offered."""
    exposition = limited(100)
    for _ in range(2):
        with pytest.raises(TooManySeries):
            await exposition.offer(form, gzip=gzip)
        assert exposition.ready(form, gzip=gzip) is None
    assert exposition.refused_pages == 2


def test_a_smaller_page_is_served() -> None:
    """A few families, or a server that is small, are within the limit."""
    exposition = limited(100)
    with pytest.raises(TooManySeries, match=r"^The page of m365-prod would have"):
        exposition.page(TEXT, servers=MAIL, exporter=False)
    page = exposition.page(TEXT, names=frozenset({"backup_server_up"}))
    assert series(page) == len(world())
    assert exposition.page(TEXT, servers=SILENT, exporter=False)


def test_a_refused_page_was_not_seen() -> None:
    """Zeros that nobody could read must be shown again."""
    exposition = limited(100)
    with pytest.raises(TooManySeries):
        exposition.page(TEXT)
    assert exposition.served("m365-prod") == -1


def test_the_log_hears_of_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """When it begins and when it ends, for each page apart."""
    exposition = limited(150)
    with caplog.at_level(logging.INFO, "exporter.exposition.limit"):
        for _ in range(3):
            with pytest.raises(TooManySeries):
                exposition.page(TEXT)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        for server in world():
            exposition.withdraw(server.name)
        exposition.publish(replace(silent_server(), generation=91))
        exposition.page(TEXT)
        exposition.page(TEXT)
    assert [record.getMessage() for record in caplog.records][1:] == [
        "The page of all servers is within --web.max-series again"
    ]


def test_what_was_refused_is_counted_on_a_smaller_page() -> None:
    """The counter starts at zero, and is published with the exporter's own facts."""
    exposition, names = limited(100), frozenset({"backup_exporter_refused_pages_total"})
    assert exposition.page(TEXT, names=names).endswith(b"_total 0.0\n")
    exposition.publish(mail_server())
    with pytest.raises(TooManySeries):
        exposition.page(TEXT, servers=MAIL)
    exposition.publish_exporter(
        replace(exporter_view(), refused_pages=exposition.refused_pages),
    )
    assert exposition.page(TEXT, names=names).endswith(b"_total 1.0\n")
