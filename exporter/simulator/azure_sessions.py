"""The session lists of Veeam Backup for Microsoft Azure."""

import json
from dataclasses import replace

from exporter.simulator import azure_rows as rows
from exporter.simulator.azure_pages import (
    DEFAULT_LIMIT,
    UNLIMITED,
    Asked,
    asked,
    moment,
    page,
    page_of,
    refuse,
    wrong_value,
)
from exporter.simulator.azure_profile import STATUSES, kinds_of
from exporter.simulator.azure_rows import Scene
from exporter.simulator.exchange import Answer, Call, RowMemory, json_answer, json_bytes
from exporter.simulator.generation import identifier
from exporter.simulator.runs import FOREVER, Run
from exporter.simulator.selection import Wanted
from exporter.simulator.world import World

PATH = "jobSessions"
PARAMETERS_SINCE = 2.0
NO_FILTER_FOR = "VmSnapshotRetention"
MALFORMED = b'{"id":{"number":42},"executionStartTime":[],"status":7,"backupJobInfo":"none"}'


class SessionLists:
    """Everything below `/jobSessions`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kinds = world.profile.session_kinds
        self._memory = RowMemory()

    def sessions(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /jobSessions`."""
        return self._page(call, scene, asked(call, scene), self._wanted(call, scene))

    def export(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`POST /jobSessions/export` of version 1: the same list, whole."""
        return self._page(call, scene, Asked(0, UNLIMITED), Wanted(self._kinds, by_start=True))

    def no_export(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """The same later: it makes a file for people, which nobody asks this server for."""
        raise refuse(404, "There is no export.")

    def session(self, _call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /jobSessions/{id}`."""
        return Answer(200, self._rendered([self._existing(run_id)], scene)[0])

    def log(self, _call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /jobSessions/{id}/log`."""
        return json_answer(rows.log_row(self._existing(run_id), self._world, scene))

    def protected_items(self, call: Call, scene: Scene, run_id: str) -> Answer:
        """`GET /jobSessions/{id}/protectedItems`: of sessions of policies only."""
        run = self._existing(run_id)
        found = rows.protected_rows(run, self._world, scene) if run.job_id else []
        return page_of(f"{PATH}/{run_id}/protectedItems", found, call, scene)

    def _page(self, call: Call, scene: Scene, part: Asked, wanted: Wanted) -> Answer:
        if "insert_row" in call.quirks and part.offset:
            self._insert_row()
        if "endless_pages" in call.quirks:
            total = part.offset + 10 * DEFAULT_LIMIT
            return page(PATH, part, self._invented(part, scene), total, scene)
        chosen = self._world.select(wanted)
        total = chosen.count()
        start = part.offset
        if "repeat_page" in call.quirks:
            start, total = 0, part.offset + 2 * (total + 1)
        found = self._rendered(chosen.rows(start, part.size), scene)
        return page(PATH, part, _spoilt(found, call), total, scene)

    def _wanted(self, call: Call, scene: Scene) -> Wanted:
        """The filters that the version knows; a parameter that it does not know is ignored."""
        kinds = self._chosen(call, "Types", kinds_of(scene.version) - {NO_FILTER_FOR})
        wanted = Wanted(kinds or self._kinds, by_start=True)
        if scene.version < PARAMETERS_SINCE:
            return wanted
        return replace(
            wanted,
            job_id=call.first("PolicyId").lower(),
            statuses=self._chosen(call, "Status", STATUSES),
            started_from=moment(call, "FromUtc", -FOREVER, scene),
            started_until=moment(call, "ToUtc", FOREVER, scene),
        )

    @staticmethod
    def _chosen(call: Call, name: str, known: frozenset[str]) -> frozenset[str]:
        """The values of a parameter that may be repeated. Raises Refused (400) for a new word."""
        words = {word.lower(): word for word in known}
        given = [text for text in call.query.get(name.lower(), ()) if text]
        for text in given:
            if text.lower() not in words:
                raise wrong_value(name, text)
        return frozenset(words[text.lower()] for text in given)

    def _rendered(self, runs: list[Run], scene: Scene) -> list[bytes]:
        now = self._world.now()
        kept = self._memory.of(scene)
        found = []
        for run in runs:
            known = kept.get(run.id)
            if known is not None and known[0] is run:
                found.append(known[1])
                continue
            row = json_bytes(rows.session_row(run, self._world, scene))
            found.append(row)
            if run.ended is not None and run.ended <= now:
                kept[run.id] = (run, row)
        return found

    def _existing(self, run_id: str) -> Run:
        run = self._world.find(run_id)
        if run is None or run.kind not in self._kinds:
            raise refuse(404, f"The session {run_id} was not found.")
        return run

    def _insert_row(self) -> None:
        """A small session of the first policy begins and ends right now."""
        now = self._world.now()
        jobs = self._world.jobs() or [self._world.add_job("inserted")]
        self._world.add_session(jobs[0], now, now)

    def _invented(self, part: Asked, scene: Scene) -> list[bytes]:
        """Sessions that do not exist, older and older."""
        now = self._world.now()
        model = Run("", "", "ManualSnapshot", now, now, now, "Success")
        count = min(part.size, DEFAULT_LIMIT)
        runs = []
        for place in range(part.offset, part.offset + count):
            start = now - 60.0 * (place + 1)
            name = identifier(0, "invented", place)
            runs.append(replace(model, id=name, created=start, started=start, ended=start + 30))
        return [json_bytes(rows.session_row(run, self._world, scene)) for run in runs]


def _spoilt(found: list[bytes], call: Call) -> list[bytes]:
    """The page's rows after the faults that change rows."""
    word = call.quirks.get("unknown_word")
    if word is not None and found and word.field in {"status", "type"}:
        found = [json_bytes(json.loads(found[0]) | {word.field: word.word}), *found[1:]]
    return [MALFORMED, *found] if "malformed_row" in call.quirks else found
