"""Static files: read once at start, never by a name that a client chose."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from exporter.web.stream import send

FOLDER = Path(__file__).parent
CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent."""

    body: bytes
    content_type: str
    etag: str


class StaticFiles:
    """Answers for the files that come with the package."""

    def __init__(self) -> None:
        paths = sorted((FOLDER / "static").iterdir())
        self._files = {path.name: _static(path) for path in paths if path.suffix in CONTENT_TYPES}

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The file, or 304 when the client has it already."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such file.\n")
        headers = {"ETag": f'"{found.etag}"', "Cache-Control": "no-cache"}
        known = {tag.value for tag in request.if_none_match or ()}
        if known & {found.etag, "*"}:
            return web.Response(status=304, headers=headers)
        return await send(request, found.body, found.content_type, headers)


def _static(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(body, CONTENT_TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:32])
