"""The session lists of Veeam Backup for Microsoft 365: job sessions, restores, retrievals."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from exporter.simulator import vb365_rows as rows
from exporter.simulator.exchange import Answer, Call, RowMemory, json_answer, json_bytes
from exporter.simulator.generation import identifier
from exporter.simulator.profile import Profile, Words
from exporter.simulator.runs import FOREVER, Run
from exporter.simulator.selection import Wanted
from exporter.simulator.vb365_pages import Asked, asked, page, page_of, refuse
from exporter.simulator.vb365_rows import Row, Scene
from exporter.simulator.world import World

STATUS_FILTER = {
    "stopped": "Stopped",
    "running": "Running",
    "succeeded": "Success",
    "failed": "Failed",
    "warning": "Warning",
}
RESTORES = frozenset({"Vex", "Veod", "Vesp", "Vet"})
RETRIEVALS = frozenset({"Retrieve"})
MALFORMED = b'{"id":42,"creationTime":{"when":"soon"},"status":[],"statistics":"none"}'
RowMaker = Callable[[Run, float, Scene, Words], Row]


class SessionLists:
    """Everything below `/JobSessions`, `/RestoreSessions` and `/DataRetrievalSessions`.

    `window_reads` is what the bounds on `endTime` look at: `end` or `creation`.
    """

    def __init__(self, world: World) -> None:
        self.window_reads = "end"
        self._world = world
        self._profile: Profile = world.profile
        self._memory = RowMemory()

    def job_sessions(self, call: Call, scene: Scene, job_id: str) -> Answer:
        """`GET /JobSessions`, and `/Jobs/{id}/JobSessions` of the old versions."""
        part = asked(call, scene)
        path = f"Jobs/{job_id}/JobSessions" if job_id else "JobSessions"
        if "insert_row" in call.quirks and part.offset:
            self._insert_row()
        if "endless_pages" in call.quirks:
            return page(path, part, self._invented(part, scene), True, scene)
        repeat = "repeat_page" in call.quirks
        start = 0 if repeat else part.offset
        chosen = self._world.select(self._wanted(call, scene, job_id))
        found = self._rendered(chosen.rows(start, part.limit), scene)
        more = repeat or chosen.has_more(start + part.limit)
        return page(path, part, _spoilt(found, call), more, scene)

    def job_session(self, _call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /JobSessions/{id}`."""
        run = self._existing(run_id, self._profile.session_kinds, scene)
        return Answer(200, self._rendered([run], scene)[0])

    def log_items(self, call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /JobSessions/{id}/LogItems`; filter and order came with version 8."""
        run = self._existing(run_id, self._profile.session_kinds, scene)
        found = rows.log_rows(run, self._world.now(), scene, self._world.words)
        if scene.version >= 8:
            kind = call.first("type").lower()
            found = [row for row in found if not kind or str(row["type"]).lower() == kind]
            found = found[::-1] if call.first("orderAsc").lower() == "false" else found
        return page_of(f"JobSessions/{run_id}/LogItems", found, call, scene)

    def processed_objects(self, call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /JobSessions/{id}/ProcessedObjects`."""
        run = self._existing(run_id, self._profile.session_kinds, scene)
        count = run.figures_at(self._world.now(), self._world.words).processed_objects or 0
        found: list[Row] = [
            {"id": identifier(0, run.id, "object", place), "type": "User", "status": "Success"}
            for place in range(count)
        ]
        return page_of(f"JobSessions/{run_id}/ProcessedObjects", found, call, scene)

    def restores(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /RestoreSessions`, newest first."""
        wanted = Wanted(
            RESTORES,
            created_from=_moment(call, "startTimeFrom", -FOREVER, scene),
            created_until=_moment(call, "startTimeTo", FOREVER, scene),
        )
        return self._few("RestoreSessions", wanted, rows.restore_row, call, scene)

    def restore(self, _call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /RestoreSessions/{id}`."""
        return self._one(run_id, RESTORES, rows.restore_row, scene)

    def retrievals(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /DataRetrievalSessions`, newest first."""
        wanted = Wanted(RETRIEVALS)
        return self._few("DataRetrievalSessions", wanted, rows.retrieval_row, call, scene)

    def retrieval(self, _call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /DataRetrievalSessions/{id}`."""
        return self._one(run_id, RETRIEVALS, rows.retrieval_row, scene)

    def _wanted(self, call: Call, scene: Scene, job_id: str) -> Wanted:
        """The filters that the version knows; a parameter it does not know is ignored."""
        kinds, version = self._profile.session_kinds, scene.version
        lower, upper = -FOREVER, FOREVER
        if version >= 6:
            asked_kind = call.first("jobType").capitalize()
            kinds = kinds & {asked_kind} if asked_kind else kinds
            lower = _moment(call, "endTimeLowerBound", lower, scene)
        if version >= 7:
            upper = _moment(call, "endTimeUpperBound", upper, scene)
            job_id = job_id or call.first("jobId").lower()
        statuses = self._statuses(call, scene) if version >= 8 else frozenset()
        wanted = Wanted(kinds=kinds, job_id=job_id, statuses=statuses)
        if self.window_reads == "end":
            return replace(wanted, ended_from=lower, ended_until=upper)
        return replace(wanted, created_from=lower, created_until=upper)

    def _statuses(self, call: Call, scene: Scene) -> frozenset[str]:
        word = call.first("status")
        if not word:
            return frozenset()
        if word.lower() not in STATUS_FILTER:
            message = f"The value '{word}' is not valid for status"
            raise refuse(400, message, scene, "ParameterValidationFailure")
        return frozenset({STATUS_FILTER[word.lower()]})

    def _rendered(self, runs: list[Run], scene: Scene) -> list[bytes]:
        now, words = self._world.now(), self._world.words
        kept = self._memory.of(scene)
        found = []
        for run in runs:
            known = kept.get(run.id)
            if known is not None and known[0] is run:
                found.append(known[1])
                continue
            row = json_bytes(rows.session_row(run, now, scene, words))
            found.append(row)
            if run.ended is not None and run.ended <= now:
                kept[run.id] = (run, row)
        return found

    def _existing(self, run_id: str, kinds: frozenset[str], scene: Scene) -> Run:
        run = self._world.find(run_id)
        if run is None or run.kind not in kinds:
            raise refuse(404, f"Session {run_id} was not found", scene, "ResourceNotFound")
        return run

    def _few(self, path: str, wanted: Wanted, maker: RowMaker, call: Call, scene: Scene) -> Answer:
        chosen = self._world.select(wanted)
        now, words = self._world.now(), self._world.words
        found = [maker(run, now, scene, words) for run in chosen.rows(0, chosen.count())]
        return page_of(path, found, call, scene)

    def _one(self, run_id: str, kinds: frozenset[str], maker: RowMaker, scene: Scene) -> Answer:
        run = self._existing(run_id, kinds, scene)
        return json_answer(maker(run, self._world.now(), scene, self._world.words))

    def _insert_row(self) -> None:
        """A small session of the first job begins and ends right now."""
        now = self._world.now()
        jobs = self._world.jobs() or [self._world.add_job("Inserted")]
        self._world.add_session(jobs[0], now, now)

    def _invented(self, part: Asked, scene: Scene) -> list[bytes]:
        """Sessions that do not exist, older and older."""
        now = self._world.now()
        model = Run("", identifier(0, "none"), "Backup", now, now, now, "Success")
        runs = []
        for place in range(part.offset, part.offset + part.limit):
            moment = now - 60.0 * (place + 1)
            name = identifier(0, "invented", place)
            runs.append(replace(model, id=name, created=moment, started=moment, ended=moment + 30))
        return [json_bytes(rows.session_row(run, now, scene, self._world.words)) for run in runs]


def _moment(call: Call, name: str, default: float, scene: Scene) -> float:
    """A time in the query as the world's true time. Raises Refused (400) if it is none."""
    text = call.first(name)
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"The value '{text}' is not valid for {name}"
        raise refuse(400, message, scene, "ParameterValidationFailure") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp() - scene.clock_offset


def _spoilt(found: list[bytes], call: Call) -> list[bytes]:
    """The page's rows after the faults that change rows."""
    word = call.quirks.get("unknown_word")
    if word is not None and found:
        row = json.loads(found[0])
        if word.field == "bottleneck":
            row["statistics"]["bottleneck"] = word.word
        else:
            row["jobType" if word.field == "type" else "status"] = word.word
        found = [json_bytes(row), *found[1:]]
    return [MALFORMED, *found] if "malformed_row" in call.quirks else found
