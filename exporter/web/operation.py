"""What operators ask for: is it alive, is it ready, read the configuration again, show it."""

from aiohttp import web

from exporter.web.answers import sentence
from exporter.web.options import WebOptions
from exporter.web.state import State
from exporter.web.stream import send

FOREIGN_SITES = frozenset({"cross-site", "same-site"})


class Operation:
    """Answers operators and the programs that act for them."""

    def __init__(self, state: State, options: WebOptions) -> None:
        self._state = state
        self._options = options

    async def healthy(self, _request: web.Request) -> web.Response:
        """200 while the process lives."""
        return sentence("The exporter is healthy.")

    async def ready(self, _request: web.Request) -> web.Response:
        """200 once every server was polled once, well or not."""
        if self._state.ready():
            return sentence("The exporter is ready.")
        return sentence("The exporter is not ready: a first poll is still running.", 503)

    async def reload(self, request: web.Request) -> web.Response:
        """Read the configuration anew; the old one stays when there is a reason against it."""
        if not self._options.enable_lifecycle:
            return sentence("Reloading is off; start with --web.enable-lifecycle to allow it.", 403)
        if _is_foreign(request):
            return sentence("Reloading cannot be asked for by another web site.", 403)
        reasons = await self._state.reload()
        if reasons:
            return sentence("\n".join(reasons), 500)
        return sentence("The configuration was reloaded.")

    async def config(self, request: web.Request) -> web.StreamResponse:
        """The effective configuration without its secrets."""
        text = self._options.dump_config(self._state.config)
        # text/plain shows in every browser; application/yaml would be saved to a file.
        return await send(request, text.encode("utf-8", "replace"), "text/plain; charset=utf-8")


def _is_foreign(request: web.Request) -> bool:
    """Whether a browser says that another site makes it send this; programs say nothing of it."""
    if request.headers.get("Sec-Fetch-Site") in FOREIGN_SITES:
        return True
    # Over plain HTTP browsers leave that header out and send this one alone.
    origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
    return origin is not None and origin.partition("://")[2].lower() != host.lower()
