"""A simulated Veeam Backup Enterprise Manager: the products 11, 12 and 13, REST API 1.5 to 1.7.

Written from the vendor's REST API reference. Where it is silent this server decides: a job that an
operator stopped has Failed (there is no word for it), a script may end a session with None; without
a sort order rows come in the order of their ids; a query without rows has one page and a null; a
session without an end passes no comparison of `EndTime` but `!=`; anybody may end anybody's logon;
container and child sessions are rows of the same list, and a child is a job of its own, named
after its container; an account without the portal administrator's role gets 403 for lists of jobs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from exporter.simulator.enterprise_manager_collection import USUAL_INTERVAL, Habits, Scene
from exporter.simulator.enterprise_manager_lists import Lists
from exporter.simulator.enterprise_manager_logons import Logon, SessionLogons
from exporter.simulator.enterprise_manager_spelling import Entity, Refused, Style
from exporter.simulator.exchange import Answer, Call
from exporter.simulator.world import World

GENERATIONS = {11: ("v1_5", "v1_6"), 12: ("v1_5", "v1_6", "v1_7"), 13: ("v1_5", "v1_6", "v1_7")}
NEWEST = 13
TOKEN = "X-RestSvcSessionId"  # noqa: S105 - the name of a header
Handler = Callable[[Scene, str], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path below the API, in lower case; `{id}` is any one segment."""

    method: str
    path: str
    handler: Handler
    anonymous: bool = False

    def match(self, path: str) -> re.Match[str] | None:
        """Whether a path is this one."""
        return re.fullmatch(self.path.replace("{id}", "([^/]+)"), path)


