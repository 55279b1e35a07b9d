"""Gzip as scrapers ask for it, and text that is kept small until somebody needs it again.

isal needs a tenth of zlib's time for a page of the same size; where it cannot be had, zlib does.
Members of a gzip stream may follow each other, so a page is compressed once and a fresh tail is
appended.
"""

import zlib
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType

codec: ModuleType = zlib
LEVEL, PACK_LEVEL = 5, 1
with suppress(ImportError):  # there is no isal for some processors
    from isal import isal_zlib

    codec, LEVEL, PACK_LEVEL = isal_zlib, 2, 0

GZIP = 16 + zlib.MAX_WBITS
"""The window's size by which zlib and its kin write a gzip member; its time is always 0."""


def compress(data: bytes) -> bytes:
    """One gzip member, the same bytes for the same data."""
    return compress_all((data,))


def compress_all(pieces: Iterable[bytes]) -> bytes:
    """One gzip member of these pieces, which need not be in memory at the same time."""
    stream = codec.compressobj(LEVEL, codec.DEFLATED, GZIP)
    parts = [stream.compress(piece) for piece in pieces]
    return b"".join((*parts, stream.flush()))


def pack(data: bytes) -> bytes:
    """The data in a form that takes little memory and next to no time."""
    return bytes(codec.compress(data, PACK_LEVEL))


def unpack(packed: bytes) -> bytes:
    """What was packed."""
    return bytes(codec.decompress(packed))
