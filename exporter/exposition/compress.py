"""Gzip as scrapers ask for it, and text that is kept small until somebody needs it again.

isal needs a tenth of zlib's time for a page of the same size; where it cannot be had, zlib does.
A page is compressed once, up to its tail; each fresh tail then ends it. Both are one gzip member:
others may follow by RFC 1952, but browsers stop after the first and curl fails.
"""

import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from types import ModuleType
from typing import NamedTuple

codec: ModuleType = zlib
LEVEL, PACK_LEVEL = 5, 1
with suppress(ImportError):  # there is no isal for some processors
    from isal import isal_zlib

    codec, LEVEL, PACK_LEVEL = isal_zlib, 2, 0

GZIP, BARE = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
"""The window's size by which zlib and its kin write a gzip member, whose time is always 0, and by
which they write the stream within one alone."""

TRAILER = struct.Struct("<LL")
"""Checksum and length of the text, modulo 2^32: https://www.rfc-editor.org/rfc/rfc1952"""


class Check(NamedTuple):
    """What a gzip member says at its end of a text, of which there may come more."""

    checksum: int = 0
    length: int = 0

    def plus(self, data: bytes) -> "Check":
        """The same with more text."""
        return Check(codec.crc32(data, self.checksum), self.length + len(data))

    def trailer(self) -> bytes:
        """The last bytes of the member."""
        return TRAILER.pack(self.checksum, self.length & 0xFFFFFFFF)


def compress(data: bytes) -> bytes:
    """One gzip member, the same bytes for the same data."""
    stream = codec.compressobj(LEVEL, codec.DEFLATED, GZIP)
    return b"".join((stream.compress(data), stream.flush()))


def begin(pieces: Iterable[bytes]) -> tuple[bytes, Check]:
    """The beginning of a gzip member, and what its trailer has to check so far.

    The pieces need not be in memory at the same time. `end` makes what must follow.
    """
    stream, check = codec.compressobj(LEVEL, codec.DEFLATED, GZIP), Check()
    parts = []
    for piece in pieces:
        parts.append(stream.compress(piece))
        check = check.plus(piece)
    # To a whole byte, so that another stream can be joined to this one.
    return b"".join((*parts, stream.flush(codec.Z_SYNC_FLUSH))), check


def end(text: bytes) -> bytes:
    """The rest of a gzip member that was begun, up to its trailer."""
    stream = codec.compressobj(LEVEL, codec.DEFLATED, BARE)
    return b"".join((stream.compress(text), stream.flush()))


def pack(data: bytes) -> bytes:
    """The data in a form that takes little memory and next to no time."""
    return bytes(codec.compress(data, PACK_LEVEL))


def unpack(packed: bytes) -> bytes:
    """What was packed."""
    return bytes(codec.decompress(packed))
