"""Pages: what is on them, and what is kept of them."""

import gzip
import re
import zlib

import pytest
from msgspec.structs import replace

from exporter.exposition import Exposition, Format
from exporter.exposition.compress import GZIP
from tests.exposition.conftest import Renderings
from tests.support.metrics_page import families
from tests.support.views import mail_server, silent_server

TEXT, OPENMETRICS = Format.TEXT_0_0_4, Format.OPENMETRICS_1_0_0
MAIL, AZURE = frozenset({"m365-prod"}), frozenset({"azure-west"})


class TestSelection:
    """Parts of the page."""

    def test_one_server_alone(self, exposition: Exposition) -> None:
        """A page of one server has no other server's series."""
        page = exposition.page(TEXT, servers=MAIL, exporter=False)
        assert {*re.findall(rb'[{,]server="([^"]*)"', page)} == {b"m365-prod"}
        assert b"backup_exporter_" not in page

    def test_several_servers(self, exposition: Exposition) -> None:
        """A page of two servers is what a world of these two would be."""
        both = Exposition(lambda: None)
        both.publish(silent_server())
        both.publish(mail_server())
        page = exposition.page(TEXT, servers=MAIL | AZURE, exporter=False)
        assert page == both.page(TEXT, exporter=False)

    def test_unknown_servers_are_left_out(self, exposition: Exposition) -> None:
        """A name that nobody published has no series and breaks nothing."""
        nobody = frozenset({"nobody"})
        assert exposition.page(TEXT, servers=nobody, exporter=False) == b""
        assert exposition.page(OPENMETRICS, servers=nobody, exporter=False) == b"# EOF\n"

    @pytest.mark.parametrize(
        ("name", "family"),
        [
            ("backup_server_up", "backup_server_up"),
            ("backup_server_polls_total", "backup_server_polls_total"),
            ("backup_server_polls", "backup_server_polls_total"),
            ("backup_session_duration_seconds", "backup_session_duration_seconds"),
            ("backup_session_duration_seconds_bucket", "backup_session_duration_seconds"),
            ("backup_session_duration_seconds_count", "backup_session_duration_seconds"),
            ("backup_session_duration_seconds_sum", "backup_session_duration_seconds"),
            ("backup_exporter_shards", "backup_exporter_shards"),
        ],
    )
    def test_names_select_families(self, exposition: Exposition, name: str, family: str) -> None:
        """A family is found by its own name and by each sample's."""
        assert families(exposition.page(TEXT, names=frozenset({name}))) == {family}

    def test_names_select_process_metrics(self) -> None:
        """The process's metrics are found by name as well, and left out otherwise."""
        page = Exposition().page(OPENMETRICS, names=frozenset({"process_cpu_seconds_total"}))
        assert families(page) == {"process_cpu_seconds"}
        assert page.endswith(b"# EOF\n")

    def test_an_unknown_name_gives_an_empty_page(self, exposition: Exposition) -> None:
        """A name of nothing selects nothing."""
        assert exposition.page(TEXT, names=frozenset({"nothing"})) == b""


class TestCompression:
    """Gzip."""

    @pytest.mark.parametrize("format", [TEXT, OPENMETRICS])
    @pytest.mark.parametrize("exporter", [True, False])
    @pytest.mark.parametrize("names", [None, frozenset({"backup_server_up"})])
    def test_is_the_same_page(
        self,
        exposition: Exposition,
        format: Format,
        exporter: bool,
        names: frozenset[str] | None,
    ) -> None:
        """What a reader unpacks is the page, whatever was selected."""
        plain = exposition.page(format, exporter=exporter, names=names)
        packed = exposition.page(format, exporter=exporter, names=names, gzip=True)
        assert packed != plain
        assert gzip.decompress(packed) == plain

    @pytest.mark.parametrize("exporter", [True, False])
    def test_is_one_member(self, exposition: Exposition, exporter: bool) -> None:
        """Browsers show the first member alone, and curl takes a second one for an error."""
        plain = exposition.page(OPENMETRICS, exporter=exporter)
        stream = zlib.decompressobj(GZIP)
        assert (
            stream.decompress(exposition.page(OPENMETRICS, exporter=exporter, gzip=True)) == plain
        )
        assert (stream.eof, stream.unused_data) == (True, b"")

    def test_an_empty_page_is_a_gzip_stream(self) -> None:
        """A page without a single byte still is valid gzip."""
        packed = Exposition().page(TEXT, exporter=False, gzip=True)
        assert gzip.decompress(packed) == b""
        assert packed


class TestKeeping:
    """What is rendered, and when."""

    def test_nothing_is_rendered_that_nobody_asks_for(self, renderings: Renderings) -> None:
        """Publishing costs no rendering, and asking for one server renders that one."""
        whole = Exposition()
        whole.publish(mail_server())
        whole.publish(silent_server())
        assert renderings.names == []
        whole.page(TEXT, servers=AZURE)
        assert renderings.names == ["azure-west"]

    def test_an_unchanged_page_is_the_same_object(self, exposition: Exposition) -> None:
        """The second scrape gets the bytes of the first, in each format and encoding."""
        for options in (
            {},
            {"gzip": True},
            {"servers": MAIL},
            {"servers": MAIL, "exporter": False},
        ):
            first = exposition.page(OPENMETRICS, **options)
            assert exposition.page(OPENMETRICS, **options) is first

    def test_only_the_changed_server_is_rendered_again(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """The others keep their lines."""
        exposition.page(TEXT)
        renderings.names.clear()
        exposition.publish(replace(mail_server(), generation=8, polls=1441))
        page = exposition.page(TEXT)
        assert renderings.names == ["m365-prod"]
        assert b'backup_server_polls_total{server="m365-prod"} 1441.0' in page

    def test_all_formats_share_one_rendering(
        self, exposition: Exposition, renderings: Renderings
    ) -> None:
        """A second format, compressed or not, renders no lines."""
        exposition.page(TEXT)
        renderings.names.clear()
        exposition.page(OPENMETRICS, gzip=True)
        exposition.page(Format.TEXT_1_0_0, servers=MAIL)
        assert renderings.names == []

    def test_another_servers_change_leaves_a_single_page(self, exposition: Exposition) -> None:
        """A kept page of one server stays while others are published."""
        first = exposition.page(TEXT, servers=MAIL)
        exposition.publish(replace(silent_server(), generation=91))
        assert exposition.page(TEXT, servers=MAIL) is first

    def test_a_withdrawn_server_is_gone(self, exposition: Exposition) -> None:
        """Neither the whole page nor its own shows it any more; once more is no error."""
        exposition.page(TEXT)
        exposition.page(TEXT, servers=MAIL)
        before = exposition.generation
        exposition.withdraw("m365-prod")
        exposition.withdraw("m365-prod")
        assert exposition.generation == before + 1
        assert b"m365-prod" not in exposition.page(TEXT)
        assert exposition.page(TEXT, servers=MAIL, exporter=False) == b""

    def test_pages_of_unknown_servers_are_not_kept(self, exposition: Exposition) -> None:
        """Asking for names that do not exist does not fill the memory."""
        for number in range(9):
            exposition.page(TEXT, servers=frozenset({f"no-{number}"}))
        assert not exposition._bodies
        assert not exposition._pages
