"""What Enterprise Manager lists: queries with pages, and whole collections."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from exporter.simulator import enterprise_manager_rows as rows
from exporter.simulator.enterprise_manager_collection import ADMINISTRATOR, Scene, system_sessions
from exporter.simulator.enterprise_manager_filter import (
    Fields,
    flag_field,
    identity_field,
    moment_of,
    parsed,
    text_field,
    time_field,
)
from exporter.simulator.enterprise_manager_rows import session_types
from exporter.simulator.enterprise_manager_sessions import Sessions
from exporter.simulator.enterprise_manager_spelling import QUERY_TYPES, Entity, Refused, plural
from exporter.simulator.exchange import Answer
from exporter.simulator.world import World

DEFAULT_PAGE_SIZE = 100
LARGEST = 2**31 - 1
JOB_KINDS = {
    "Job": frozenset({"Backup", "BackupCopy", "ImmediateBackupCopy", "Replica"}),
    "AgentBackupJob": frozenset({"AgentBackup"}),
    "NasJob": frozenset({"NasBackup"}),
}
ENCODED_LIKE_THE_PRODUCT = ";()"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page was asked for: its size and its number, from 1."""

    size: int
    number: int

    @property
    def first(self) -> int:
        """The place of its first row."""
        return self.size * (self.number - 1)

    @property
    def end(self) -> int:
        """The place after its last row."""
        return self.size * self.number


