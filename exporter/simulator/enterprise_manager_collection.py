"""What an Enterprise Manager knows of its backup servers: as much as it has collected.

It copies the sessions of its backup servers every now and then ("Collecting Data from Backup
Servers" in the vendor's guide) and shows until the next time what it saw then.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.simulator.enterprise_manager_spelling import Entity, Style
from exporter.simulator.exchange import Call
from exporter.simulator.generation import identifier
from exporter.simulator.profile import DAY, MINUTE
from exporter.simulator.runs import FOREVER

USUAL_INTERVAL = 15 * MINUTE
SHOWN_COLLECTIONS = 300
COLLECTION_SHARE = 0.02
ADMINISTRATOR = "Portal Administrator"


@dataclass(slots=True)
class Habits:
    """What differs between installations; may be changed at any time.

    `role` is the account's: without `Portal Administrator` lists of jobs are refused. `answers_xml`
    ignores what the client accepts, `byte_order_mark` puts one in front of JSON. `collect_every` is
    seconds between two collections, 0 shows everything at once. From `collections_fail_from`
    (seconds since the epoch) on no collection succeeds. `links_base` is what links begin with.
    """

    collect_every: float
    role: str = ADMINISTRATOR
    answers_xml: bool = False
    byte_order_mark: bool = False
    collections_fail_from: float | None = None
    links_base: str = "https://em01.example.local:9398/api"

    @property
    def broken_from(self) -> float:
        """When collections began to fail, which may be never."""
        return FOREVER if self.collections_fail_from is None else self.collections_fail_from

    def seen_at(self, now: float) -> float:
        """The moment of the newest collection that succeeded: the state that is shown."""
        every, broken = self.collect_every, self.broken_from
        if every <= 0:
            return min(now, broken)
        newest = math.floor(now / every) * every
        return newest if newest < broken else (math.ceil(broken / every) - 1) * every


@dataclass(frozen=True, slots=True)
class Scene:
    """One call, how its answer is written, and the moment whose state it shows."""

    call: Call
    style: Style
    habits: Habits
    seen_at: float
    speed: float = 1.0


def system_sessions(scene: Scene) -> Iterator[Entity]:
    """Enterprise Manager's own sessions, newest first: collections, and a daily clean-up."""
    now = scene.call.now
    every = scene.habits.collect_every or USUAL_INTERVAL / scene.speed
    next_end = (math.floor(now / every) + 1) * every
    for turn in range(SHOWN_COLLECTIONS):
        ended = next_end - turn * every
        created = ended - COLLECTION_SHARE * every
        if created <= now:
            yield _session(scene, "CollectJob", created, ended)
    cleaned = math.floor(now * scene.speed / DAY) * DAY / scene.speed
    yield _session(scene, "DatabaseMaintenance", cleaned - MINUTE / scene.speed, cleaned)


def _session(scene: Scene, kind: str, created: float, ended: float) -> Entity:
    style = scene.style
    state, message = "CompletedSuccessfully", ""
    if ended > scene.call.now:
        state = "InProgress"
    elif kind == "CollectJob" and ended >= scene.habits.broken_from:
        state, message = "Failed", "Failed to connect to the backup server"
    run_id = identifier(0, kind, ended)
    return {
        "SessionType": kind,
        "CreationTimeUTC": style.time(created),
        "EndTimeUTC": style.time(ended) if ended <= scene.call.now else None,
        "State": state,
        "Result": {
            "Result": "None" if state == "InProgress" else state,
            "Message": message,
            "IsCanceled": False,
        },
        "Name": f"{kind.replace('Job', ' Job')} @{style.stamp(created)}",
        "UID": f"urn:veeam:SystemSession:{run_id}",
        "Links": [],
        "Href": f"{style.base}/systemSessions/{run_id}?format=Entity",
        "Type": "SystemSession",
    }