class EnterpriseManager:
    """The API over a world. `habits` may be changed at any time.

    A world without jobs of its own is a script's and shows everything at once; others collect every
    15 minutes of their own time.
    """

    def __init__(self, world: World, api_version: str | None, password: str) -> None:
        self.generation = generation_of(api_version)
        self.logons = SessionLogons("svc-monitor", password)
        self.habits = Habits(USUAL_INTERVAL / world.speed if world.jobs() else 0.0)
        self.lists = Lists(world)
        self._speed = world.speed
        self._routes = self._all_routes()

    @property
    def role(self) -> str:
        """The account's role."""
        return self.habits.role

    @role.setter
    def role(self, role: str) -> None:
        self.habits.role = role

    def answer(self, call: Call) -> Answer:
        """What the server says to a request."""
        habits = self.habits
        xml = habits.answers_xml or "application/json" not in call.headers.get("Accept", "").lower()
        mark = habits.byte_order_mark
        style = Style(self.generation, xml, habits.links_base, call.clock_offset, mark)
        scene = Scene(call, style, habits, habits.seen_at(call.now), self._speed)
        try:
            return self._routed(scene)
        except Refused as refused:
            return style.refusal(refused)

    def _routed(self, scene: Scene) -> Answer:
        call = scene.call
        found = re.fullmatch(r"/api(?:/(.*?))?/?", call.path.lower())
        matches = [
            (route, match)
            for route in self._routes
            if found is not None and (match := route.match(found[1] or "")) is not None
        ]
        if not matches:
            raise Refused(404, f"There is no resource {call.path}")
        for route, match in matches:
            if route.method == call.method:
                if not route.anonymous and not self.logons.use(token_of(call), call.now):
                    raise Refused(401, "The authorization header is missing or has expired")
                return route.handler(scene, match[1] if match.re.groups else "")
        raise Refused(405, f"{call.method} is not allowed for {call.path}")

    def _all_routes(self) -> tuple[Route, ...]:
        lists = self.lists
        return (
            Route("GET", "", self.root, anonymous=True),
            Route("POST", "sessionmngr", self.log_on, anonymous=True),
            Route("GET", "logonsessions", self.logon_sessions),
            Route("GET", "logonsessions/{id}", self.logon_session),
            Route("DELETE", "logonsessions/{id}", self.log_off),
            Route("GET", "query", lists.query),
            Route("GET", "backupsessions", lists.backup_sessions),
            Route("GET", "backupsessions/{id}", lists.backups.one),
            Route("GET", "replicasessions", lists.replica_sessions),
            Route("GET", "replicasessions/{id}", lists.replicas.one),
            Route("GET", "backupservers", lists.backup_servers),
            Route("GET", "jobs", lists.jobs),
            Route("GET", "systemsessions", lists.system_sessions),
        )

    def root(self, scene: Scene, _id: str) -> Answer:
        """`GET /`, for everybody: which versions of the API there are, and where to log on."""
        style = scene.style

        def logon_link(version: str) -> Entity:
            return style.link("Create", f"sessionMngr/?v={version}", "LogonSession")

        versions = GENERATIONS[self.generation]
        entity: Entity = {
            "SupportedVersions": [
                {"Name": version, "Links": [logon_link(version)]} for version in versions
            ],
            "Links": [logon_link("latest")],
            "Href": f"{style.base}/",
            "Type": "EnterpriseManager",
        }
        return style.entity("EnterpriseManager", style.row("EnterpriseManager", entity))

    def log_on(self, scene: Scene, _id: str) -> Answer:
        """`POST /sessionMngr/?v=…`: name and password as Basic credentials buy a token."""
        call, style = scene.call, scene.style
        version = call.first("v", "latest").lower()
        if version not in {"latest", *GENERATIONS[self.generation]}:
            raise Refused(400, f"API version '{version}' is not supported")
        logon = self.logons.log_on(call.headers.get("Authorization", ""), call.now)
        if logon is None:
            raise Refused(401, "The user name or password is incorrect")
        made = style.entity("LogonSession", style.row("LogonSession", _logon(logon, style)))
        cookie = f"{TOKEN}={logon.token}; Path=/api;"
        headers = {TOKEN: logon.token, "Set-Cookie": cookie}
        return Answer(201, made.body, made.content_type, headers)

    def logon_sessions(self, scene: Scene, _id: str) -> Answer:
        """`GET /logonSessions`: everybody's."""
        style = scene.style
        logons = self.logons.all(scene.call.now)
        made = [style.row("LogonSession", _logon(one, style)) for one in logons]
        return style.rows("LogonSessions", made)

    def logon_session(self, scene: Scene, session_id: str) -> Answer:
        """`GET /logonSessions/{id}`; an unknown one is an internal error, as in the product."""
        for logon in self.logons.all(scene.call.now):
            if logon.session_id == session_id:
                row = scene.style.row("LogonSession", _logon(logon, scene.style))
                return scene.style.entity("LogonSession", row)
        raise Refused(500, f"Logon session {session_id} does not exist")

    def log_off(self, scene: Scene, session_id: str) -> Answer:
        """`DELETE /logonSessions/{id}`."""
        if not self.logons.log_off(session_id, scene.call.now):
            raise Refused(500, f"Logon session {session_id} does not exist")
        return Answer(204)


def generation_of(api_version: str | None) -> int:
    """`12`, `v12` or None (the newest) as a number. Raises ValueError for one unknown here."""
    if api_version is None:
        return NEWEST
    text = api_version.lower().removeprefix("v")
    if not text.isdecimal() or int(text) not in GENERATIONS:
        raise ValueError(
            f"enterprise_manager has no version {api_version!r}; known are v11, v12 and v13"
        )
    return int(text)


def token_of(call: Call) -> str:
    """The token that counts: a cookie wins over the header, good or not."""
    try:
        cookie = SimpleCookie(call.headers.get("Cookie", "")).get(TOKEN)
    except CookieError:
        cookie = None
    return cookie.value if cookie is not None else call.headers.get(TOKEN, "")


def _logon(logon: Logon, style: Style) -> Entity:
    path = f"logonSessions/{logon.session_id}"
    return {
        "UserName": logon.username,
        "SessionId": logon.session_id,
        "Links": [
            style.link("Up", "", "EnterpriseManager"),
            style.link("Delete", path),
        ],
        "Href": f"{style.base}/{path}",
        "Type": "LogonSession",
    }
