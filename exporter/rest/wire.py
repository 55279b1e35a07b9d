"""Requests and answers as values, so that everything but the transport is free of HTTP clients."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

Params = str | Iterable[tuple[str, str]]
"""Query parameters: pairs, sent in order and exact case, or a query string encoded already."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

TRIES = 4
"""How often one request is sent at most while its failures are worth another try."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call of an API. `path` is relative to the configured URL and starts with a slash.

    `accepted` are status codes beside 2xx that the caller wants to judge itself. `anonymous`
    requests carry no token. `sends_password` marks a logon, which is counted. `least_pause` is how
    many seconds must pass before the same request is sent again, whatever the back-off says.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    accepted: frozenset[int] = frozenset()
    anonymous: bool = False
    sends_password: bool = False
    tries: int = TRIES
    least_pause: float = 0.0

    @property
    def where(self) -> str:
        """Method and path for messages; never the query, which may say more than it should."""
        return f"{self.method} {self.path}"

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """The same request with more headers; its own ones win."""
        return replace(self, headers={**headers, **self.headers})


@dataclass(frozen=True, slots=True)
class Response:
    """One answer with its whole body. `headers` are looked up without regard to case."""

    where: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300


def encode_query(params: Params) -> str:
    """The query string of `params`; spaces become `%20`, which every server understands."""
    if isinstance(params, str):
        return params
    return urlencode(list(params), quote_via=quote, safe="")


def form(fields: Mapping[str, str]) -> bytes:
    """`fields` as the body of a form, the way OAuth token endpoints want it."""
    return urlencode(fields).encode("ascii")
