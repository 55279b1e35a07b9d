"""What every product offers to the rest of the house.

A source knows one product's API and nothing of metrics, ledgers or schedules. It reads what the
algorithm asks for and hands back a complete `Harvest`, or raises a `SourceError`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from exporter.clock import Clock
from exporter.config.values import ProductFacts, ServerConfig
from exporter.model import Harvest, OpenSession, Reports, Traffic, Window

Progress = Callable[[int, int], None]
"""Told after each page of sessions: pages read so far, sessions read so far."""


def no_progress(_pages: int, _sessions: int) -> None:
    """A listener that does not care."""


class Source(Protocol):
    """One backup server, spoken to through its product's API."""

    async def fetch(
        self,
        window: Window,
        open_sessions: tuple[OpenSession, ...],
        progress: Progress = no_progress,
    ) -> Harvest:
        """Read everything that was alive since the window's start, and each open session by id.

        Raises SourceError when any page of the session list could not be read.
        """
        ...

    def traffic(self) -> Traffic:
        """What was sent since the last call of this method, and what TLS and clock look like."""
        ...

    def forget_logon(self) -> None:
        """Drop tokens and any back-off after a refused password: the password has changed."""
        ...

    async def close(self) -> None:
        """Log off where the API has a log-off, then close every connection. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """One line of `SOURCES`: what the configuration, the ledger and the poller ask of a product.

    `options_reports` tells what is reported beyond `reports` when options of an entry ask for it.
    """

    facts: ProductFacts
    create: Callable[[ServerConfig, Clock], Source]
    reports: Callable[[str], Reports]
    options_reports: Callable[[ServerConfig, str], Reports] | None = None

    def reports_of(self, config: ServerConfig, session_type: str) -> Reports:
        """What sessions of a type can report under this configuration."""
        if self.options_reports is not None:
            return self.options_reports(config, session_type)
        return self.reports(session_type)
