"""Pages out of finished blocks: each family once, with the lines of every source below it."""

from collections.abc import Sequence

from exporter.exposition.request import Request
from exporter.exposition.text import openmetrics_header, plain_header
from exporter.metrics import FAMILIES
from exporter.metrics.family import AnyFamily

HEADERS = {
    False: {family.name: plain_header(family) for family in FAMILIES},
    True: {family.name: openmetrics_header(family) for family in FAMILIES},
}
"""The lines above a family's samples, by whether the format is OpenMetrics."""


def join_families(
    families: tuple[AnyFamily, ...], sources: Sequence[tuple[bytes, ...]], request: Request
) -> bytes:
    """The page of these sources' blocks, which are aligned with `families`.

    A family without samples is left out.
    """
    headers = HEADERS[request.openmetrics]
    pieces: list[bytes] = []
    for index, family in enumerate(families):
        blocks = [blocks[index] for blocks in sources if blocks[index]]
        if blocks and request.wants(family):
            pieces.append(headers[family.name])
            pieces.extend(blocks)
    return b"".join(pieces)
