"""A simulated appliance of Veeam Backup for Microsoft Azure: API versions 1 to 8.1.

Written from the vendor's REST API reference. An appliance answers to its own version and to few
older ones. Where the reference is silent this one decides: sessions come newest start first, those
that still wait on top; `FromUtc` and `ToUtc` leave out what waits; what was never executed has no
times; parameters came with version 2, and a time in the query has no fraction; a refresh token
works once and takes its access token along; while a licence agreement waits one can log on and off
and do nothing else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from exporter.simulator.azure_inventory import Inventory
from exporter.simulator.azure_pages import Refused, problem, refuse
from exporter.simulator.azure_profile import SLA_SINCE
from exporter.simulator.azure_rows import AzureHabits, Scene
from exporter.simulator.azure_sessions import SessionLists
from exporter.simulator.azure_versions import VERSIONS, served_by, version_number
from exporter.simulator.exchange import Answer, Call, json_answer
from exporter.simulator.tokens import BearerTokens, TokenPair
from exporter.simulator.world import World

TOKEN_PATH = "/api/oauth2/token"  # noqa: S105  # an address, not a password
LICENCE = "The license agreement must be accepted."
NO_TIME = "0001-01-01T00:00:00Z"
NO_TOKEN: dict[str, object] = {
    "access_token": None,
    "token_type": None,
    "refresh_token": None,
    "expires_in": 0,
    ".issued": NO_TIME,
    ".expires": NO_TIME,
}
NEWEST = VERSIONS[-1]
POLICY_LISTS = (
    ("policies", "VirtualMachines", 1.0, 3.0),
    ("policies/virtualMachines", "VirtualMachines", 4.0, NEWEST),
    ("policies/sql", "AzureSql", 3.0, NEWEST),
    ("policies/fileShares", "FileShares", 4.0, NEWEST),
    ("policies/cosmosDb", "CosmosDb", 6.0, NEWEST),
    ("policy/slaBased/virtualMachines", "ProtectionVmPolicy", SLA_SINCE, NEWEST),
)
"""Lists of policies: path, sort of policy, first and last version. Since which version between 4
and 8 a list exists is not documented."""
NETWORKS_SINCE = 5.0
Handler = Callable[[Call, Scene, str], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path below the version, and in which versions it exists."""

    method: str
    path: str
    handler: Handler
    first: float = 1.0
    last: float = NEWEST

    def match(self, path: str, version: float) -> re.Match[str] | None:
        """Whether a path of that version is this one, whatever its case; `{id}` is one segment."""
        if not self.first <= version <= self.last:
            return None
        return re.fullmatch(self.path.replace("{id}", "([^/]+)"), path, re.IGNORECASE)


