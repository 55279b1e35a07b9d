"""How Veeam Backup for Microsoft Azure shows a session, version by version."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.simulator.azure_profile import CATEGORY, NEVER_EXECUTED
from exporter.simulator.generation import identifier
from exporter.simulator.runs import Job, Run
from exporter.simulator.world import World

Row = dict[str, object]
INSIDE = "https://appliance.invalid"
"""Links name the host that the appliance knows itself by, which is not the one that was dialled."""
USN_UNTIL = 3.0
NULL_STOP_SINCE = 8.0
ALWAYS = frozenset({"id", "status", "type"})
STOP_FORMS: dict[str, object] = {
    "null": None,
    "year_1": "0001-01-01T00:00:00Z",
    "year_9999": "9999-12-31T23:59:59.9999999Z",
}
DURATION_FORMS = frozenset({"timespan", "milliseconds"})
_WORDS_IN_A_KIND = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class AzureHabits:
    """What differs between appliances and is not documented.

    `durations` are `timespan` (`1.02:03:04.5000000`) or `milliseconds` (a whole number).
    `open_stop` shows what has not stopped as `null`, `missing`, `year_1` or `year_9999`; empty is
    null since version 8 and missing before. `pages_in_v1` makes version 1 heed `Offset` and
    `Limit`, which it does not document. Raises ValueError for any other form.
    """

    durations: str = "timespan"
    open_stop: str = ""
    pages_in_v1: bool = False

    def __post_init__(self) -> None:
        if self.durations not in DURATION_FORMS:
            raise ValueError(f"durations are {' or '.join(sorted(DURATION_FORMS))}")
        if self.open_stop not in {"", "missing", *STOP_FORMS}:
            raise ValueError(f"open_stop is missing, {', '.join(STOP_FORMS)} or empty")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a row depends on beside its run: version, the server's clock, habits, names of jobs."""

    version: float
    clock_offset: float
    habits: AzureHabits
    job_revision: int

    def address(self, path: str) -> str:
        """The address of something, as the appliance knows it."""
        return f"{INSIDE}/api/v{self.version:g}/{path}"

    def time(self, moment: float) -> str:
        """A moment by the server's clock: 0 to 6 digits, without trailing zeros."""
        shown = datetime.fromtimestamp(round(moment + self.clock_offset, 6), UTC)
        text = f"{shown:%Y-%m-%dT%H:%M:%S}"
        return (f"{text}.{shown.microsecond:06d}".rstrip("0") if shown.microsecond else text) + "Z"


def session_row(run: Run, world: World, scene: Scene) -> Row:
    """One row of `/jobSessions`."""
    now, path = world.now(), f"jobSessions/{run.id}"
    job = world.job(run.job_id)
    row: Row = {
        "id": run.id,
        "type": run.kind,
        "localizedType": _WORDS_IN_A_KIND.sub(" ", run.kind),
        **_times(run, now, scene),
        "status": run.status_at(now, world.words),
    }
    if scene.version <= USN_UNTIL:
        row["usn"] = int((run.created - 1_500_000_000) * 10)
    row |= _details(run, job, scene)
    row["_links"] = {
        "self": {"href": scene.address(path)},
        "log": {"href": scene.address(f"{path}/log")},
    }
    return {**row, **run.raw}


def _times(run: Run, now: float, scene: Scene) -> Row:
    """Start, stop and duration, as far as they are known; what never happened has none of them."""
    happened = run.status != NEVER_EXECUTED and run.started <= now
    started = scene.time(run.started) if happened else None
    if happened and run.ended is not None and run.ended <= now:
        lasted = round(run.ended, 6) - round(run.started, 6)
        return {
            "executionStartTime": started,
            "executionStopTime": scene.time(run.ended),
            "executionDuration": duration(lasted, scene.habits.durations),
        }
    form = scene.habits.open_stop or ("null" if scene.version >= NULL_STOP_SINCE else "missing")
    if form == "missing":
        return {} if started is None else {"executionStartTime": started}
    stop = STOP_FORMS[form]
    return {"executionStartTime": started, "executionStopTime": stop, "executionDuration": None}


