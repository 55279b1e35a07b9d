"""The bytes of a page, held against the client library's encoders and its parsers."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.exposition import Exposition, Format
from exporter.metrics import FAMILIES
from exporter.view import ServerView
from tests.support.oracle import expected_openmetrics, expected_text
from tests.support.view_strategies import servers
from tests.support.views import exporter_view, job, new_server, world

TEXT, OPENMETRICS = Format.TEXT_0_0_4, Format.OPENMETRICS_1_0_0


def exposition(*views: ServerView) -> Exposition:
    """An exposition of these servers and the exporter, without process metrics."""
    whole = Exposition(lambda: None)
    for view in views:
        whole.publish(view)
    whole.publish_exporter(exporter_view())
    return whole


class TestOracle:
    """Byte for byte what the library writes."""

    def test_world_in_text(self) -> None:
        """The hand-made world gives the library's text."""
        assert exposition(*world()).page(TEXT) == expected_text(world(), exporter_view())

    def test_world_in_openmetrics(self) -> None:
        """The hand-made world gives the library's OpenMetrics."""
        page = exposition(*world()).page(OPENMETRICS)
        assert page == expected_openmetrics(world(), exporter_view())

    def test_text_versions_have_the_same_body(self) -> None:
        """Text 1.0.0 differs from 0.0.4 in its content type alone."""
        whole = exposition(*world())
        assert whole.page(Format.TEXT_1_0_0) == whole.page(TEXT)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(servers(st.sampled_from(("a", 'b"', "c\ud800"))), max_size=3))
    def test_any_views(self, views: list[ServerView]) -> None:
        """Any views give the library's bytes in both formats."""
        views = [*{view.name: without_twins(view) for view in views}.values()]
        whole = exposition(*views)
        assert whole.page(TEXT) == expected_text(views, exporter_view())
        assert whole.page(OPENMETRICS) == expected_openmetrics(views, exporter_view())

    @settings(max_examples=60, deadline=None)
    @given(st.lists(servers(st.just("a")), min_size=2, max_size=4))
    def test_one_server_again_and_again(self, views: list[ServerView]) -> None:
        """What is kept of earlier generations never shows on a later page."""
        whole = exposition()
        for view in map(without_twins, views):
            whole.publish(view)
            assert whole.page(TEXT) == expected_text([view], exporter_view())


def without_twins(view: ServerView) -> ServerView:
    """The view without keys that are the same once they fit: the library would repeat them."""
    twins = {"endpoints": {}, "requests": {}, "unknown_values": {}, "durations": {}}
    fit = {
        name: {
            key: one
            for key, one in getattr(view, name).items()
            if key.isascii() and "\0" not in key
        }
        for name in twins
    }
    short = {name: {k: v for k, v in one.items() if len(k) < 500} for name, one in fit.items()}
    return replace(view, **short)


class TestPage:
    """What holds for every page."""

    @pytest.mark.parametrize("format", [TEXT, OPENMETRICS])
    def test_no_series_comes_twice(self, format: Format) -> None:
        """Jobs and labels that become the same text give one series, the first."""
        twins = (
            job("x" * 600, job_id="1", consecutive_failures=1),
            job("x" * 601, job_id="1", consecutive_failures=2),
        )
        view = replace(
            new_server(),
            jobs=twins,
            requests={"\0": 1, "\ud800": 2, "200": 3},
            durations={},
        )
        lines = exposition(view, replace(view, name="vbr\0"), replace(view, name="vbr\ud800")).page(
            format
        )
        series = Counter(
            line.rsplit(" ", 1)[0] for line in lines.decode().splitlines() if line[0] != "#"
        )
        assert not [name for name, times in series.items() if times > 1]
        failures = [line for line in lines.splitlines() if b"consecutive_failures{" in line]
        assert [line.rsplit(b" ", 1)[1] for line in failures] == [b"1.0", b"1.0"]
        assert lines.count(b'code="\xef\xbf\xbd",server="vbr-new"} 1.0') == 1

    def test_families_are_never_interleaved(self) -> None:
        """Each family has one header, and all servers' lines below it."""
        page = exposition(*world()).page(TEXT).decode()
        heads = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]
        assert len(heads) == len({*heads})
        assert heads == [family.name for family in FAMILIES if f"# TYPE {family.name} " in page]

    def test_the_text_parser_reads_it(self) -> None:
        """The library's parser finds every family of the text page."""
        page = exposition(*world()).page(TEXT).decode()
        names = {family.name for family in parse_text(page)}
        assert names == {family.base for family in FAMILIES}

    def test_the_openmetrics_parser_reads_it(self) -> None:
        """The library's strict parser finds every family, with its unit."""
        page = exposition(*world()).page(OPENMETRICS).decode()
        units = {family.name: family.unit for family in parse_openmetrics(page)}
        assert units == {family.base: family.unit for family in FAMILIES}

    def test_nothing_is_said_of_creation(self) -> None:
        """No `_created` samples: a ledger's counters are older than the process."""
        assert b"_created" not in exposition(*world()).page(OPENMETRICS)

    def test_an_empty_exposition_is_a_page(self) -> None:
        """Before anything was published the pages are empty, and OpenMetrics says so."""
        empty = Exposition(lambda: None)
        assert empty.page(TEXT) == b""
        assert empty.page(OPENMETRICS) == b"# EOF\n"
