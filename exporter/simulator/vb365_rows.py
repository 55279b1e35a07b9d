"""How Veeam Backup for Microsoft 365 shows jobs, sessions and the rest, version by version.

Shapes follow the vendor's REST API reference of versions 5 to 8; which version has which field is
in `SINCE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.simulator.exchange import json_bytes
from exporter.simulator.generation import identifier
from exporter.simulator.profile import Words
from exporter.simulator.runs import Figures, Job, Run
from exporter.simulator.world import World

Row = dict[str, object]
ZERO = "00000000-0000-0000-0000-000000000000"
YEAR_9999 = "9999-12-31T23:59:59.9999999Z"
END_FORMS: Mapping[str, object] = {
    "year_9999": YEAR_9999,
    "year_1": "0001-01-01T00:00:00Z",
    "null": None,
}
OPEN_END = {5: "year_9999", 6: "year_9999", 7: "null", 8: "missing"}
"""How a session without an end shows it; which form each version really uses is undocumented."""
SINCE = {
    "repositoryId": 7,
    "mainSessionId": 7,
    "jobWillBeRetried": 7,
    "jobType": 7,
    "jobId": 8,
    "jobSessionConfigType": 8,
    "eTag": 8,
    "proxyId": 8,
    "proxyPoolId": 8,
}
UNITS = ("B", "KB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a row depends on beside its run: API version, what links begin with, the clock."""

    version: int
    base: str
    clock_offset: float
    open_end: str = ""

    def link(self, path: str) -> Row:
        """A link: absolute in version 5, on this host in later ones."""
        return {"href": f"{self.base}/v{self.version}/{path}"}

    def time(self, moment: float) -> str:
        """A moment by the server's clock: 0 to 7 digits, without trailing zeros."""
        shown = datetime.fromtimestamp(round(moment + self.clock_offset, 6), UTC)
        text = f"{shown:%Y-%m-%dT%H:%M:%S}"
        if not shown.microsecond:
            return f"{text}Z"
        seventh = shown.microsecond % 10 or ""
        return f"{text}.{shown.microsecond:06d}{seventh}".rstrip("0") + "Z"


def session_bytes(run: Run, now: float, scene: Scene, words: Words) -> bytes:
    """One row of `/JobSessions`."""
    return json_bytes(session_row(run, now, scene, words))


def session_row(run: Run, now: float, scene: Scene, words: Words) -> Row:
    """One job session as the version of the scene shows it."""
    figures = run.figures_at(now, words)
    link = f"jobsessions/{run.id}"
    row: Row = {
        "id": run.id,
        "jobId": run.job_id,
        "repositoryId": repository_id(run.repository),
        "mainSessionId": run.main_id or ZERO,
        "details": details(run, figures, now, words),
        "creationTime": scene.time(run.created),
        "endTime": scene.time(run.ended) if run.ended and run.ended <= now else None,
        "retryCount": run.retry,
        "jobWillBeRetried": run.will_retry and run.finished_at(now, words),
        "progress": figures.processed_objects,
        "jobType": run.kind,
        "jobSessionConfigType": "Full" if run.full else "Incremental",
        "status": run.status_at(now, words),
        "statistics": statistics(figures),
        "eTag": int((min(run.ended or now, now) - 1_500_000_000) * 10),
        "proxyId": PROXY_ID,
        "proxyPoolId": None,
        "_links": {
            "self": scene.link(link),
            "log": scene.link(f"{link}/logitems"),
            "job": scene.link(f"jobs/{run.job_id}"),
        },
    }
    if row["endTime"] is None:
        _show_open_end(row, scene)
    shown = {name: value for name, value in row.items() if SINCE.get(name, 5) <= scene.version}
    return {**shown, **run.raw}


def _show_open_end(row: Row, scene: Scene) -> None:
    form = scene.open_end or OPEN_END[scene.version]
    if form in END_FORMS:
        row["endTime"] = END_FORMS[form]
    else:
        del row["endTime"]


def statistics(figures: Figures) -> Row:
    """The `statistics` object of a session."""
    return {
        "processingRateBytesPS": figures.processing_bytes_per_second,
        "processingRateItemsPS": figures.processing_items_per_second,
        "readRateBytesPS": figures.read_bytes_per_second,
        "writeRateBytesPS": figures.write_bytes_per_second,
        "transferredDataBytes": figures.transferred_bytes,
        "processedObjects": figures.processed_items,
        "bottleneck": figures.bottleneck,
    }


def details(run: Run, figures: Figures, now: float, words: Words) -> str:
    """The sentence that the product's own list shows: what was moved, or what went wrong."""
    if run.message and run.finished_at(now, words):
        return run.message
    return (
        f"Transferred: {amount(figures.transferred_bytes)} ({figures.processed_items or 0} items)"
        f" at {amount(figures.processing_bytes_per_second)}/s"
        f" ({figures.processing_items_per_second or 0} items/s)"
    )


