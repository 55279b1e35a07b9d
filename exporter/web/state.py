"""What the web room asks of the rest of the house; the composition root provides it."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from exporter.config.values import Config
from exporter.view import ExporterView, ServerView


class PageFormat(Protocol):
    """One of the text formats of Prometheus."""

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        ...


AnyFormat = TypeVar("AnyFormat", bound=PageFormat)


class Pages(Protocol[AnyFormat]):
    """The metrics as text: rendered once per change, kept in memory."""

    def negotiate(self, accept: str | None, /) -> AnyFormat:
        """The format that an Accept header asks for."""
        ...

    async def page_async(
        self,
        format: AnyFormat,
        *,
        servers: frozenset[str] | None,
        names: frozenset[str] | None,
        gzip: bool,
        exporter: bool,
    ) -> bytes:
        """A page of these servers and families (None: all), with or without the exporter's own."""
        ...


class State(Protocol):
    """Everything that can be shown, as it is at the moment of asking."""

    @property
    def config(self) -> Config:
        """The configuration in effect."""
        ...

    @property
    def exposition(self) -> Pages[Any]:
        """The metrics as text."""
        ...

    @property
    def started(self) -> float:
        """When the process started, in seconds since the epoch."""
        ...

    @property
    def version(self) -> str:
        """The exporter's version."""
        ...

    def servers(self) -> Sequence[ServerView]:
        """One view for each configured server, in configured order."""
        ...

    def exporter(self) -> ExporterView:
        """The exporter itself."""
        ...

    def ready(self) -> bool:
        """Whether every server was polled once, well or not."""
        ...

    async def reload(self) -> tuple[str, ...]:
        """Read the configuration anew: nothing on success, else the reasons why it was refused."""
        ...
