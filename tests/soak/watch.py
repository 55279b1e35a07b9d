"""Looking at the exporter through Prometheus only: a scrape of our own would count as read."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tests.soak.samples import Key, Point, series_of
from tests.soak.truth import FINISHED
from tests.support.process import PrometheusProcess

EVERY = 0.4
LAST_POLL = "backup_server_last_successful_poll_timestamp_seconds"


class Watch:
    """What Prometheus shows at the moment, and waiting for it."""

    def __init__(self, prometheus: PrometheusProcess) -> None:
        self._prometheus = prometheus

    async def rows(self, expression: str) -> list[dict[str, Any]]:
        """The rows of an expression now."""
        return await asyncio.to_thread(self._prometheus.query, expression)

    async def value(self, expression: str) -> float:
        """The sum over the rows of an expression; 0 when there are none."""
        return sum(float(row["value"][1]) for row in await self.rows(expression))

    async def reaches(self, expression: str, least: float, given_up: Callable[[], bool]) -> bool:
        """Wait until an expression is at least so much; False when it is given up."""
        while not given_up():
            if await self.value(expression) >= least:
                return True
            await asyncio.sleep(EVERY)
        return False

    async def counted(self) -> Mapping[Key, float]:
        """Every counter of finished sessions as shown now."""
        found = series_of(await self.rows(FINISHED))
        return {key: points[-1].value for key, points in found.items()}

    async def history(self, names: str) -> Mapping[Key, list[Point]]:
        """All raw samples of the series whose names match."""
        return series_of(await self.rows(f'{{__name__=~"{names}"}}[12h]'))
