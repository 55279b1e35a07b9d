"""What the web room asks of the rest of the house; the composition root provides it."""

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from exporter.config.values import Config
from exporter.view import ExporterView, ServerView


class Wanted(TypedDict):
    """A page's servers and families (None: all), how it is packed, and whether with our own."""

    servers: frozenset[str] | None
    names: frozenset[str] | None
    gzip: bool
    exporter: bool


class PageFormat(Protocol):
    """One of the text formats of Prometheus."""

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        ...


class PageOffer(Protocol):
    """A page that is about to be sent."""

    @property
    def data(self) -> bytes:
        """The body."""
        ...


AnyFormat = TypeVar("AnyFormat", bound=PageFormat)
AnyOffer = TypeVar("AnyOffer", bound=PageOffer)


class Pages(Protocol[AnyFormat, AnyOffer]):
    """The metrics as text: rendered once per change, kept in memory."""

    def negotiate(self, accept: str | None, /) -> AnyFormat:
        """The format that an Accept header asks for."""
        ...

    async def offer(self, format: AnyFormat, **wanted: Unpack[Wanted]) -> AnyOffer:
        """A page of what is wanted; it is made if it is not there."""
        ...

    def ready(self, format: AnyFormat, **wanted: Unpack[Wanted]) -> AnyOffer | None:
        """That page if it is there; nothing is made."""
        ...

    def delivered(self, offer: AnyOffer, /) -> None:
        """The page was sent as a whole: what stands on it has been read."""
        ...


class State(Protocol):
    """Everything that can be shown, as it is at the moment of asking."""

    @property
    def config(self) -> Config:
        """The configuration in effect."""
        ...

    @property
    def exposition(self) -> Pages[Any, Any]:
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
