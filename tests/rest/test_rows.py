"""Pages of rows: what one row may do to the others."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ParseFailed
from exporter.rest.decode import whole_characters
from exporter.rest.rows import Id, PageDecoder, read_page
from exporter.rest.wire import Response


class Row(msgspec.Struct):
    id: Id
    message: str = ""


ROWS = PageDecoder(Row)


def page(*messages: str) -> Response:
    """An answer with these messages, as they stand between the quotes in JSON."""
    rows = [f'{{"id": "{number}", "message": "{text}"}}' for number, text in enumerate(messages)]
    return Response("GET /x", 200, {}, f'{{"results": [{", ".join(rows)}]}}'.encode())


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\uDE00 cut", "\ufffd cut"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\\ud83d and \ud83d", "\\ud83d and \ufffd"),
    ],
)
def test_half_a_character_costs_nothing_but_itself(escaped: str, text: str) -> None:
    """A text that was cut in the middle of a character spoils neither its row nor the page."""
    rows = read_page(ROWS, page("before", escaped, r"\ud83d\ude00")).rows
    assert [row.message for row in rows] == ["before", text, "\U0001f600"]


def test_half_a_character_does_not_cost_a_row_that_comes_alone() -> None:
    """As one that is asked for by its id does."""
    assert ROWS.decode_row(rb'{"id": "1", "message": "cut \ud83d"}').message == "cut \ufffd"
    with pytest.raises(msgspec.DecodeError):
        ROWS.decode_row(rb'{"id": "1", "message": "cut')


def test_a_page_that_is_broken_elsewhere_is_still_refused() -> None:
    """Mending characters mends nothing else."""
    broken = Response("GET /x", 200, {}, page(r"\ud83d").body[:-3])
    with pytest.raises(ParseFailed):
        read_page(ROWS, broken)


@given(st.text())
def test_whole_characters_stay(text: str) -> None:
    """Whatever a correct encoder escapes is left alone."""
    body = text.encode("utf-16-be", "surrogatepass")
    escaped = "".join(f"\\u{body[at]:02x}{body[at + 1]:02x}" for at in range(0, len(body), 2))
    assert whole_characters(escaped.encode()) == escaped.encode()
