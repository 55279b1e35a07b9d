"""Bodies that are not what the API documents are told in a sentence that helps."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ParseFailed
from exporter.rest.decode import decode_json
from exporter.rest.failures import complaint, translate
from exporter.rest.oauth import bearer_grant, read_answer
from exporter.rest.text import one_line
from exporter.rest.wire import Response


class Answer(msgspec.Struct):
    count: int = 0
    name: str = ""


DEEP = 1_000_000
"""Levels of JSON that no Python follows: some count them, those since 3.14 measure the stack."""

DECODER = msgspec.json.Decoder(Answer)


def response(body: bytes) -> Response:
    return Response("GET /x", 200, {}, body)


def test_a_byte_order_mark_is_tolerated() -> None:
    """Enterprise Manager may send one."""
    assert decode_json(DECODER, response(b'\xef\xbb\xbf{"count": 3}')).count == 3


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "an empty body"),
        (b" \r\n", "an empty body"),
        (b"<!DOCTYPE html><p>hi", "an HTML page; is this the right port?"),
        (b"\n<HTML>", "an HTML page; is this the right port?"),
        (b"<?xml version='1.0'?>", "XML or HTML instead of JSON"),
        (b'{"count": 1', "JSON that is cut off"),
        (b'{"a":' + b"[" * DEEP, "nested too deeply"),
        (b'{"count": "many"}', r"unexpected JSON \(Expected `int`, got `str`"),
        (b'{"count": }', "not JSON"),
        (b"\x00\xff\xfe", "not JSON"),
        (b'{"count": 1, "name": "\xff"}', "not JSON"),
    ],
)
def test_what_came_instead_is_named(body: bytes, sentence: str) -> None:
    """Each kind of wrong body has its own words."""
    with pytest.raises(ParseFailed, match=f"^GET /x was answered with .*{sentence}"):
        decode_json(DECODER, response(body))


@given(st.binary(max_size=200))
def test_no_body_raises_anything_but_parse_failed(body: bytes) -> None:
    """Whatever bytes arrive, the error is ours."""
    with contextlib.suppress(ParseFailed):
        decode_json(DECODER, response(body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "No\\r\\nway\\u0000"}', "No way"),
        (b'{"Message": "capital"}', "capital"),
        (b'{"error": "invalid_grant", "error_description": "wrong"}', "wrong"),
        (b'{"title": "Forbidden", "detail": null}', "Forbidden"),
        (b'{"message": ""}', ""),
        (b'{"message": 5}', ""),
        (b'["message"]', ""),
        (b"<html>", ""),
        (b"", ""),
        (b"[" * DEEP, ""),
    ],
)
def test_a_products_own_message_is_found(body: bytes, said: str) -> None:
    """One line of it, wherever the product puts it."""
    assert complaint(body) == said


def test_a_long_message_is_cut() -> None:
    """An excerpt, not a page."""
    assert len(complaint(b'{"message": "%s"}' % (b"x" * 5000))) == 200


def test_an_error_that_is_none_of_a_librarys_is_not_hidden() -> None:
    """A bug of ours stays visible."""
    with pytest.raises(KeyError):
        translate(KeyError("bug"), "GET /x")


@given(st.text(), st.integers(1, 50))
def test_one_line_is_one_short_printable_line(text: str, limit: int) -> None:
    """No control character, no line break, no half of a surrogate pair passes."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")


@pytest.mark.parametrize("lifetime", ["0", "-5", "null"])
def test_a_token_without_a_lifetime_never_expires_by_our_clock(lifetime: str) -> None:
    """Then only a 401 ends it."""
    body = b'{"access_token": "t", "expires_in": %s}' % lifetime.encode()
    grant = bearer_grant(read_answer(response(body)))
    assert grant is not None
    assert grant.lifetime is None


def test_an_answer_without_a_token_is_no_grant() -> None:
    """Accounts with multi-factor authentication are answered so."""
    assert bearer_grant(read_answer(response(b'{"access_token": null, "mfa_token": "m"}'))) is None