def duration(seconds: float, form: str = "timespan") -> str | int:
    """A length of time: `[d.]hh:mm:ss[.fffffff]`, or whole milliseconds."""
    if form == "milliseconds":
        return round(seconds * 1000)
    microseconds = round(seconds * 1_000_000)
    whole, fraction = divmod(microseconds, 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    text = f"{f'{days}.' if days else ''}{hour:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{fraction:06d}0" if fraction else text


def policy_type(job: Job) -> str:
    """What sort of policy a job is."""
    named = job.template.category if job.template else ""
    return named or CATEGORY.get(job.kind, "VirtualMachines")


def _details(run: Run, job: Job | None, scene: Scene) -> Row:
    """The one object that says what the session was about, if its type has one."""
    if run.kind == "HealthCheck":
        return {"healthCheckJobInfo": _checked(run, job)} if job else {}
    if job is not None:
        return {"backupJobInfo": _backed_up(run, job, scene)}
    for part, maker in _DETAILS:
        if part in run.kind:
            return maker(run, scene)
    return {}


def _backed_up(run: Run, job: Job, scene: Scene) -> Row:
    told: Row = {"policyId": job.id, "policyName": job.name}
    if scene.version > 1:
        told["policyType"] = policy_type(job)
    count = run.figures.processed_objects
    return told | {"protectedInstancesCount": count, "policyRemoved": job.deleted}


def _checked(run: Run, job: Job) -> Row:
    return {
        "policyId": job.id,
        "policyName": job.name,
        "checkedInstancesCount": run.figures.processed_objects,
        "policyRemoved": job.deleted,
    }


def _repository(run: Run, scene: Scene) -> Row:
    number = 1 + sum(run.repository.encode()) % 9
    told: Row = {
        "repositoryId": number if scene.version == 1 else str(number),
        "repositoryName": run.repository,
        "repositoryRemoved": "Deletion" in run.kind,
    }
    return {"repositoryJobInfo": told}


def _files(run: Run, _scene: Scene) -> Row:
    """Restored files of a machine, or of a share."""
    told: Row = {"initiator": "administrator", "reason": run.message, "isFlrSessionReady": True}
    if run.kind.startswith("FileShare"):
        share = {"fileShareId": identifier(0, "share", run.id), "fileShareName": "finance"}
        return {"fileShareFileLevelRestoreJobInfo": told | share}
    machine = {"flrLink": None, "vmId": identifier(0, "machine", run.id), "vmName": "vm-7"}
    return {"fileLevelRestoreJobInfo": told | machine}


def _restore(run: Run, scene: Scene) -> Row:
    told: Row = {"reason": run.message or None}
    if scene.version > 1:
        told["backupPolicyDisplayName"] = None
    return {"restoreJobInfo": told}


def _retrieval(run: Run, _scene: Scene) -> Row:
    told: Row = {
        "restorePointId": identifier(0, "point", run.id),
        "instanceName": "vm-7",
        "daysToKeep": 1 + (run.figures.processed_objects or 0),
        "dataRetrievalPriority": "Standard",
    }
    return {"restorePointDataRetrievalJobInfo": told}


def _retention(run: Run, scene: Scene) -> Row:
    """How many points went; the old versions do not tell."""
    told = {"deletedRestorePointsCount": run.figures.processed_objects}
    return {} if scene.version <= USN_UNTIL else {"retentionJobInfo": told}


_DETAILS: tuple[tuple[str, Callable[[Run, Scene], Row]], ...] = (
    ("Repository", _repository),
    ("DataRetrieval", _retrieval),
    ("FileLevelRestore", _files),
    ("FileShareFileRestore", _files),
    ("ConfigurationRestore", lambda _run, _scene: {}),
    ("Restore", _restore),
    ("Retention", _retention),
)
"""By what is in the name of a type, the first that fits."""


def log_row(run: Run, world: World, scene: Scene) -> Row:
    """The answer of `/jobSessions/{id}/log`."""
    now = world.now()
    status = run.status_at(now, world.words)
    message = run.message or f"{_WORDS_IN_A_KIND.sub(' ', run.kind)}: {status}"
    line: Row = {
        "logTime": scene.time(min(run.ended or now, now)),
        "status": status,
        "message": message,
        "resourceHashId": identifier(0, run.id)[:8],
        **_times(run, now, scene),
    }
    line.pop("executionStopTime", None)
    return {"jobSessionId": run.id, "log": [line]}


def protected_rows(run: Run, world: World, scene: Scene) -> list[Row]:
    """The rows of `/jobSessions/{id}/protectedItems`: what was moved, evenly over the items."""
    now = world.now()
    figures = run.figures_at(now, world.words)
    count = figures.processed_objects or 0
    moved = figures.transferred_bytes or 0
    status = run.status_at(now, world.words)
    stop = scene.time(run.ended) if run.ended is not None and run.ended <= now else None
    found: list[Row] = []
    for place in range(count):
        part = moved // count + (moved % count if place == 0 else 0)
        rates: Row = {
            "totalDataBytes": part * 32,
            "readDataBytes": part * 2,
            "processedDataBytes": part * 2,
            "transferredDataBytes": part,
            "processingRateBytesPerSecond": figures.processing_bytes_per_second,
        }
        ran: Row = {"jobSessionId": run.id, "status": status, "rates": rates}
        ran |= {"startTime": scene.time(run.started), "endTime": stop}
        found.append({"resource": {"name": f"item-{place + 1}"}, "runs": [ran]})
    return found
