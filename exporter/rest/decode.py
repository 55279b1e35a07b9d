"""Bodies become typed values, or one sentence that says what came instead."""

import re
from typing import TypeVar

import msgspec

from exporter.errors import ParseFailed
from exporter.rest.text import one_line
from exporter.rest.wire import Response

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Decoded = TypeVar("Decoded")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that do not fit; a wrong type is a DecodeError as well."""

_HALVES = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""Half a character, escaped as JSON allows it; what stands in the group is whole and stays."""

_MARKUP = (
    (b"<!doctype html", "an HTML page; is this the right port?"),
    (b"<html", "an HTML page; is this the right port?"),
    (b"<", "XML or HTML instead of JSON; is this the right port?"),
)
_NOT_JSON = "something that is not JSON; is this the right port?"


def decode_json(decoder: msgspec.json.Decoder[Decoded], response: Response) -> Decoded:
    """The body of `response` as the decoder's type, a byte order mark tolerated.

    Raises ParseFailed, whose sentence tells an HTML page from an empty or truncated answer.
    """
    body = response.body.removeprefix(BYTE_ORDER_MARK)
    try:
        return decoder.decode(body)
    except UNREADABLE as error:
        raise ParseFailed(f"{response.where} was answered with {describe(body, error)}") from None


def whole_characters(body: bytes) -> bytes:
    """`body` with U+FFFD for each half of a character.

    A text that was cut to a length may end in one. RFC 8259 section 8.2 lets them stand in JSON,
    but the decoder refuses them, and one text must not cost all others.
    """
    return _HALVES.sub(lambda found: found[1] or rb"\ufffd", body)


def describe(body: bytes, error: Exception) -> str:
    """What `body` is, in words a person can act on; `error` is why it could not be decoded."""
    start = body[:256].lstrip().lower()
    if not start:
        return "an empty body"
    for prefix, words in _MARKUP:
        if start.startswith(prefix):
            return words
    if isinstance(error, RecursionError):
        return "JSON that is nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return f"unexpected JSON ({one_line(str(error), 200)}); is this the right product?"
    return "JSON that is cut off" if "truncated" in str(error) else _NOT_JSON
