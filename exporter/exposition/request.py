"""What somebody wants of a page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypedDict

from exporter.exposition.compress import Check, begin, end
from exporter.metrics.family import AnyFamily


class Options(TypedDict, total=False):
    """What of a page is wanted.

    `servers`: only these (None: all). `names`: only families that have one of these names, be it
    the family's or a sample's. `gzip`: compressed. `exporter`: with the exporter's own families and
    those of its process, as is the default.
    """

    servers: frozenset[str] | None
    names: frozenset[str] | None
    gzip: bool
    exporter: bool


class Piece(NamedTuple):
    """A part of a page as text, and how many series it has."""

    data: bytes
    series: int


class Beginning(NamedTuple):
    """What a page begins with, as it is sent, and what a compressed one has to check of it."""

    data: bytes
    series: int
    check: Check


class Ending(NamedTuple):
    """What a page ends with: as it is sent, and the text that it stands for."""

    data: bytes
    series: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A page as it was asked for; see `Options`."""

    openmetrics: bool
    servers: frozenset[str] | None = None
    names: frozenset[str] | None = None
    gzip: bool = False
    exporter: bool = True

    @property
    def kept(self) -> bool:
        """Whether such a page is worth keeping: the whole one and a single server's."""
        return self.names is None and (self.servers is None or len(self.servers) == 1)

    @property
    def body(self) -> "Request":
        """The request for the servers' part alone, which is the same with or without a tail."""
        return replace(self, exporter=False) if self.exporter else self

    def wants(self, family: AnyFamily) -> bool:
        """Whether the page shall have this family."""
        return self.names is None or not self.names.isdisjoint(family.sample_names)

    def beginning(self, pieces: Iterable[Piece]) -> Beginning:
        """The pieces as a page begins with them, compressed if that was asked for."""
        series: list[int] = []
        texts = _noting(pieces, series)
        data, check = begin(texts) if self.gzip else (b"".join(texts), Check())
        return Beginning(data, sum(series), check)

    def ending(self, pieces: Iterable[Piece]) -> Ending:
        """The pieces as a page ends with them."""
        series: list[int] = []
        text = b"".join(_noting(pieces, series))
        return Ending(end(text) if self.gzip else text, sum(series), text)

    def whole(self, beginning: bytes | memoryview, check: Check, ending: Ending) -> bytes:
        """The page of both; `check` is that of its beginning."""
        trailer = check.plus(ending.text).trailer() if self.gzip else b""
        return b"".join((beginning, ending.data, trailer))


def _noting(pieces: Iterable[Piece], series: list[int]) -> Iterator[bytes]:
    """The pieces' data; how many series they have is added to `series` as they are read."""
    for data, count in pieces:
        series.append(count)
        yield data
