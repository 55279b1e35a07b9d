"""Gzip as scrapers ask for it.

isal needs a tenth of zlib's time for a page of the same size; where it cannot be had, zlib does.
Members of a gzip stream may follow each other, so a page is compressed once and a fresh tail is
appended.
"""

try:
    from isal.igzip import compress as deflate

    LEVEL = 2
except ImportError:  # there is no isal for some processors
    from gzip import compress as deflate  # type: ignore[assignment]  # called alike, typed unlike

    LEVEL = 5


def compress(data: bytes) -> bytes:
    """One gzip member, the same bytes for the same data."""
    return bytes(deflate(data, LEVEL, mtime=0))