def amount(count: int | None) -> str:
    """A number of bytes for people."""
    value, unit = float(count or 0), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {UNITS[unit]}" if unit else f"{int(value)} B"


def repository_id(name: str) -> str:
    """The id of a repository."""
    return identifier(0, "repository", name)


def organization_id(name: str) -> str:
    """The id of an organization."""
    return identifier(0, "organization", name)


PROXY_ID = identifier(0, "proxy")


def job_row(job: Job, world: World, scene: Scene) -> Row:
    """One row of `/Jobs` or `/CopyJobs`."""
    words, now = world.words, world.now()
    last = next(world.runs_of(job), None)
    planned = world.next_run(job)
    row: Row = {
        "id": job.id,
        "name": job.name,
        "description": "",
        "backupType": "SelectedItems",
        "repositoryId": repository_id(job.repository),
        "lastRun": scene.time(last.created) if last else None,
        "nextRun": scene.time(planned) if planned is not None else None,
        "isEnabled": job.enabled,
        "lastStatus": last.status_at(now, words) if last else "NotConfigured",
        "_links": {
            "self": scene.link(f"jobs/{job.id}"),
            "organization": scene.link(f"organizations/{organization_id(job.organization)}"),
            "backupRepository": scene.link(
                f"backuprepositories/{repository_id(job.repository)}",
            ),
        },
    }
    if scene.version >= 7:
        row["lastBackup"] = _last_backup(job, world, scene)
    if scene.version >= 8:
        row["organizationId"] = organization_id(job.organization)
        row["eTag"] = int((last.created if last else 1_500_000_000) - 1_500_000_000)
    if job.kind == "Copy":
        row["backupJobId"] = job.source_id or ZERO
    return row


def _last_backup(job: Job, world: World, scene: Scene) -> str | None:
    """The end of the newest run that left something to restore from."""
    fine = {world.words.success, world.words.warning}
    now = world.now()
    for run in world.runs_of(job):
        if run.ended is not None and run.status_at(now, world.words) in fine:
            return scene.time(run.ended)
    return None


def log_rows(run: Run, now: float, scene: Scene, words: Words) -> list[Row]:
    """The rows of `/JobSessions/{id}/LogItems`: titles up to version 7, type and message later."""
    lines = [("Success", f"Processing {run.organization} to {run.repository}", run.started)]
    if run.finished_at(now, words):
        ended = run.ended or run.started
        status = run.status_at(now, words)
        kind = {words.warning: "Warning", words.failed: "Error", words.canceled: "Stop"}
        lines.append((kind.get(status, "Success"), details(run, run.figures, now, words), ended))
    return [_log_row(run, place, line, scene) for place, line in enumerate(lines)]


def _log_row(run: Run, place: int, line: tuple[str, str, float], scene: Scene) -> Row:
    kind, message, moment = line
    told: Row = (
        {"type": kind, "message": message}
        if scene.version >= 8
        else {"title": f"[{kind}] {message}"}
    )
    return {
        "id": identifier(0, run.id, place),
        "usn": place,
        **told,
        "creationTime": scene.time(moment),
        "endTime": scene.time(moment),
    }


def restore_row(run: Run, now: float, scene: Scene, words: Words) -> Row:
    """One row of `/RestoreSessions`: no end and no result while it works."""
    row: Row = {
        "id": run.id,
        "name": f"{run.kind} restore",
        "organization": run.organization,
        "type": run.kind,
        "creationTime": scene.time(run.created),
        "state": "Working",
        "details": "",
        "_links": {"self": scene.link(f"restoresessions/{run.id}")},
    }
    if run.ended is not None and run.ended <= now:
        result = run.status if run.status != words.canceled else words.failed
        row |= {"endTime": scene.time(run.ended), "state": "Stopped", "result": result}
    return row


def retrieval_row(run: Run, now: float, scene: Scene, words: Words) -> Row:
    """One row of `/DataRetrievalSessions`."""
    figures = run.figures_at(now, words)
    row: Row = {
        "id": run.id,
        "name": f"Retrieval {run.id[:4]}",
        "retrievalId": identifier(0, "retrieval", run.id),
        "creationTime": scene.time(run.created),
        "endTime": scene.time(run.ended) if run.ended and run.ended <= now else None,
        "progress": figures.processed_objects,
        "processedObjects": figures.processed_items,
        "type": run.kind,
        "status": run.status_at(now, words),
    }
    if scene.version >= 8:
        row |= {"repositoryId": repository_id(run.repository), "proxyId": PROXY_ID}
        row["proxyPoolId"] = None
    return row