class Lists:
    """Every list over a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        backups, replicas = session_types(world.profile.session_kinds)
        self.backups = Sessions(backups, world)
        self.replicas = Sessions(replicas, world)
        self._sessions = {one.kind.name: one for one in (self.backups, self.replicas)}
        self._types = {name.lower(): name for name in QUERY_TYPES}

    def query(self, scene: Scene, _id: str) -> Answer:
        """`GET /query`. Raises Refused for what the product does not know or not allow."""
        wanted = self._types.get(scene.call.first("type").lower())
        if wanted is None:
            raise Refused(400, f"Unknown query type '{scene.call.first('type')}'")
        part = _asked(scene)
        if wanted in self._sessions:
            return self._session_page(self._sessions[wanted], part, scene)
        found = self._filtered(wanted, self._entities(wanted, scene), scene)
        total, shown = len(found), found[part.first : part.end]
        return self._page(wanted, [scene.style.row(wanted, one) for one in shown], total, scene)

    def backup_sessions(self, scene: Scene, _id: str) -> Answer:
        """`GET /backupSessions`: 30 days, without pages."""
        return self._whole(self.backups, scene)

    def replica_sessions(self, scene: Scene, _id: str) -> Answer:
        """`GET /replicaSessions`: 30 days, without pages."""
        return self._whole(self.replicas, scene)

    def backup_servers(self, scene: Scene, _id: str) -> Answer:
        """`GET /backupServers`."""
        return _collection("BackupServer", self._entities("BackupServer", scene), scene)

    def jobs(self, scene: Scene, _id: str) -> Answer:
        """`GET /jobs`, for administrators of the portal only."""
        return _collection("Job", self._entities("Job", scene), scene)

    def system_sessions(self, scene: Scene, _id: str) -> Answer:
        """`GET /systemSessions`: what Enterprise Manager does itself."""
        return _collection("SystemSession", list(system_sessions(scene)), scene)

    def _whole(self, sessions: Sessions, scene: Scene) -> Answer:
        runs = sessions.whole(scene)
        if scene.call.first("format").lower() == "entity":
            return scene.style.rows(sessions.kind.container, sessions.rendered(runs, scene))
        entities = [sessions.entity(run, scene) for run in runs]
        return _collection(sessions.kind.name, entities, scene)

    def _session_page(self, sessions: Sessions, part: Asked, scene: Scene) -> Answer:
        name, quirks = sessions.kind.name, scene.call.quirks
        if "endless_pages" in quirks:
            made = sessions.invented(part.first, part.size, scene)
            return self._page(name, made, part.end + 1, scene)
        order = _order(scene)
        found = sessions.query(scene.call.first("filter"), order, scene)
        if "insert_row" in quirks and part.number > 1 and found:
            sessions.insert_among(found[: part.size])
            found = sessions.query(scene.call.first("filter"), order, scene)
        repeat = "repeat_page" in quirks
        first = 0 if repeat else part.first
        runs = found[first : first + part.size]
        total = part.end + 1 if repeat else len(found)
        if scene.call.first("format").lower() != "entities":
            shown = [rows.reference(sessions.entity(run, scene)) for run in runs]
            return self._page(name, [scene.style.row("Ref", one) for one in shown], total, scene)
        spoilt = sessions.spoilt(sessions.rendered(runs, scene), runs, scene)
        return self._page(name, spoilt, total, scene)

    def _page(self, name: str, found: list[bytes], total: int, scene: Scene) -> Answer:
        refs = scene.call.first("format").lower() != "entities"
        return scene.style.page("Refs" if refs else plural(name), found, _paging(total, scene))

    def _entities(self, name: str, scene: Scene) -> list[Entity]:
        """All of a type that is small enough to be made whole."""
        style = scene.style
        if name in JOB_KINDS:
            if scene.habits.role != ADMINISTRATOR:
                raise Refused(403, f"Access is denied: the account is no {ADMINISTRATOR}")
            kinds, world = JOB_KINDS[name], self._world
            return [rows.job(one, name, world, style) for one in world.jobs() if one.kind in kinds]
        if name == "BackupServer":
            return [rows.server(one, style) for one in self._world.profile.organizations]
        return []

    def _filtered(self, name: str, entities: list[Entity], scene: Scene) -> list[Entity]:
        fields, (order, downwards) = _FIELDS, _order(scene)
        try:
            condition = parsed(scene.call.first("filter"), fields)
        except ValueError as error:
            raise Refused(400, f"{error} ({name})") from None
        if order and order.lower() not in fields:
            raise Refused(400, f"Unknown property '{order}' to sort by")
        found = [one for one in entities if condition.holds(one)]
        if order:
            read = fields[order.lower()].read
            found.sort(key=lambda one: (read(one) is not None, read(one)), reverse=downwards)
        return found


def _collection(name: str, entities: list[Entity], scene: Scene) -> Answer:
    """A list that is no query: one level, references unless entities are asked for."""
    style = scene.style
    if scene.call.first("format").lower() == "entity":
        return style.rows(plural(name), [style.row(name, one) for one in entities])
    shown = [style.row("Ref", rows.reference(one)) for one in entities]
    return style.rows("Refs", shown)


def _asked(scene: Scene) -> Asked:
    return Asked(
        _number(scene, "pageSize", DEFAULT_PAGE_SIZE),
        _number(scene, "page", 1),
    )


def _number(scene: Scene, name: str, default: int) -> int:
    text = scene.call.first(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST:
        raise Refused(400, f"The value of {name} is not valid")
    return int(text)


def _order(scene: Scene) -> tuple[str, bool]:
    """What to sort by, and whether downwards."""
    downwards = scene.call.first("sortDesc")
    return (downwards, True) if downwards else (scene.call.first("sortAsc"), False)


def _paging(total: int, scene: Scene) -> Entity:
    """Which page it is and where the others are; a list without rows has one page."""
    part = _asked(scene)
    last = max(1, -(-total // part.size))
    targets = {"First": 1, "Prev": part.number - 1, "Next": part.number + 1, "Last": last}
    links = [
        scene.style.link(rel, f"query?{_query(scene, part.size, page)}")
        for rel, page in targets.items()
        if 1 <= page <= last
    ]
    return {"Links": links, "PageNum": part.number, "PageSize": part.size, "PagesCount": last}


def _query(scene: Scene, size: int, page: int) -> str:
    kept = "".join(
        f"{name}={quote(values[0], safe=ENCODED_LIKE_THE_PRODUCT)}&"
        for name, values in scene.call.query.items()
        if name not in {"pagesize", "page"}
    )
    return f"{kept}pageSize={size}&page={page}"


def _member(name: str) -> Callable[[Entity], str | None]:
    def read(entity: Entity) -> str | None:
        value = entity.get(name)
        return None if value is None else str(value)

    return read


def _next_run(entity: Entity) -> float | None:
    text = _member("NextRun")(entity)
    return None if text is None else moment_of(text)


def _server_name(entity: Entity) -> str:
    links = entity["Links"]
    assert isinstance(links, list)
    return str(links[0]["Name"]) if links else ""


_FIELDS: Fields = {
    "uid": identity_field(_member("UID")),
    "name": text_field(_member("Name")),
    "description": text_field(_member("Description")),
    "jobtype": text_field(_member("JobType")),
    "platform": text_field(_member("Platform")),
    "nextrun": time_field(_next_run),
    "scheduleconfigured": flag_field(lambda entity: bool(entity.get("ScheduleConfigured"))),
    "scheduleenabled": flag_field(lambda entity: bool(entity.get("ScheduleEnabled"))),
    "backupservername": text_field(_server_name),
}
