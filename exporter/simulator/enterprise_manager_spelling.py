"""How Enterprise Manager writes: JSON in two cases, XML, a page of a query, an error.

An entity is a mapping with the names of the XML schema in its order. XML shows some of them as
attributes and leaves out what is null; JSON of version 13 begins names in lower case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from xml.sax.saxutils import escape, quoteattr

from exporter.simulator.exchange import JSON, Answer, json_bytes

XML = "application/xml; charset=utf-8"
NAMESPACE = "http://www.veeam.com/ent/v1.0"
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ATTRIBUTES = frozenset({"Type", "Href", "Name", "UID", "Rel", "PageNum", "PageSize", "PagesCount"})
CAMEL_SINCE = 13
QUERY_TYPES = (
    *("Backup", "BackupFile", "BackupJobSession", "BackupServer", "BackupTaskSession"),
    *("CatalogVm", "CdpReplicaSession", "CloudGateway", "CloudReplica", "CloudTenant"),
    *("AgentBackupJob", "FailoverPlan", "HierarchyRoot", "Job", "ManagedServer", "NasJob"),
    *("Replica", "ReplicaJobSession", "ReplicaTaskSession", "Repository", "RestorePoint"),
    *("RestoreSession", "Task", "VmReplicaPoint", "VmRestorePoint", "WanAccelerator"),
)
_LEADING_CAPITALS = re.compile(r"^[A-Z]+(?![a-z])|^[A-Z]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Entity = Mapping[str, object]


class Refused(Exception):
    """A request that is answered with an error; the status and what to say."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Style:
    """Everything beside the run itself that the bytes of a row depend on.

    `base` is what links begin with, `clock_offset` seconds, `generation` the product's version.
    """

    generation: int
    xml: bool
    base: str
    clock_offset: float = 0.0
    byte_order_mark: bool = False

    def time(self, moment: float | None) -> str | None:
        """A moment as the server writes it: UTC, with six digits since version 13."""
        if moment is None:
            return None
        text = _utc(moment + self.clock_offset).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return (text if self.generation >= CAMEL_SINCE else text.rstrip("0").rstrip(".")) + "Z"

    def stamp(self, moment: float) -> str:
        """A moment as names of sessions carry it."""
        form = "%Y-%m-%d %H:%M:%S" + (".%f" if self.generation >= CAMEL_SINCE else "")
        return _utc(moment + self.clock_offset).strftime(form)

    def link(self, rel: str, path: str, kind: str | None = None, name: str | None = None) -> Entity:
        """A link to a path below the API."""
        return {"Rel": rel, "Href": f"{self.base}/{path}", "Name": name, "Type": kind}

    def row(self, tag: str, entity: Entity) -> bytes:
        """An entity to be put into a list."""
        return xml(tag, entity).encode() if self.xml else json_bytes(self._cased(entity))

    def entity(self, tag: str, row: bytes) -> Answer:
        """A row alone."""
        return self._answer(_rooted(tag, row) if self.xml else row)

    def rows(self, container: str, rows: Sequence[bytes]) -> Answer:
        """A list that no query made: one level."""
        if self.xml:
            return self._answer(_rooted(container, _element(container, rows)))
        return self._answer(_object({self._name(container): _array(rows)}))

    def page(self, container: str, rows: Sequence[bytes], paging: Entity) -> Answer:
        """A page of a query: two levels in JSON, and a null for all that was not asked for."""
        refs = container == "Refs"
        if self.xml:
            part = _element(container, rows) if rows else b""
            part = part if refs else _element("Entities", [part])
            whole = _element("QueryResult", [part, xml("PagingInfo", paging).encode()])
            return self._answer(_rooted("QueryResult", whole))
        found = {plural(name): b"null" for name in QUERY_TYPES}
        part = _object({self._name(container): _array(rows)}) if rows else b"null"
        if not refs:
            found[container] = part
        entities = _object({self._name(name): value for name, value in found.items()})
        members = {
            "Refs": part if refs else b"null",
            "Entities": b"null" if refs else entities,
            "PagingInfo": json_bytes(self._cased(paging)),
        }
        return self._answer(_object({self._name(name): value for name, value in members.items()}))

    def refusal(self, refused: Refused) -> Answer:
        """An error in the documented shape."""
        status, message = refused.status, refused.message
        if self.xml:
            told = (
                f"<Error Message={quoteattr(message)} StatusCode={quoteattr(str(status))}"
                f' Status={quoteattr(HTTPStatus(status).phrase)} xmlns="{NAMESPACE}">'
                "<FirstChanceExceptionMessage /><StackTrace /></Error>"
            ).encode()
        else:
            error: Entity = {
                "FirstChanceExceptionMessage": None,
                "Message": message,
                "StackTrace": None,
                "Status": None,
                "StatusCode": status,
            }
            told = json_bytes(self._cased(error))
        headers = {"WWW-Authenticate": "Basic Realm=RestSvc"} if status == 401 else {}
        return self._answer(told, status, headers)

    def _answer(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Answer:
        if self.xml:
            return Answer(status, DECLARATION + body, XML, headers or {})
        mark = BYTE_ORDER_MARK if self.byte_order_mark else b""
        return Answer(status, mark + body, JSON, headers or {})

    def _name(self, name: str) -> str:
        if self.generation < CAMEL_SINCE:
            return name
        return _LEADING_CAPITALS.sub(lambda match: match[0].lower(), name)

    def _cased(self, value: object) -> object:
        if isinstance(value, Mapping):
            return {self._name(key): self._cased(inner) for key, inner in value.items()}
        return [self._cased(inner) for inner in value] if isinstance(value, list) else value


def plural(name: str) -> str:
    """What a list of entities is called."""
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


def xml(tag: str, value: object) -> str:
    """A value as an element: attributes first, then children, nothing for null."""
    if isinstance(value, list):
        single = tag[:-3] + "y" if tag.endswith("ies") else tag.removesuffix("s")
        inner = "".join(xml(single, one) for one in value)
    elif isinstance(value, Mapping):
        attributes = {key: one for key, one in value.items() if key in ATTRIBUTES}
        shown = [
            f" {key}={quoteattr(_text(one))}" for key, one in attributes.items() if one is not None
        ]
        children = sorted(value.keys() - ATTRIBUTES, key=_place_of(value))
        inner = "".join(xml(key, value[key]) for key in children)
        return f"<{tag}{''.join(shown)}>{inner}</{tag}>" if inner else f"<{tag}{''.join(shown)} />"
    elif value is None:
        return ""
    else:
        inner = escape(_text(value))
    return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag} />"


def _place_of(entity: Entity) -> Callable[[str], int]:
    """Where an element stands among its siblings: links come first, the rest as it was given."""
    places = {key: place for place, key in enumerate(entity)}
    return lambda key: -1 if key == "Links" else places[key]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _FORBIDDEN.sub("?", str(value))


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _rooted(tag: str, element: bytes) -> bytes:
    """An element with the namespace that only the outermost one names."""
    start = f"<{tag}".encode()
    return start + f' xmlns="{NAMESPACE}"'.encode() + element.removeprefix(start)


def _element(tag: str, parts: Sequence[bytes]) -> bytes:
    return f"<{tag}>".encode() + b"".join(parts) + f"</{tag}>".encode()


def _array(rows: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def _object(members: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(f'"{name}":'.encode() + value for name, value in members.items()) + b"}"
