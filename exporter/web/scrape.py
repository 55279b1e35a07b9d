"""What Prometheus asks for: /metrics, /probe and /sd."""

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache

from aiohttp import web

from exporter.errors import TooManySeries
from exporter.sharding import owner
from exporter.web.access import RULES, WebConfigFile
from exporter.web.connection import Connection
from exporter.web.options import WebOptions
from exporter.web.places import Places
from exporter.web.repeat import REPEATING_SECONDS, Heads, Repeat, head_of
from exporter.web.state import PageFormat, PageOffer, State, Wanted
from exporter.web.stream import send, was_sent
from exporter.web.webconfig import WebConfig

HOST = re.compile(r"[A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
UNKNOWN_SERVER = "There is no server of that name; /sd lists those that there are.\n"
TOO_MANY = "Too many scrapes are being answered; try again soon or raise --web.max-requests.\n"


@lru_cache(maxsize=64)
def accepts_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding header wants gzip: named with q above 0, or any with `*`.

    Who prefers it as it is says so by a higher q of `identity`.
    """
    qualities: dict[str, float] = {}
    for entry in (header or "").lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        qualities[coding] = _quality(parameters)
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def listed(request: web.Request, name: str) -> str | None:
    """A header that is a list; its lines are one list (RFC 9110 section 5.3)."""
    lines = request.headers.getall(name, ())
    return ", ".join(lines) if lines else None


def _quality(parameters: list[str]) -> float:
    """The `q` among a coding's parameters; 1 when none is given, 0 when it is no number."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class Scrapes:
    """Answers scrapers, a bounded number of them at the same time."""

    def __init__(self, state: State, options: WebOptions, web_config: WebConfigFile) -> None:
        self._state = state
        self._options = options
        self._web_config = web_config
        self._places = Places(options.max_requests)
        self._heads = Heads()

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """All servers, or those of `?server=`; all families, or those of `?name[]=`."""
        servers = frozenset(request.query.getall("server", ()))
        self._require_known(servers)
        return await self._answer(request, servers or None, exporter=True)

    async def probe(self, request: web.Request) -> web.StreamResponse:
        """One server's families alone. The target is a name, so nobody makes us dial anywhere."""
        targets = request.query.getall("target", ())
        if len(targets) != 1 or not targets[0]:
            raise web.HTTPBadRequest(text="Say which server: /probe?target=NAME.\n")
        self._require_known(frozenset(targets))
        return await self._answer(request, frozenset(targets), exporter=False)

    async def discovery(self, request: web.Request) -> web.StreamResponse:
        """One group of targets for each server, as HTTP service discovery wants it.

        Every shard lists all servers at the addresses of their owners; where these addresses are
        not known, only its own.
        https://prometheus.io/docs/prometheus/latest/http_sd/
        """
        address = self._options.external_address or asked_address(request)
        shard = self._options.shard
        groups = [
            {
                "targets": [shard.address_of(server.name) or address],
                "labels": {
                    "__metrics_path__": "/probe",
                    "__param_target": server.name,
                    "server": server.name,
                },
            }
            for server in self._state.config.servers
            if shard.address or shard.owns(server.name)
        ]
        return web.json_response(groups)

    def _require_known(self, names: frozenset[str]) -> None:
        """Raises 404, without repeating what was asked for; 421 for what another shard polls."""
        if names and not names <= {server.name for server in self._state.config.servers}:
            raise web.HTTPNotFound(text=UNKNOWN_SERVER)
        shard = self._options.shard
        for name in sorted(names):
            if not shard.owns(name):
                place = shard.address_of(name) or "whose address is not configured"
                number = owner(name, shard.total)
                raise web.HTTPMisdirectedRequest(text=f"Shard {number} polls it: {place}.\n")

    async def _answer(
        self, request: web.Request, servers: frozenset[str] | None, *, exporter: bool
    ) -> web.StreamResponse:
        """The page that was asked for.

        Raises 503 when all places are taken or the page would be too long.
        """
        if self._places.full:
            raise web.HTTPServiceUnavailable(text=TOO_MANY, headers={"Retry-After": "1"})
        pages, rules = self._state.exposition, request[RULES]
        chosen = pages.negotiate(listed(request, "Accept"))
        gzip = accepts_gzip(listed(request, "Accept-Encoding"))
        names = frozenset(request.query.getall("name[]", ())) or None
        wanted = Wanted(servers=servers, names=names, gzip=gzip, exporter=exporter)
        headers = {"Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        with self._places.taken():
            try:
                page = await pages.offer(chosen, **wanted)
            except TooManySeries as error:
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from None
            response = await send(request, page.data, chosen.content_type, headers)
        if was_sent(request, response):
            pages.delivered(page)
            self._allow_repeats(request, response, self._again(rules, chosen, wanted))
        return response

    def _again(
        self, rules: WebConfig, chosen: PageFormat, wanted: Wanted
    ) -> Callable[[], PageOffer | None]:
        """The page of later moments, as long as the rules are these and nothing must be made."""
        pages, web_config = self._state.exposition, self._web_config

        def page() -> PageOffer | None:
            same = web_config.current is rules and rules.rate_limit is None
            return pages.ready(chosen, **wanted) if same else None

        return page

    def _allow_repeats(
        self,
        request: web.Request,
        response: web.StreamResponse,
        page: Callable[[], PageOffer | None],
    ) -> None:
        connection, head = request.protocol, head_of(request, response)
        if isinstance(connection, Connection) and connection.asked and head:
            until = asyncio.get_running_loop().time() + REPEATING_SECONDS
            read = self._state.exposition.delivered
            asked, heads, places = connection.asked, self._heads, self._places
            connection.repeat(Repeat(asked, head, until, heads, places, page, read))


def asked_address(request: web.Request) -> str:
    """The `host:port` by which we were reached: the Host header, or else our own socket's."""
    host = request.headers.get("Host", "")
    if HOST.fullmatch(host):
        return host
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not name:
        return "localhost"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
