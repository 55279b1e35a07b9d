"""The session lists of Enterprise Manager: by query, whole, and one by one."""

from collections.abc import Sequence
from dataclasses import replace

from exporter.simulator import enterprise_manager_rows as rows
from exporter.simulator.enterprise_manager_collection import Scene
from exporter.simulator.enterprise_manager_filter import (
    Expression,
    Field,
    Fields,
    certain,
    flag_field,
    identity_field,
    parsed,
    text_field,
    time_field,
    word_field,
)
from exporter.simulator.enterprise_manager_rows import SessionType
from exporter.simulator.enterprise_manager_spelling import Entity, Refused
from exporter.simulator.exchange import Answer, RowMemory
from exporter.simulator.generation import identifier
from exporter.simulator.profile import DAY
from exporter.simulator.runs import Run
from exporter.simulator.selection import Selection, Wanted
from exporter.simulator.world import World

WHOLE_LIST_REACH = 30 * DAY
REMEMBERED_RESULTS = 64
UNKNOWN_WORDS = {"status": "Result", "state": "State", "type": "JobType"}
AT_LEAST = frozenset({">=", ">", "=="})
Found = tuple[Selection, list[Run]]


class Sessions:
    """One type of session over a world, as of the last collection."""

    def __init__(self, kind: SessionType, world: World) -> None:
        self.kind = kind
        self._world = world
        self._memory = RowMemory()
        self._results: dict[object, Found] = {}

    def whole(self, scene: Scene) -> list[Run]:
        """All of the last 30 days, in no useful order; `GET /backupSessions` and the like."""
        since = scene.seen_at - WHOLE_LIST_REACH
        found = self._matching(Wanted(self.kind.kinds, created_from=since), None, scene)
        return sorted(found, key=_by_id)

    def query(self, text: str, order: tuple[str, bool], scene: Scene) -> list[Run]:
        """What a filter lets through, ordered by a field (empty: arbitrary), or downwards.

        Raises Refused (400) for a filter or field that the product does not know.
        """
        fields = self._fields(scene)
        try:
            condition = parsed(text, fields)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        name, downwards = order
        if name and name.lower() not in fields:
            raise Refused(400, f"Unknown property '{name}' to sort by")
        frozen = scene.seen_at if scene.seen_at != scene.call.now else None
        wanted = self._bounds(condition, scene)
        key = (wanted, text, order, frozen, scene.style.clock_offset)
        kept, selection = self._results.get(key), self._world.select(wanted)
        if kept is not None and kept[0] is selection:
            return kept[1]
        found = self._matching(wanted, condition, scene)
        found.sort(key=_by_id)
        if name:
            found.sort(key=lambda run: _orderly(fields[name.lower()], run), reverse=downwards)
        if len(self._results) >= REMEMBERED_RESULTS:
            self._results.clear()
        self._results[key] = (selection, found)
        return found

    def rendered(self, runs: Sequence[Run], scene: Scene) -> list[bytes]:
        """The rows of some sessions; those of finished ones are kept."""
        kept, style = self._memory.of(scene.style), scene.style
        found = []
        for run in runs:
            owner = rows.owner_of(run, self._world)
            key = f"{run.id} {owner.name if owner else ''}"
            over = run.ended is not None and run.ended <= scene.seen_at
            known = kept.get(key)
            if over and known is not None and known[0] is run:
                found.append(known[1])
                continue
            row = style.row(self.kind.name, self.entity(run, scene))
            found.append(row)
            if over:
                kept[key] = (run, row)
        return found

    def entity(self, run: Run, scene: Scene) -> Entity:
        """One session as a value."""
        owner, of = rows.owner_of(run, self._world), (self.kind, self._world.words)
        return rows.session(run, owner, scene.seen_at, scene.style, of)

    def one(self, scene: Scene, run_id: str) -> Answer:
        """`GET /backupSessions/{id}?format=Entity`. Raises Refused (404)."""
        run = self._world.find(run_id)
        if run is None or run.kind not in self.kind.kinds or not _visible(run, scene):
            raise Refused(404, f"{self.kind.name} with ID {run_id} was not found")
        if scene.call.first("format").lower() != "entity":
            shown = rows.reference(self.entity(run, scene))
            return scene.style.entity("Ref", scene.style.row("Ref", shown))
        return scene.style.entity(self.kind.name, self.rendered([run], scene)[0])

    def insert_among(self, runs: Sequence[Run]) -> None:
        """A session ends right now that began with one in the middle of these, so rows shift.

        It is one of a job that still exists.
        """
        for run in runs[len(runs) // 2 :]:
            job = self._world.job(run.job_id)
            if job is None or not job.deleted:
                now = self._world.now()
                self._world.add_session(job, run.created, now, kind=run.kind, status=run.status)
                return

    def invented(self, first: int, number: int, scene: Scene) -> list[bytes]:
        """Sessions that do not exist, older and older."""
        kind = min(self.kind.kinds)
        model = Run("", "", kind, scene.seen_at, scene.seen_at, scene.seen_at, None)
        made = []
        for place in range(first, first + number):
            moment = scene.seen_at - 60.0 * (place + 1)
            name = identifier(0, "invented", place)
            made.append(replace(model, id=name, created=moment, started=moment, ended=moment + 30))
        return [scene.style.row(self.kind.name, self.entity(run, scene)) for run in made]

    def spoilt(self, found: list[bytes], runs: Sequence[Run], scene: Scene) -> list[bytes]:
        """The page's rows after the faults that change rows."""
        word, style = scene.call.quirks.get("unknown_word"), scene.style
        if word is not None and runs and word.field in UNKNOWN_WORDS:
            changed = {**self.entity(runs[0], scene), UNKNOWN_WORDS[word.field]: word.word}
            found = [style.row(self.kind.name, changed), *found[1:]]
        if "malformed_row" in scene.call.quirks:
            found = [style.row(self.kind.name, rows.malformed(self.kind)), *found]
        return found

    def _matching(self, wanted: Wanted, condition: Expression | None, scene: Scene) -> list[Run]:
        selection = self._world.select(wanted)
        return [
            run
            for run in selection.rows(0, selection.count())
            if _visible(run, scene) and (condition is None or condition.holds(run))
        ]

    def _bounds(self, condition: Expression, scene: Scene) -> Wanted:
        """What the filter says for certain, so that not all of history need be looked at."""
        wanted, offset = Wanted(self.kind.kinds), scene.style.clock_offset
        for one in certain(condition):
            if one.name == "creationtime" and one.sign in AT_LEAST:
                since = max(wanted.created_from, one.value - offset - 1)
                wanted = replace(wanted, created_from=since)
            elif one.name == "endtime" and one.sign in AT_LEAST:
                wanted = replace(wanted, ended_from=max(wanted.ended_from, one.value - offset - 1))
            elif one.name == "state" and (one.sign, one.value) == ("!=", 0):
                wanted = replace(wanted, ended_from=max(wanted.ended_from, scene.seen_at))
        return wanted

    def _fields(self, scene: Scene) -> Fields:
        """What sessions can be filtered and sorted by, after the vendor's page of the query."""
        world, words, style, seen_at = self._world, self._world.words, scene.style, scene.seen_at

        def shown(moment: float | None) -> float | None:
            return None if moment is None else round(moment + style.clock_offset, 6)

        def owner_name(run: Run) -> str:
            owner = rows.owner_of(run, world)
            return owner.name if owner else ""

        def owner_id(run: Run) -> str:
            owner = rows.owner_of(run, world)
            return owner.id if owner else ""

        def name(run: Run) -> str:
            return rows.session_name(run, rows.owner_of(run, world), style)

        def word(place: int, order: tuple[str, ...]) -> Field:
            return word_field(lambda run: rows.state_and_result(run, seen_at, words)[place], order)

        return {
            "uid": identity_field(lambda run: run.id),
            "name": text_field(name),
            "jobtype": text_field(lambda run: run.kind),
            "jobuid": identity_field(owner_id),
            "jobname": text_field(owner_name),
            "creationtime": time_field(lambda run: shown(run.created)),
            "endtime": time_field(lambda run: shown(rows.ended(run, seen_at))),
            "state": word(0, rows.STATES),
            "result": word(1, rows.RESULTS),
            "isretry": flag_field(lambda run: run.retry > 0),
            "backupserveruid": identity_field(lambda run: rows.server_id(run.organization)),
            "backupservername": text_field(lambda run: run.organization),
        }


def _visible(run: Run, scene: Scene) -> bool:
    return run.created <= scene.seen_at and run.visible_from <= scene.seen_at


def _orderly(field: Field, run: Run) -> tuple[bool, object]:
    value = field.read(run)
    return (value is not None, value)


def _by_id(run: Run) -> str:
    return run.id
