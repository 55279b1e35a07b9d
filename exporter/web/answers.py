"""Answers of one sentence, and the headers that every answer carries."""

from collections.abc import Mapping

from aiohttp import web

STANDARD_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""On every answer that does not set them itself, or that the web configuration does not replace."""

SERVER_HEADER = "backup-session-exporter"
"""Our name without a version: that is for those who may see the page, not for all who connect."""


def sentence(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A plain text of one sentence."""
    return web.Response(text=f"{text}\n", status=status, headers=headers)
