"""Answers of Veeam Backup for Microsoft 365 as they come over the wire, decoded in one go.

The rows are typed after the vendor's OpenAPI documents of v6 to v8, every field optional but the
id, because servers leave out, or send null for, what the documents call required.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec

from exporter.errors import ParseFailed
from exporter.rest.decode import BYTE_ORDER_MARK, UNREADABLE, describe
from exporter.rest.text import one_line
from exporter.rest.wire import Response

LARGEST = 2.0**63
"""Above every count and rate of a real server; their own type is a signed 64-bit integer."""

Figure = Annotated[float, msgspec.Meta(ge=0, le=LARGEST)] | None
Id = Annotated[str, msgspec.Meta(min_length=1)]


class Link(msgspec.Struct, frozen=True, gc=False):
    """One link; its host may be missing or one that nobody here can reach."""

    href: str | None = None


class Links(
    msgspec.Struct, frozen=True, gc=False, rename={"backup_repository": "backupRepository"}
):
    """The links of rows and pages that we read."""

    job: Link | None = None
    organization: Link | None = None
    backup_repository: Link | None = None
    next: Link | None = None


NO_LINKS = Links()


class StatisticsRow(msgspec.Struct, frozen=True, gc=False):
    """`statistics` of a job session."""

    processingRateBytesPS: Figure = None  # the vendor's own spelling
    processingRateItemsPS: Figure = None
    readRateBytesPS: Figure = None
    writeRateBytesPS: Figure = None
    transferredDataBytes: Figure = None
    processedObjects: Figure = None
    bottleneck: str | None = None


class SessionRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A job session of any version; `progress` is a COUNT of objects, not a percentage."""

    id: Id
    job_id: str | None = None
    details: str | None = None
    creation_time: str | None = None
    end_time: str | None = None
    retry_count: Figure = None
    progress: Figure = None
    job_type: str | None = None
    status: str | None = None
    statistics: StatisticsRow | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class RestoreRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A restore session; `result` may be missing while `state` is `Working`."""

    id: Id
    creation_time: str | None = None
    end_time: str | None = None
    state: str | None = None
    result: str | None = None
    details: str | None = None


class RetrievalRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A data retrieval session."""

    id: Id
    creation_time: str | None = None
    end_time: str | None = None
    progress: Figure = None
    processed_objects: Figure = None
    status: str | None = None


class JobRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A backup job or a copy job; only the latter has `backupJobId`."""

    id: Id
    name: str | None = None
    backup_type: str | None = None
    organization_id: str | None = None
    repository_id: str | None = None
    backup_job_id: str | None = None
    is_enabled: bool | None = None
    next_run: str | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class NamedRow(msgspec.Struct, frozen=True, gc=False):
    """An organization or a repository: what its id is called."""

    id: Id
    name: str | None = None


class ServiceInstance(msgspec.Struct, frozen=True, gc=False):
    """Which build answers."""

    version: str | None = None


Row = TypeVar("Row")


class WirePage(msgspec.Struct, Generic[Row], frozen=True, gc=False):
    """A page of rows (v5 and later)."""

    results: list[Row] | None
    limit: int | None = None
    links: Links | None = msgspec.field(default=None, name="_links")


class SkippedRow(NamedTuple):
    """A row that could not be read: where it stood, why, and a number that tells it apart."""

    place: str
    problem: str
    fingerprint: int


@dataclass(frozen=True, slots=True)
class DecodedPage(Generic[Row]):
    """The readable `rows` of a page, how many the server sent, and why others were `skipped`.

    `more` is None for a page that does not say whether another follows it.
    """

    rows: Sequence[Row]
    length: int
    limit: int | None
    more: bool | None
    skipped: tuple[SkippedRow, ...] = ()

    def has_more(self, asked: int) -> bool:
        """Whether another page follows this one, of which `asked` rows were asked for.

        The total count that some versions send is not relied on; the vendor made it optional.
        """
        if self.more is not None:
            return self.more
        return self.length >= (self.limit or asked)


class PageDecoder(Generic[Row]):
    """Decodes pages and bare arrays of one type of row, all rows in one go.

    Only when a page does not fit, its rows are looked at one by one to find those that do.
    """

    def __init__(self, row: type[Row]) -> None:
        self._row = row
        shape: Any = WirePage[row] | list[row]  # type: ignore[valid-type]  # a type of the caller
        self._whole: msgspec.json.Decoder[WirePage[Row] | list[Row]] = msgspec.json.Decoder(shape)
        self._one = msgspec.json.Decoder(row)

    def decode(self, body: bytes) -> DecodedPage[Row]:
        """The page in `body`. Raises what msgspec raises when it is no page at all."""
        body = body.removeprefix(BYTE_ORDER_MARK)
        try:
            answer = self._whole.decode(body)
        except (msgspec.ValidationError, UnicodeDecodeError):
            return self._row_by_row(body)
        return _page(answer)

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
        return DecodedPage(rows, raw.length, raw.limit, raw.more, tuple(skipped))

    def decode_row(self, body: bytes | msgspec.Raw) -> Row:
        """One row; figures that cannot be true count as not reported."""
        try:
            return self._one.decode(body)
        except msgspec.ValidationError:
            return msgspec.convert(_without_absurd(_UNTYPED.decode(body)), self._row)


# The hook lets numbers beyond a float through as infinity instead of failing the row.
_UNTYPED = msgspec.json.Decoder(float_hook=float)
_RAW: msgspec.json.Decoder[WirePage[msgspec.Raw] | list[msgspec.Raw]] = msgspec.json.Decoder(
    WirePage[msgspec.Raw] | list[msgspec.Raw]
)

SESSIONS = PageDecoder(SessionRow)
RESTORES = PageDecoder(RestoreRow)
RETRIEVALS = PageDecoder(RetrievalRow)
JOBS = PageDecoder(JobRow)
NAMED = PageDecoder(NamedRow)
SERVICE_INSTANCE = msgspec.json.Decoder(ServiceInstance)


def read_page(decoder: PageDecoder[Row], response: Response) -> DecodedPage[Row]:
    """The page in an answer. Raises ParseFailed, which says what came instead of a page."""
    try:
        return decoder.decode(response.body)
    except UNREADABLE as error:
        said = describe(response.body, error)
        raise ParseFailed(f"{response.where} was answered with {said}") from None


def decode_page(body: bytes) -> DecodedPage[SessionRow]:
    """A page of job sessions."""
    return SESSIONS.decode(body)


def _page(answer: WirePage[Row] | list[Row]) -> DecodedPage[Row]:
    if isinstance(answer, list):
        return DecodedPage(answer, len(answer), None, more=False)
    rows = answer.results or []
    more = None if answer.links is None else bool(answer.links.next and answer.links.next.href)
    return DecodedPage(rows, len(rows), answer.limit, more)


def _without_absurd(value: object) -> object:
    """`value` with null for each number that is negative, not finite or beyond every count."""
    if isinstance(value, dict):
        return {key: _without_absurd(one) for key, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if math.isfinite(value) and 0 <= value <= LARGEST else None
    return value
