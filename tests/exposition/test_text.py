"""Words and numbers of the text formats, held against the client library's."""

import gzip
import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import ALLOWUTF8, _escape
from prometheus_client.utils import floatToGoString

from exporter.exposition import compress
from exporter.exposition.text import MAX_LABEL_LENGTH, clean, escape_label, format_float


@given(st.floats() | st.integers(-(10**18), 10**18) | st.floats(1e5, 1e17) | st.booleans())
def test_numbers_are_written_as_the_library_writes_them(number: float) -> None:
    """Any float, integer or bool gives the library's text, minus zero apart."""
    assert format_float(number) == floatToGoString(number or 0.0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.0"),
        (True, "1.0"),
        (999_999.5, "999999.5"),
        (1_000_000, "1e+06"),
        (1_766_664_000.0, "1.766664e+09"),
        (-1_766_664_000.0, "-1766664000.0"),
        (1e16, "1e+16"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (-0.0, "0.0"),
    ],
)
def test_numbers_at_the_edges(number: float, text: str) -> None:
    """Exponents start at a million, and what is no number has its own word."""
    assert format_float(number) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=400))
def test_label_values_are_escaped_as_the_library_does(value: str) -> None:
    """A value that fits is escaped to the library's text."""
    assert escape_label(value) == _escape(value, ALLOWUTF8, lambda _rune, _index: True)


@given(st.text(st.characters()))
def test_a_clean_value_can_be_sent_and_read(value: str) -> None:
    """Whatever a product says can be encoded, has no NUL and is not too long."""
    fit = clean(value)
    assert fit.encode().decode() == fit
    assert "\0" not in fit
    assert len(fit) <= MAX_LABEL_LENGTH
    assert clean(fit) == fit


def test_a_long_value_ends_in_an_ellipsis() -> None:
    """500 characters stay as they are, 501 are cut to 499 and an ellipsis."""
    assert clean("x" * 500) == "x" * 500
    assert clean("x" * 501) == "x" * 499 + "…"


PAGE = b"page" * 99


def in_two() -> bytes:
    """The page, its last part compressed on its own."""
    beginning, check = compress.begin((PAGE[:10], PAGE[10:90]))
    rest = PAGE[90:]
    return beginning + compress.end(rest) + check.plus(rest).trailer()


def test_pages_can_be_compressed_without_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where isal is not installed, the standard library makes the gzip."""
    fast = compress.compress(PAGE), in_two()
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "isal", None)
        importlib.reload(compress)
        slow = compress.compress(PAGE), in_two()
        assert compress.LEVEL == 5
    importlib.reload(compress)
    assert {gzip.decompress(page) for page in (*slow, *fast)} == {PAGE}
