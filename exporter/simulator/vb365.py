"""A simulated Veeam Backup for Microsoft 365 server: REST API versions 5 to 8.

Written from the vendor's REST API reference. Where it is silent this server decides: the bounds on
`endTime` look at the end of a session and let sessions without one pass; a limit beyond 10,000
counts as 10,000; a refresh token works once and takes its access token along; a plain bearer token
works without `disable_antiforgery_token`, too.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from exporter.simulator.exchange import Answer, Call, json_answer
from exporter.simulator.tokens import BearerTokens, TokenPair
from exporter.simulator.vb365_inventory import Inventory
from exporter.simulator.vb365_pages import Refused, refuse
from exporter.simulator.vb365_rows import Scene
from exporter.simulator.vb365_sessions import SessionLists
from exporter.simulator.world import World

OLDEST, NEWEST = 5, 8
Handler = Callable[[Call, Scene, str], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path, in which versions it exists, and who may call it."""

    method: str
    path: str
    handler: Handler
    first: int = OLDEST
    last: int = NEWEST
    anonymous: bool = False

    def match(self, path: str, version: int) -> re.Match[str] | None:
        """Whether a path of that version is this one; `{id}` is any one segment."""
        if not self.first <= version <= self.last:
            return None
        return re.fullmatch(self.path.replace("{id}", "([^/]+)"), path)


class Vb365:
    """The API over a world. `newest` is the newest version it serves, older ones are served too.

    `open_end` shows sessions without an end as `year_9999`, `year_1`, `null` or `missing`; empty
    keeps to the usual form of the version.
    """

    def __init__(self, world: World, api_version: str | None, password: str) -> None:
        self.newest = version_number(api_version)
        self.logons = BearerTokens("svc-monitor", password)
        self.sessions = SessionLists(world)
        self.open_end = ""
        self.habits: None = None
        self._routes = self._all_routes(Inventory(world, self.newest))

    def answer(self, call: Call) -> Answer:
        """What the server says to a request."""
        found = re.fullmatch(r"/v(\d{1,3})/(.+?)/?", call.path.lower())
        version = int(found[1]) if found else 0
        if found is None or not OLDEST <= version <= self.newest:
            return Answer(404)
        base = call.base if version == OLDEST else ""
        try:
            return self._routed(
                call, Scene(version, base, call.clock_offset, self.open_end), found[2]
            )
        except Refused as refused:
            return refused.answer

    def _routed(self, call: Call, scene: Scene, path: str) -> Answer:
        matches = [
            (route, match)
            for route in self._routes
            if (match := route.match(path, scene.version)) is not None
        ]
        if not matches:
            return Answer(404)
        for route, match in matches:
            if route.method == call.method:
                if not route.anonymous and not self.logons.valid(call.bearer, call.now):
                    return Answer(401, headers={"WWW-Authenticate": "Bearer"})
                return route.handler(call, scene, match[1] if match.re.groups else "")
        return Answer(405, headers={"Allow": ", ".join(route.method for route, _match in matches)})

    def _all_routes(self, inventory: Inventory) -> tuple[Route, ...]:
        sessions = self.sessions
        return (
            Route("POST", "token", self.token, anonymous=True),
            Route("POST", "token/logout", self.log_off, first=7),
            Route("GET", "health", inventory.health, first=8, anonymous=True),
            Route("GET", "restoreportalsettings", inventory.portal, first=6, anonymous=True),
            Route("GET", "serviceinstance", inventory.service_instance),
            Route("GET", "license", inventory.license),
            Route("GET", "jobs", inventory.jobs),
            Route("GET", "jobs/{id}", inventory.job),
            Route("GET", "copyjobs", inventory.copy_jobs),
            Route("GET", "copyjobs/{id}", inventory.job),
            Route("GET", "organizations", inventory.organizations),
            Route("GET", "backuprepositories", inventory.repositories),
            Route("GET", "proxies", inventory.proxies),
            Route("GET", "jobsessions", sessions.job_sessions),
            Route("GET", "jobs/{id}/jobsessions", sessions.job_sessions, last=6),
            Route("GET", "jobsessions/{id}", sessions.job_session),
            Route("GET", "jobsessions/{id}/logitems", sessions.log_items),
            Route("GET", "jobsessions/{id}/processedobjects", sessions.processed_objects, first=7),
            Route("GET", "restoresessions", sessions.restores),
            Route("GET", "restoresessions/{id}", sessions.restore),
            Route("GET", "dataretrievalsessions", sessions.retrievals, first=6),
            Route("GET", "dataretrievalsessions/{id}", sessions.retrieval, first=6),
        )

    def token(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`POST /token`: a password or a refresh token buys a pair of tokens."""
        if scene.version >= 6 and self.logons.too_fast(call.now):
            message = "API calls quota exceeded, at most 1 per second is allowed"
            return json_answer({"message": message}, 429, Retry_After="1")
        form = _form(call, scene)
        grant = form.get("grant_type", "")
        pair = None
        if grant == "password":
            name, password = form.get("username", ""), form.get("password", "")
            pair = self.logons.log_on(name, password, call.now)
        elif grant == "refresh_token":
            pair = self.logons.renew(form.get("refresh_token", ""), call.now)
        if pair is None:
            raise _bad_logon(grant, scene)
        return json_answer(_token_body(pair, self.logons.username, scene))

    def log_off(self, call: Call, _scene: Scene, _id: str) -> Answer:
        """`POST /token/logout`, since version 7."""
        self.logons.log_off(call.bearer)
        return Answer(204)


def version_number(api_version: str | None) -> int:
    """`8`, `v8` or None (the newest) as a number. Raises ValueError for a version unknown here."""
    if api_version is None:
        return NEWEST
    text = api_version.lower().removeprefix("v")
    if not text.isdecimal() or not OLDEST <= int(text) <= NEWEST:
        raise ValueError(f"vb365 has no API version {api_version!r}; known are v5 to v8")
    return int(text)


def _form(call: Call, scene: Scene) -> dict[str, str]:
    """The fields of a logon: a form, or JSON since version 6."""
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    text = call.body.decode("utf-8", "replace")
    if kind == "application/json" and scene.version >= 6:
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        return {str(k): str(v) for k, v in fields.items()} if isinstance(fields, dict) else {}
    return dict(parse_qsl(text, keep_blank_values=True))


def _bad_logon(grant: str, scene: Scene) -> Refused:
    """A wrong password is 400: OAuth's words up to version 5, a message since."""
    known = grant in {"password", "refresh_token"}
    message = "Invalid user name or password" if known else f"Unsupported grant type '{grant}'"
    if scene.version >= 6:
        return refuse(400, message, scene)
    error = "invalid_grant" if known else "unsupported_grant_type"
    return Refused(json_answer({"error": error, "error_description": message}, 400))


def _token_body(pair: TokenPair, username: str, scene: Scene) -> dict[str, object]:
    return {
        "access_token": pair.access,
        "token_type": "bearer",
        "refresh_token": pair.refresh,
        "expires_in": int(pair.expires - pair.issued),
        "userName": username,
        ".issued": scene.time(pair.issued),
        ".expires": scene.time(pair.expires),
    }
