"""Rows of a list decoded in one go, whatever product they come from.

A row that cannot be read costs itself only, and a figure that cannot be true costs that figure.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec

from exporter.errors import ParseFailed
from exporter.rest.decode import BYTE_ORDER_MARK, UNREADABLE, describe, whole_characters
from exporter.rest.text import one_line
from exporter.rest.wire import Response

log = logging.getLogger(__name__)

LARGEST = 2.0**63
"""Above every count and rate of a real server; their own type is a signed 64-bit integer."""

Figure = Annotated[float, msgspec.Meta(ge=0, le=LARGEST)] | None
Id = Annotated[str, msgspec.Meta(min_length=1)]


class Link(msgspec.Struct, frozen=True, gc=False):
    """One link; its host may be missing or one that nobody here can reach."""

    href: str | None = None


class PageLinks(msgspec.Struct, frozen=True, gc=False):
    """The links of a page: `next` is missing on the last one, where a product sends it at all."""

    next: Link | None = None


Row = TypeVar("Row")


class WirePage(msgspec.Struct, Generic[Row], frozen=True, gc=False):
    """A page of rows; what else stands in it differs between products and versions."""

    results: list[Row] | None
    limit: int | None = None
    total_count: int | None = msgspec.field(default=None, name="totalCount")
    links: PageLinks | None = msgspec.field(default=None, name="_links")


class SkippedRow(NamedTuple):
    """A row that could not be read: where it stood, why, and a number that tells it apart."""

    place: str
    problem: str
    fingerprint: int


@dataclass(frozen=True, slots=True)
class DecodedPage(Generic[Row]):
    """The readable `rows` of a page, how many the server sent, and why others were `skipped`.

    `limit` and `total` are what the server says of itself. `more` is None for a page that does not
    say by a link whether another follows it.
    """

    rows: Sequence[Row]
    length: int
    limit: int | None
    more: bool | None
    skipped: tuple[SkippedRow, ...] = ()
    total: int | None = None

    def has_more(self, asked: int) -> bool:
        """Whether another page follows this one, of which `asked` rows were asked for.

        Judged without the total count, which not every product sends or means in the same way.
        """
        if self.more is not None:
            return self.more
        return self.length >= (self.limit or asked)


class PageDecoder(Generic[Row]):
    """Decodes pages and bare arrays of one type of row, all rows in one go.

    Only when a page does not fit, its rows are looked at one by one to find those that do. `quick`
    is a stricter type that is faster to make use of: pages whose rows all fit it have such rows.
    """

    def __init__(self, row: type[Row], quick: type[Row] | None = None) -> None:
        self._row = row
        self._whole = tuple(_whole(one) for one in (quick, row) if one is not None)
        self._one = msgspec.json.Decoder(row)

    def decode(self, body: bytes) -> DecodedPage[Row]:
        """The page in `body`. Raises what msgspec raises when it is no page at all."""
        body = body.removeprefix(BYTE_ORDER_MARK)
        try:
            return self._decode(body)
        except msgspec.DecodeError:
            mended = whole_characters(body)
            if mended == body:
                raise
            return self._decode(mended)

    def _decode(self, body: bytes) -> DecodedPage[Row]:
        for decoder in self._whole:
            try:
                return _page(decoder.decode(body))
            except (msgspec.ValidationError, UnicodeDecodeError):
                continue
        return self._row_by_row(body)

    def _row_by_row(self, body: bytes) -> DecodedPage[Row]:
        raw = _page(_RAW.decode(body))
        rows: list[Row] = []
        skipped: list[SkippedRow] = []
        for number, one in enumerate(raw.rows):
            try:
                rows.append(self.decode_row(one))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                problem = one_line(str(error), 200)
                skipped.append(SkippedRow(f"results[{number}]", problem, hash(bytes(one))))
        return DecodedPage(rows, raw.length, raw.limit, raw.more, tuple(skipped), raw.total)

    def decode_row(self, body: bytes | msgspec.Raw) -> Row:
        """One row; figures that cannot be true count as not reported."""
        try:
            return self._one.decode(body)
        except msgspec.ValidationError:
            return msgspec.convert(_without_absurd(_UNTYPED.decode(body)), self._row)
        except msgspec.DecodeError:
            mended = whole_characters(bytes(body))
            if mended == bytes(body):
                raise
            return self.decode_row(mended)


def _whole(row: type[Row]) -> msgspec.json.Decoder[WirePage[Row] | list[Row]]:
    shape: Any = WirePage[row] | list[row]  # type: ignore[valid-type]  # a type of the caller
    return msgspec.json.Decoder(shape)


# The hook lets numbers beyond a float through as infinity instead of failing the row.
_UNTYPED = msgspec.json.Decoder(float_hook=float)
_RAW: msgspec.json.Decoder[WirePage[msgspec.Raw] | list[msgspec.Raw]] = msgspec.json.Decoder(
    WirePage[msgspec.Raw] | list[msgspec.Raw]
)


def read_page(decoder: PageDecoder[Row], response: Response) -> DecodedPage[Row]:
    """The page in an answer. Raises ParseFailed, which says what came instead of a page."""
    try:
        return decoder.decode(response.body)
    except UNREADABLE as error:
        said = describe(response.body, error)
        raise ParseFailed(f"{response.where} was answered with {said}") from None


def _page(answer: WirePage[Row] | list[Row]) -> DecodedPage[Row]:
    if isinstance(answer, list):
        return DecodedPage(answer, len(answer), None, more=False)
    rows = answer.results or []
    more = None if answer.links is None else bool(answer.links.next and answer.links.next.href)
    return DecodedPage(rows, len(rows), answer.limit, more, total=answer.total_count)


def _without_absurd(value: object) -> object:
    """`value` with null for each number that is negative, not finite or beyond every count."""
    if isinstance(value, dict):
        return {key: _without_absurd(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_absurd(one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if math.isfinite(value) and 0 <= value <= LARGEST else None
    return value


_TOLD_AT_MOST = 1000


class SkippedRows:
    """Logs each kind of unreadable row of a server once, not once a poll."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._told: set[str] = set()

    def tell(self, rows: Iterable[SkippedRow]) -> None:
        """Log the problems among `rows` that are new."""
        for row in rows:
            if row.problem not in self._told and len(self._told) < _TOLD_AT_MOST:
                self._told.add(row.problem)
                facts = {"server": self._server, "place": row.place, "problem": row.problem}
                log.warning("a row is skipped", extra=facts)
