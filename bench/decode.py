"""Decoding and normalising pages of sessions, against the barest reading of the same bytes."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree  # our own bytes, timed against
from xml.sax.saxutils import quoteattr

import defusedxml.ElementTree
import msgspec

from bench.answers import Composer, Row, compact, m365_page
from bench.measure import Row as Line
from bench.measure import pairs

SESSIONS = 1000
DAY = 86400.0


class BareStatistics(msgspec.Struct):
    """Only what we read of `statistics`."""

    processingRateBytesPS: float | None = None
    processingRateItemsPS: float | None = None
    readRateBytesPS: float | None = None
    writeRateBytesPS: float | None = None
    transferredDataBytes: float | None = None
    processedObjects: float | None = None
    bottleneck: str | None = None


class BareLink(msgspec.Struct):
    """A link."""

    href: str | None = None


class BareLinks(msgspec.Struct):
    """The one link of a session that we read."""

    job: BareLink | None = None


class BareSession(msgspec.Struct, rename="camel"):
    """Only what we read of a session, all text as it came."""

    id: str
    job_id: str | None = None
    details: str | None = None
    creation_time: str | None = None
    end_time: str | None = None
    retry_count: float | None = None
    progress: float | None = None
    job_type: str | None = None
    status: str | None = None
    statistics: BareStatistics | None = None
    links: BareLinks | None = msgspec.field(default=None, name="_links")


class BarePolicy(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Only what we read of a policy in Azure."""

    policy_id: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class BareRepository(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Only what we read of a repository in Azure."""

    repository_id: str | int | None = None
    repository_name: str | None = None


class BareAzureSession(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Only what we read of a session in Azure, all text as it came."""

    id: str
    type: str | None = None
    execution_start_time: str | None = None
    execution_stop_time: str | None = None
    execution_duration: str | float | None = None
    status: str | None = None
    backup_job_info: BarePolicy | None = None
    health_check_job_info: BarePolicy | None = None
    repository_job_info: BareRepository | None = None


class BareAzurePage(msgspec.Struct, frozen=True, gc=False):
    """A page in Azure and nothing else."""

    results: list[BareAzureSession]


class BarePage(msgspec.Struct):
    """A page and nothing else."""

    results: list[BareSession]


def measure() -> list[Line]:
    """One line for each product, version and format; those not built are named."""
    lines = [m365(6), m365(8)]
    for name, measured in (("azure", azure), ("enterprise_manager", enterprise_manager)):
        if importlib.util.find_spec(f"exporter.sources.{name}") is None:
            lines.append(Line(f"decode {name}", "not built", "", None, "no such source yet"))
        else:
            lines += measured()
    return lines


def line(name: str, ours: Callable[[], object], bare: Callable[[], object], most: float) -> Line:
    """Our reading to the bare one."""
    measured = pairs(ours, bare)
    value = f"{measured.ratio.text('×')}; {measured.first.text('ms', 1e3)}"
    how = "decode and normalise 1,000 sessions, to bare reading of the same bytes; processor time"
    return Line(name, value, f"≤ {most:g}×", measured.ratio.middle <= most, how)


def m365(version: int) -> Line:
    """A page of Veeam Backup for Microsoft 365, to msgspec's typed decoding without checks."""
    sessions = importlib.import_module("exporter.sources.vb365.sessions")
    wire = importlib.import_module("exporter.sources.vb365.wire")
    composer = Composer()
    rows = [composer.m365_session(version, end) for end in composer.ends(SESSIONS, DAY)]
    body, bare = m365_page(rows, version), msgspec.json.Decoder(BarePage)
    jobs = {
        job: sessions.JobName(job, f"job {number}", "Backup")
        for number, job in enumerate(composer.jobs)
    }
    read = sessions.normalise(wire.SESSIONS.decode(body).rows, jobs)
    assert len(read) == SESSIONS
    assert read[0].job_name
    return line(
        f"decode vb365 v{version}, to a typed decoder",
        lambda: sessions.normalise(wire.SESSIONS.decode(body).rows, jobs),
        lambda: bare.decode(body),
        3.0,
    )


def azure() -> list[Line]:
    """A page of Veeam Backup for Microsoft Azure, to a typed decoder and to an untyped parse."""
    sessions = importlib.import_module("exporter.sources.azure.sessions")
    wire = importlib.import_module("exporter.sources.azure.wire")
    composer = Composer()
    rows = [composer.azure_session(end) for end in composer.ends(SESSIONS, DAY)]
    body = compact({"results": rows, "totalCount": SESSIONS, "limit": SESSIONS, "offset": 0})
    bare = msgspec.json.Decoder(BareAzurePage)

    def ours() -> Any:
        return sessions.normalise(wire.SESSIONS.decode(body).rows, {})

    assert len(ours()) == SESSIONS
    return [
        line("decode azure, to a typed decoder", ours, lambda: bare.decode(body), 3.0),
        line("decode azure, to an untyped parse", ours, lambda: msgspec.json.decode(body), 2.0),
    ]


def enterprise_manager() -> list[Line]:
    """Pages of Enterprise Manager, to an untyped parse and to two parsers of XML.

    Nobody should parse a stranger's XML with ElementTree alone; it is there as the floor.
    """
    answers = importlib.import_module("exporter.sources.enterprise_manager.answers")
    sessions = importlib.import_module("exporter.sources.enterprise_manager.sessions")
    wire = importlib.import_module("exporter.rest.wire")
    composer = Composer()
    rows = [composer.enterprise_session(end) for end in composer.ends(SESSIONS, DAY)]
    paging = {"PageNum": 1, "PageSize": SESSIONS, "PagesCount": 1}
    lists = {"BackupJobSessions": {"BackupJobSessions": rows}}
    body = compact({"Entities": lists, "PagingInfo": paging})
    markup = _markup(rows)

    def reading(answer: bytes) -> Callable[[], Any]:
        response = wire.Response("GET /api/query", 200, {}, answer)
        kind = answers.BACKUP_SESSIONS
        return lambda: sessions.normalise(answers.read_sessions(kind, response, 1).rows)

    assert len(reading(body)()) == len(reading(markup)()) == SESSIONS
    return [
        line(
            "decode enterprise_manager JSON, to an untyped parse",
            reading(body),
            lambda: msgspec.json.decode(body),
            2.0,
        ),
        line(
            "decode enterprise_manager XML, to defusedxml's parse",
            reading(markup),
            lambda: defusedxml.ElementTree.fromstring(markup),
            1.5,
        ),
        line(
            "decode enterprise_manager XML, to ElementTree",
            reading(markup),
            lambda: ElementTree.fromstring(markup),  # noqa: S314 - our own bytes
            1.5,
        ),
    ]


def _markup(rows: list[Row]) -> bytes:
    """The same sessions as XML."""
    head = '<?xml version="1.0"?><QueryResult xmlns="http://www.veeam.com/ent/v1.0">'
    sessions = "".join(map(_element, rows))
    paging = '<PagingInfo PageNum="1" PageSize="1000" PagesCount="1"/>'
    lists = "<Entities><BackupJobSessions>{}</BackupJobSessions></Entities>"
    return f"{head}{lists.format(sessions)}{paging}</QueryResult>".encode()


def _element(row: Row) -> str:
    links = "".join(f"<Link {_attributes(link)}/>" for link in row["Links"])
    own = _attributes({name: row[name] for name in ("Href", "Type", "Name", "UID")})
    children = "".join(
        f"<{name}>{row[name]}</{name}>"
        for name in row
        if name not in ("Href", "Type", "Name", "UID", "Links")
    )
    return f"<BackupJobSession {own}><Links>{links}</Links>{children}</BackupJobSession>"


def _attributes(fields: Row) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in fields.items())
