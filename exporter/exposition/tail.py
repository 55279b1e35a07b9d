"""The end of a page: what the exporter says of itself and of its process."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporter.exposition.join import join_families
from exporter.exposition.request import Ending, Piece, Request
from exporter.exposition.sheet import Sheet
from exporter.metrics.exporter import EXPORTER_FAMILIES
from exporter.metrics.process import PROCESS_FAMILIES
from exporter.view import ExporterView, ProcessView

FRESH_SECONDS = 5.0
"""How old the process metrics of a page may be: scrapes in quick succession cost nothing."""

END = b"# EOF\n"

BARE_TAILS = {
    (openmetrics, gzip): Request(openmetrics, gzip=gzip).ending([Piece(end, 0)])
    for openmetrics, end in ((False, b""), (True, END))
    for gzip in (False, True)
}
"""What ends a page without the exporter's families, by `openmetrics` and `gzip`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished tail, when it was written (monotonic seconds), and from which view."""

    page: Ending
    written: float
    view: ExporterView | None


class Tail:
    """Writes and keeps the short part of a page that follows the servers; safe for threads."""

    def __init__(
        self, process: Callable[[], ProcessView | None], monotonic: Callable[[], float]
    ) -> None:
        self._process = process
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._view: ExporterView | None = None
        self._sheet: Sheet[ExporterView] = Sheet(EXPORTER_FAMILIES)
        self._process_sheet: Sheet[ProcessView] = Sheet(PROCESS_FAMILIES)
        self._kept: dict[tuple[bool, bool], Kept] = {}

    def publish(self, view: ExporterView) -> None:
        """Replace what is said of the exporter."""
        self._view = view

    def of(self, request: Request) -> Ending:
        """The tail of a page, compressed if that was asked for."""
        if not request.exporter:
            return BARE_TAILS[request.openmetrics, request.gzip]
        with self._lock:
            if request.names is not None:
                return request.ending(self._text(request, self._view))
            return self._fresh(request)

    def _fresh(self, request: Request) -> Ending:
        key, now, view = (request.openmetrics, request.gzip), self._monotonic(), self._view
        kept = self._kept.get(key)
        if kept is None or kept.view is not view or now - kept.written >= FRESH_SECONDS:
            kept = self._kept[key] = Kept(request.ending(self._text(request, view)), now, view)
        return kept.page

    def _text(self, request: Request, view: ExporterView | None) -> Iterator[Piece]:
        """The exporter's families, if it was published, and the process's."""
        if view:
            self._sheet.show(view)
            yield from join_families(EXPORTER_FAMILIES, [self._sheet.blocks()], request)
        process = self._process()
        if process:
            self._process_sheet.show(process)
            yield from join_families(PROCESS_FAMILIES, [self._process_sheet.blocks()], request)
        if request.openmetrics:
            yield Piece(END, 0)
