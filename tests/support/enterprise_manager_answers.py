"""Answers of an Enterprise Manager, composed by us from the shapes that the vendor documents."""

import json
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from exporter.sources.base import Source
from exporter.sources.enterprise_manager.source import PRODUCT
from tests.support.rest_world import Said, SmallServer, StillClock, settings

JOB = "2b078668-e45d-4eb3-abb0-275b0d130e7e"
OTHER_JOB = "31aa0001-0000-4000-8000-000000000001"
SERVER_ID = "a490c017-2c1c-40ee-8bcf-73bcce6ab36f"
LOGON_ID = "b9a759dd-4496-4f50-8fc0-f925aa283f8d"
TOKEN = b64encode(LOGON_ID.encode()).decode()
ELSEWHERE = "https://em01.lab.example:9398/api"
NAMESPACE = "http://www.veeam.com/ent/v1.0"
ATTRIBUTES = ("Href", "Type", "Name", "UID")
QUERIES = {"BackupJobSession": "BackupJobSessions", "ReplicaJobSession": "ReplicaJobSessions",
           "Job": "Jobs"}  # fmt: skip

Row = dict[str, Any]


def guid(name: str) -> str:
    """A GUID that is always the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def up(name: str = "vbr01.lab.example") -> Row:
    """The link to a backup server."""
    href = f"{ELSEWHERE}/backupServers/{SERVER_ID}"
    return {"Rel": "Up", "Href": href, "Name": name, "Type": "BackupServerReference"}


def links(session_id: str, backup_server: str = "vbr01.lab.example") -> list[Row]:
    """The links of a session, with a host that nobody here can reach."""
    own = f"{ELSEWHERE}/backupSessions/{session_id}"
    return [
        up(backup_server),
        {"Rel": "Up", "Href": f"{ELSEWHERE}/jobs/{JOB}", "Name": "SQL", "Type": "JobReference"},
        {"Rel": "Alternate", "Href": own, "Name": "SQL@2023", "Type": "BackupJobSessionReference"},
        {
            "Rel": "Down",
            "Href": f"{own}/taskSessions",
            "Name": None,
            "Type": "BackupTaskSessionReferenceList",
        },
        {"Rel": "Stop", "Href": f"{own}?action=stop", "Name": None, "Type": None},
    ]


def row(session_id: str = "s1", entity: str = "BackupJobSession", **fields: Any) -> Row:
    """A session as version 12 writes it: finished well, unless `fields` say otherwise.

    A field of None is null in JSON and a missing element in XML.
    """
    own = guid(session_id)
    session: Row = {
        "IsRetry": False,
        "JobUid": f"urn:veeam:Job:{JOB}",
        "JobName": "SQL nightly",
        "JobType": "Backup",
        "CreationTimeUTC": "2023-11-14T21:00:09.607Z",
        "EndTimeUTC": "2023-11-14T21:14:54.7Z",
        "State": "Stopped",
        "Result": "Success",
        "Progress": 100,
        "FailureMessage": None,
        "Name": "SQL nightly@2023-11-14 21:00:09",
        "UID": f"urn:veeam:{entity}:{own}",
        "Links": links(own),
        "Href": f"{ELSEWHERE}/backupSessions/{own}?format=Entity",
        "Type": entity,
    }
    return {**session, **fields}


def running(session_id: str = "r1", **fields: Any) -> Row:
    """A session that runs."""
    now = {"State": "Working", "Result": "None", "Progress": 41, "EndTimeUTC": None}
    return row(session_id, **{**now, **fields})


def job(job_id: str = JOB, **fields: Any) -> Row:
    """A job as the query of type Job answers it."""
    entity = {
        "JobType": "Backup",
        "Platform": "VMware",
        "Description": "",
        "NextRun": "2023-11-15T02:00:00Z",
        "ScheduleConfigured": True,
        "ScheduleEnabled": True,
        "Name": "SQL nightly",
        "UID": f"urn:veeam:Job:{job_id}",
        "Links": [up()],
        "Type": "Job",
    }
    return {**entity, **fields}


def query_answer(
    entity: str, rows: Iterable[Row] | None, number: int = 1, count: int = 1, size: int = 500
) -> Row:
    """The answer of a query as version 12 gives it: lists that were not asked for are null."""
    plural = QUERIES[entity]
    entities: Row = dict.fromkeys(["Repositories", "Tasks", *QUERIES.values()])
    if rows is not None:
        entities[plural] = {plural: list(rows)}
    rels = ["First", *(["Next"] if number < count else []), "Last"]
    page_links = [{"Rel": rel, "Href": f"{ELSEWHERE}/query?page=1", "Name": None} for rel in rels]
    return {
        "Refs": None,
        "Entities": entities,
        "PagingInfo": {
            "Links": page_links,
            "PageNum": number,
            "PageSize": size,
            "PagesCount": count,
        },
    }


def v12(value: Any) -> bytes:
    """JSON in PascalCase."""
    return json.dumps(value).encode()


def v13(value: Any) -> bytes:
    """JSON in camelCase."""
    return json.dumps(_camel(value)).encode()


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            "uid" if name == "UID" else name[0].lower() + name[1:]: _camel(one)
            for name, one in value.items()
        }
    return [_camel(one) for one in value] if isinstance(value, list) else value


def xml(value: Any, entity: str = "BackupJobSession") -> bytes:
    """The answer of a query as XML: attributes for what identifies, elements for the rest."""
    plural = QUERIES[entity]
    listed = (value["Entities"][plural] or {}).get(plural, [])
    paging = value["PagingInfo"]
    sizes = " ".join(f'{key}="{one}"' for key, one in paging.items() if key != "Links")
    text = "".join(xml_entity(one, entity) for one in listed)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<QueryResult xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}">\n'
        f"  <Entities>\n    <{plural}>\n{text}    </{plural}>\n  </Entities>\n"
        f"  <PagingInfo {sizes}>{_xml_links(paging['Links'])}</PagingInfo>\n</QueryResult>"
    ).encode()


def xml_entity(one: Row, entity: str, namespace: str = "") -> str:
    """One entity as XML."""
    attributes = " ".join(f"{key}={quoteattr(str(one[key]))}" for key in ATTRIBUTES if one.get(key))
    elements = "".join(
        f"        <{key}>{escape(_text(value))}</{key}>\n"
        for key, value in one.items()
        if key not in (*ATTRIBUTES, "Links") and value is not None
    )
    declared = f' xmlns="{namespace}"' if namespace else ""
    inside = f"{_xml_links(one.get('Links'))}\n{elements}"
    return f"      <{entity}{declared} {attributes}>\n{inside}      </{entity}>\n"


def _xml_links(found: list[Row] | None) -> str:
    parts = (
        " ".join(f"{key}={quoteattr(str(value))}" for key, value in link.items() if value)
        for link in found or []
    )
    return f"<Links>{''.join(f'<Link {part} />' for part in parts)}</Links>"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def logon_answer(**headers: str) -> Said:
    """A good logon with cookie, header and body."""
    body = {
        "UserName": "LAB\\svc-mon",
        "SessionId": LOGON_ID,
        "Links": [{"Rel": "Delete", "Href": f"{ELSEWHERE}/logonSessions/{LOGON_ID}", "Name": None}],
        "Type": "LogonSession",
    }
    cookie = f"X-RestSvcSessionId={TOKEN}; Path=/api;"
    return Said(v12(body), 201, {"X-RestSvcSessionId": TOKEN, "Set-Cookie": cookie, **headers})


WRITERS: dict[str, Callable[[Any, str], bytes]] = {
    "v12": lambda value, _entity: v12(value),
    "v13": lambda value, _entity: v13(value),
    "xml": xml,
}


@dataclass
class Queries:
    """The resource /query: rows by entity, those that run and those that ended apart.

    An answer in place of rows is given as it is. `size` is the largest page that is served.
    """

    running: list[Row] | Said = field(default_factory=list)
    ended: list[Row] | Said = field(default_factory=list)
    replicas_running: list[Row] | Said = field(default_factory=list)
    replicas_ended: list[Row] | Said = field(default_factory=list)
    jobs: list[Row] | Said = field(default_factory=list)
    format: str = "v12"
    size: int = 1000

    async def __call__(self, request: web.Request) -> web.Response:
        """Answer by type, filter and page."""
        entity = request.query["type"]
        found = self._found(entity, request.query.get("filter", ""))
        if isinstance(found, Said):
            return found.response()
        size = min(int(request.query["pageSize"]), self.size)
        number = int(request.query["page"])
        count = max(1, -(-len(found) // size))
        rows = found[(number - 1) * size : number * size]
        answer = query_answer(entity, rows or None, number, count, size)
        return Said(WRITERS[self.format](answer, entity)).response()

    def _found(self, entity: str, where: str) -> list[Row] | Said:
        is_running = where == "State!=Stopped"
        if entity == "Job":
            return self.jobs
        if entity == "ReplicaJobSession":
            return self.replicas_running if is_running else self.replicas_ended
        return self.running if is_running else self.ended


def server_of(queries: Queries) -> dict[str, object]:
    """Everything that a poll asks for."""
    collected = [
        {"SessionType": kind, "State": state, "EndTimeUTC": end, "Result": {"Result": state}}
        for kind, state, end in (
            ("CollectJob", "CompletedSuccessfully", "2023-11-14T21:45:00Z"),
            ("CollectJob", "CompletedSuccessfully", "2023-11-14T22:00:00.5Z"),
            ("CollectJob", "Failed", "2023-11-14T22:10:00Z"),
            ("CollectJob", "InProgress", None),
            ("CatalogCrawlJob", "CompletedSuccessfully", "2023-11-14T22:12:00Z"),
        )
    ]
    versions = [{"Name": f"v1_{minor}", "Links": []} for minor in (5, 6, 7)]
    servers = [{"Name": "a", "Version": "12.3.2.4465"}, {"Name": "b", "Version": "9.5.4.2866"}]
    return {
        "POST /api/sessionMngr/": logon_answer(),
        f"DELETE /api/logonSessions/{LOGON_ID}": Said("", 204),
        "GET /api/query": queries,
        "GET /api/": Said(v12({"SupportedVersions": versions})),
        "GET /api/backupServers": Said(v12({"BackupServers": servers})),
        "GET /api/systemSessions": Said(v12({"SystemSessions": collected})),
    }


def source_for(server: SmallServer, clock: StillClock, **changes: object) -> Source:
    """A source that polls `server`."""
    facts = PRODUCT.facts
    options = {name: default for name, (_kind, default) in facts.options.items()}
    values: dict[str, object] = {
        "name": "em",
        "product": facts.name,
        "username": "LAB\\svc-mon",
        "page_size": 500,
        "options": options,
    }
    return PRODUCT.create(settings(server.url, **{**values, **changes}), clock)
