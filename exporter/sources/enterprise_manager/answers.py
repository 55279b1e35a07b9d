"""Bodies of Enterprise Manager become rows, whatever they are: JSON of either spelling, or XML.

The body itself decides, not its content type. Pages of sessions in JSON are decoded in one go;
what does not fit, and everything that is rarely asked for, is decoded without a type first, so that
a row that cannot be read costs itself only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from exporter.errors import ParseFailed
from exporter.rest.decode import BYTE_ORDER_MARK, UNREADABLE, describe, whole_characters
from exporter.rest.rows import DecodedPage, SkippedRow
from exporter.rest.text import one_line
from exporter.rest.wire import Response
from exporter.sources.enterprise_manager import markup
from exporter.sources.enterprise_manager.spelling import camel, pascal
from exporter.sources.enterprise_manager.wire import (
    BACKUP_SERVER,
    JOB,
    JOB_IN_MARKUP,
    LOGON_SESSION,
    NO_PAGING,
    PAGING_INFO,
    SESSION,
    SESSION_IN_MARKUP,
    SYSTEM_SESSION,
    BackupServerRow,
    JobRow,
    LogonSession,
    PagingInfo,
    SessionPage,
    SessionRow,
    SystemSessionRow,
    session_pages,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Kind(Generic[Row]):
    """A kind of entity: what its query, its XML element and its lists are called, and its row.

    Names are in lower case but that of the query. `in_markup` is the row of a page of XML in which
    all is as documented.
    """

    query: str
    row: type[Row]
    plural: str
    in_markup: type[Row] | None = None

    @property
    def element(self) -> str:
        """What an XML element of this kind is called."""
        return self.query.lower()


BACKUP_SESSIONS: Kind[SessionRow] = Kind(
    "BackupJobSession", SESSION, "backupjobsessions", SESSION_IN_MARKUP
)
REPLICA_SESSIONS: Kind[SessionRow] = Kind(
    "ReplicaJobSession", SESSION, "replicajobsessions", SESSION_IN_MARKUP
)
JOBS: Kind[JobRow] = Kind("Job", JOB, "jobs", JOB_IN_MARKUP)
BACKUP_SERVERS: Kind[BackupServerRow] = Kind("BackupServer", BACKUP_SERVER, "backupservers")
SYSTEM_SESSIONS: Kind[SystemSessionRow] = Kind("SystemSession", SYSTEM_SESSION, "systemsessions")
LOGON: Kind[LogonSession] = Kind("LogonSession", LOGON_SESSION, "logonsessions")

_PASCAL, _CAMEL = session_pages(pascal), session_pages(camel)
_FIRST_NAME = re.compile(rb'\s*\{\s*"([A-Z])?')

# The hook lets numbers beyond a float through as infinity instead of failing the page.
_UNTYPED = msgspec.json.Decoder(float_hook=float)

_EXTRAS = ("progress", "isretry", "failuremessage", "links")
"""What a session can do without; strange values there must not cost the session."""

Fields = dict[str, Any]


def read_sessions(kind: Kind[SessionRow], response: Response, page: int) -> DecodedPage[SessionRow]:
    """The page of sessions in an answer; `page` is which one was asked for, from 1.

    Raises ParseFailed, which says what came instead of a page.
    """
    body = _body(response)
    if _is_markup(body):
        return read_page(kind, response, page)
    upper = _FIRST_NAME.match(body)
    decoder = _PASCAL if upper and upper[1] else _CAMEL
    try:
        answer = decoder.decode(body)
    except UNREADABLE:
        return read_page(kind, response, page)
    rows = _rows_of(kind, answer)
    if not rows or not _is_told(rows[0]):  # perhaps it is merely spelled in another way
        return read_page(kind, response, page)
    return _page(rows, len(rows), answer.paging_info or NO_PAGING, page)


def read_page(kind: Kind[Row], response: Response, page: int = 1) -> DecodedPage[Row]:
    """The page of any kind of entity in an answer, row by row where they do not all fit.

    Raises ParseFailed.
    """
    found, paging = _untyped(kind, response)
    rows, skipped = _convert(kind, found, in_markup=_is_markup(_body(response)))
    try:
        info = msgspec.convert(paging or {}, PAGING_INFO, strict=False)
    except msgspec.ValidationError:
        info = NO_PAGING
    return _page(rows, len(found), info, page, tuple(skipped))


def read_entity(kind: Kind[Row], response: Response) -> Row:
    """The only entity in an answer. Raises ParseFailed."""
    body = _body(response)
    in_markup = _is_markup(body)
    found = _elements(kind, response) if in_markup else [_json_object(kind, response, body)]
    rows, skipped = _convert(kind, found, in_markup=in_markup)
    if not rows:
        why = f" ({skipped[0].problem})" if skipped else ""
        raise _unreadable(response, f"something that is no {kind.query}{why}")
    return rows[0]


def _is_told(row: SessionRow) -> bool:
    """Whether a session has what every session has."""
    return None not in (row.job_uid, row.creation_time, row.state)


def _rows_of(kind: Kind[SessionRow], answer: SessionPage) -> Sequence[SessionRow]:
    entities = answer.entities
    if entities is None:
        return ()
    if kind is REPLICA_SESSIONS:
        replicas = entities.replica_job_sessions
        return (replicas.replica_job_sessions if replicas else None) or ()
    backups = entities.backup_job_sessions
    return (backups.backup_job_sessions if backups else None) or ()


def _untyped(kind: Kind[Row], response: Response) -> tuple[list[Any], object]:
    """The entities of a page as values by lower-case names, and what it says about paging."""
    body = _body(response)
    if _is_markup(body):
        with markup.undisturbed():
            return _marked_up(kind, response, body)
    answer = _json_object(kind, response, body)
    listed: object = answer.get("entities", answer)
    if listed is answer and kind.plural not in answer:
        raise _unreadable(response, f"JSON without {kind.query}; is this the right product?")
    while isinstance(listed, dict):
        listed = listed.get(kind.plural)
    if listed is None and answer.get("refs"):
        raise _unreadable(response, "references instead of entities")
    if listed is not None and not isinstance(listed, list):
        raise _unreadable(response, f"JSON whose {kind.query} are no list")
    return listed or [], answer.get("paginginfo")


def _marked_up(
    kind: Kind[Row], response: Response, body: bytes
) -> tuple[list[markup.Fields], object]:
    """The same of a page of XML."""
    root = _root(response, body)
    if markup.name_of(root) not in ("queryresult", kind.plural):
        raise _unreadable(response, _other_markup(root))
    paging = markup.entities(root, "paginginfo", depth=1)
    return markup.entities(root, kind.element), paging[0] if paging else None


def _json_object(kind: Kind[Row], response: Response, body: bytes) -> Fields:
    """A JSON object with its names in lower case."""
    try:
        answer = _in_lower_case(_untyped_json(body))
    except UNREADABLE as error:
        raise _unreadable(response, describe(body, error)) from None
    if not isinstance(answer, dict):
        raise _unreadable(response, f"JSON that is no {kind.query}; is this the right product?")
    return answer


def _untyped_json(body: bytes) -> object:
    try:
        return _UNTYPED.decode(body)
    except msgspec.DecodeError:
        return _UNTYPED.decode(whole_characters(body))


def _elements(kind: Kind[Row], response: Response) -> list[markup.Fields]:
    root = _root(response, _body(response))
    if markup.name_of(root) != kind.element:
        raise _unreadable(response, _other_markup(root))
    return markup.entities(root, kind.element)


def _convert(
    kind: Kind[Row], found: Sequence[Any], *, in_markup: bool
) -> tuple[list[Row], list[SkippedRow]]:
    """The rows that `found` holds, and why others are none."""
    shape: Any = (kind.in_markup if in_markup else None) or kind.row
    try:
        return msgspec.convert(found, list[shape], strict=False), []
    except msgspec.ValidationError:
        pass
    rows: list[Row] = []
    skipped: list[SkippedRow] = []
    for number, one in enumerate(map(_in_lower_case, found) if in_markup else found):
        try:
            rows.append(_convert_one(kind, one))
        except (msgspec.ValidationError, OverflowError) as error:
            problem = one_line(str(error), 200)
            skipped.append(SkippedRow(f"{kind.query}[{number}]", problem, hash(repr(one))))
    return rows, skipped


def _convert_one(kind: Kind[Row], one: object) -> Row:
    """The row, without the one extra that is strange, or without all of them if several are."""
    extras = _EXTRAS if isinstance(one, dict) else ()
    for left_out in ((), *((name,) for name in extras)):
        try:
            return msgspec.convert(_without(one, left_out), kind.row, strict=False)
        except (msgspec.ValidationError, OverflowError):
            continue
    return msgspec.convert(_without(one, extras), kind.row, strict=False)


def _without(one: object, names: Sequence[str]) -> object:
    if not isinstance(one, dict):
        return one
    return {name: value for name, value in one.items() if name not in names}


def _page(
    rows: Sequence[Row],
    length: int,
    info: PagingInfo,
    asked: int,
    skipped: tuple[SkippedRow, ...] = (),
) -> DecodedPage[Row]:
    """A page that says whether another follows: by the count of pages, else by a link to it."""
    more: bool | None = None
    if info.pages_count is not None:
        more = (info.page_num or asked) < info.pages_count
    elif info.links:
        more = any((link.rel or "").lower() == "next" for link in info.links)
    return DecodedPage(rows, length, info.page_size, more, skipped)


def _body(response: Response) -> bytes:
    return response.body.removeprefix(BYTE_ORDER_MARK)


def _is_markup(body: bytes) -> bool:
    return body[:256].lstrip().startswith(b"<")


def _root(response: Response, body: bytes) -> "Element":
    # Most servers answer in JSON and never need the parser.
    from exporter.sources.enterprise_manager import parsing  # noqa: PLC0415

    try:
        return parsing.parse(body)
    except parsing.BROKEN_XML as error:
        is_page = body[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))
        found = describe(body, error) if is_page else parsing.kind_of_trouble(error)
        raise _unreadable(response, found) from None


def _other_markup(root: "Element") -> str:
    name = one_line(markup.name_of(root), 40)
    if name == "html":
        return "an HTML page; is this the right port?"
    return f"XML of another kind ({name}); is this the right product?"


def _in_lower_case(value: object) -> object:
    """`value` with the names of all fields in lower case, at every depth."""
    if isinstance(value, dict):
        return {str(name).lower(): _in_lower_case(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_lower_case(one) for one in value]
    return value


def _unreadable(response: Response, said: str) -> ParseFailed:
    return ParseFailed(f"{response.where} was answered with {said}")