class Azure:
    """The API over a world. `newest` is the appliance's own version, `served` all it answers to."""

    def __init__(self, world: World, api_version: str | None, password: str) -> None:
        self.newest = version_number(api_version)
        self.served = served_by(self.newest)
        self.logons = BearerTokens("svc-monitor", password)
        self.habits = AzureHabits()
        self._world = world
        self._routes = _routes(SessionLists(world), Inventory(world, self.newest))

    def answer(self, call: Call) -> Answer:
        """What the appliance says to a request."""
        try:
            if call.path.lower() == TOKEN_PATH:
                return self._logon(call)
            found = re.fullmatch(r"/api/v(\d{1,2}(?:\.\d)?)/(.+?)/?", call.path, re.IGNORECASE)
            version = float(found[1]) if found else 0.0
            if found is None or version not in self.served:
                return Answer(404)
            return self._routed(call, self._scene(call, version), found[2])
        except Refused as refused:
            return refused.answer

    def _scene(self, call: Call, version: float) -> Scene:
        return Scene(version, call.clock_offset, self.habits, self._world.job_revision)

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
                self._let_in(call)
                return route.handler(call, scene, match[1] if match.re.groups else "")
        return Answer(405, headers={"Allow": ", ".join(route.method for route, _match in matches)})

    def _let_in(self, call: Call) -> None:
        """Raises Refused for who has no valid token, and for all while an agreement waits."""
        if not self.logons.valid(call.bearer, call.now):
            raise refuse(401, "The access token is missing, wrong or expired.")
        if "licence" in call.quirks:
            raise refuse(403, LICENCE, licenseAgreementAcceptanceRequired=True)

    def _logon(self, call: Call) -> Answer:
        """`POST /api/oauth2/token` logs on or renews, `DELETE` logs off."""
        if call.method == "DELETE":
            if not self.logons.valid(call.bearer, call.now):
                raise refuse(401, "The access token is missing, wrong or expired.")
            self.logons.log_off(call.bearer)
            return Answer(204)
        if call.method != "POST":
            return Answer(405, headers={"Allow": "POST, DELETE"})
        form = _form(call)
        grant = form.get("grant_type", "").lower()
        pair = None
        if grant == "password":
            name, password = form.get("username", ""), form.get("password", "")
            pair = self.logons.log_on(name, password, call.now)
        elif grant == "refresh_token":
            pair = self.logons.renew(form.get("refresh_token", ""), call.now)
        if pair is None:
            raise _bad_logon(grant)
        if grant == "password" and "mfa" in call.quirks:
            self.logons.log_off(pair.access)
            return json_answer({**NO_TOKEN, **self._account(mfa_token=pair.refresh)})
        return json_answer({**_tokens(pair, self._scene(call, self.newest)), **self._account()})

    def _account(self, mfa_token: str | None = None) -> dict[str, object]:
        return {
            "userId": "5f0a1f60-4a65-4a52-8d7e-6f3a54f01b11",
            "username": self.logons.username,
            "roleName": "PortalOperator",
            "userType": "Internal",
            "mfa_enabled": mfa_token is not None,
            "mfa_token": mfa_token,
            "redirectTo": None,
            "shortLived": False,
        }


def _routes(sessions: SessionLists, inventory: Inventory) -> tuple[Route, ...]:
    return (
        Route("GET", "jobSessions", sessions.sessions),
        Route("POST", "jobSessions/export", sessions.export, last=1.0),
        Route("POST", "jobSessions/export", sessions.no_export, first=2.0),
        Route("GET", "jobSessions/{id}", sessions.session),
        Route("GET", "jobSessions/{id}/log", sessions.log),
        Route("GET", "jobSessions/{id}/protectedItems", sessions.protected_items, first=2.0),
        *(
            Route("GET", path, inventory.policies(path, category), first, last)
            for path, category, first, last in POLICY_LISTS
        ),
        Route("GET", "policy/vnet", inventory.networks, first=NETWORKS_SINCE),
        Route("GET", "repositories", inventory.repositories),
        Route("GET", "overview/sessionsSummary", inventory.summary),
        Route("GET", "license", inventory.license),
        Route("GET", "system/about", inventory.about),
        Route("GET", "system/status", inventory.status),
    )


def _form(call: Call) -> dict[str, str]:
    """The fields of a logon by their names in lower case; none of another kind of body."""
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    text = call.body.decode("utf-8", "replace")
    return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}


def _bad_logon(grant: str) -> Refused:
    """A wrong name, password or token, or a grant that there is not: 400."""
    if grant in {"password", "refresh_token"}:
        return Refused(problem(400, "The user name or password is incorrect.", traceId="0"))
    errors = {"grant_type": [f"The value '{grant}' is not valid."]}
    return Refused(problem(400, "One or more validation errors occurred.", errors=errors))


def _tokens(pair: TokenPair, scene: Scene) -> dict[str, object]:
    return {
        "access_token": pair.access,
        "token_type": "bearer",
        "refresh_token": pair.refresh,
        "expires_in": int(pair.expires - pair.issued),
        ".issued": scene.time(pair.issued),
        ".expires": scene.time(pair.expires),
    }
