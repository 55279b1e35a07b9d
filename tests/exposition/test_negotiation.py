"""Which format an Accept header gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder

from exporter.exposition import Format, negotiate

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_TEXT = (
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
OLD, NEW, OPEN = Format.TEXT_0_0_4, Format.TEXT_1_0_0, Format.OPENMETRICS_1_0_0

AS_THE_LIBRARY = [
    (PROMETHEUS_2, OPEN),
    (PROMETHEUS_3, OPEN),
    (PROMETHEUS_3_TEXT, NEW),
    ("text/plain;version=0.0.4", OLD),
    (BROWSER, OLD),
    ("*/*", OLD),
    ("", OLD),
    (None, OLD),
    ("application/openmetrics-text", OPEN),
    ("application/openmetrics-text; version=0.0.1", OLD),
    ("application/openmetrics-text; version=1.0.0", OPEN),
    ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0", OPEN),
    ("text/plain;version=1.0.0, application/openmetrics-text;version=1.0.0", NEW),
    (";;,,=;q", OLD),
]


@pytest.mark.parametrize(("accept", "wanted"), AS_THE_LIBRARY)
def test_scrapers_get_what_the_library_would_give(accept: str | None, wanted: Format) -> None:
    """Prometheus of today and before, browsers and rubbish get the library's choice."""
    assert negotiate(accept) is wanted
    _, content_type = choose_encoder(accept or "")
    assert content_type.split("; escaping")[0] == wanted.content_type.split("; escaping")[0]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4", OLD),
        ("application/openmetrics-text;version=1.0.0;q=0,text/plain;version=1.0.0;q=0.1", NEW),
        ("application/openmetrics-text;version=1.0.0;q=much", OLD),
        ("application/openmetrics-text;version=1.0.0;q=nan", OLD),
        ("application/openmetrics-text;version=1.0.0;q=2", OLD),
        ('Application/OpenMetrics-Text ; Version="1.0.0" ; Q=1.0', OPEN),
        ("application/openmetrics-text;version=2.0.0,text/plain;version=1.0.0;q=0.2", NEW),
    ],
)
def test_quality_decides(accept: str, wanted: Format) -> None:
    """The highest quality that we can serve wins; an unreadable quality means not wanted."""
    assert negotiate(accept) is wanted


PIECES = ("text/plain", "application/openmetrics-text", "version", "q", ";", ",", "=", "1.0.0", " ")


@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_header_breaks_it(accept: str) -> None:
    """Any header at all gets some format."""
    assert negotiate(accept) in Format


def test_content_type_is_the_librarys() -> None:
    """The content types are those that the library sends for the same request."""
    for accept in (PROMETHEUS_2, "text/plain;version=1.0.0", "*/*"):
        assert negotiate(accept).content_type == choose_encoder(accept)[1]
