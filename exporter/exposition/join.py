"""Pages out of finished blocks: each family once, with the lines of every source below it."""

from collections.abc import Iterable, Iterator

from exporter.exposition.request import Piece, Request
from exporter.exposition.text import openmetrics_header, plain_header
from exporter.metrics import FAMILIES
from exporter.metrics.family import AnyFamily
from exporter.metrics.process import PROCESS_FAMILIES

HEADERS = {
    False: {family.name: plain_header(family) for family in FAMILIES + PROCESS_FAMILIES},
    True: {family.name: openmetrics_header(family) for family in FAMILIES + PROCESS_FAMILIES},
}
"""The lines above a family's samples, by whether the format is OpenMetrics."""


def join_families(
    families: tuple[AnyFamily, ...],
    sources: Iterable[Iterable[bytes | memoryview]],
    request: Request,
) -> Iterator[Piece]:
    """The pieces of the page of these sources, whose blocks are aligned with `families`.

    The sources are read in turn, one family after the other. A family without samples is left out.
    """
    headers = HEADERS[request.openmetrics]
    # Not strict: where there are no sources, there are no blocks either.
    for family, blocks in zip(families, zip(*sources, strict=True), strict=False):
        if any(blocks) and request.wants(family):
            # In one piece: a compressor that is fed with little bits finds less to save.
            lines = b"".join(blocks)
            yield Piece(headers[family.name] + lines, lines.count(b"\n"))
