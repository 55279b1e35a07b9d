"""A request and an answer as plain values, and what every simulated product offers.

Products decide from a `Call` what the `Answer` is; sockets, faults and counting are the server's.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from exporter.simulator.faults import Fault
from exporter.simulator.runs import Run

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. Names of query parameters are lower case, each with all its values.

    `base` is scheme and host as the client dialled them. `now` is the true time and `clock_offset`
    what the server's own clock adds to it, both in seconds. `quirks` are the page faults that this
    call shall show, by kind.
    """

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes
    base: str
    now: float
    clock_offset: float = 0.0
    quirks: Mapping[str, Fault] = field(default_factory=dict)

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name.lower(), (default,))[0]

    @property
    def bearer(self) -> str:
        """The bearer token that came along, empty if none did."""
        scheme, _space, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    """A value as compact JSON. Underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json_bytes(value), headers=named)


def json_bytes(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Logons(Protocol):
    """Who may log on, and who has."""

    username: str
    password: str
    counts: Counter[str]

    def open(self, now: float) -> int:
        """How many logons could still make calls."""
        ...

    def expire(self, *, completely: bool) -> None:
        """End every logon now; `completely` takes what could renew them, too."""
        ...


class SimulatedProduct(Protocol):
    """One product's API over a world.

    `habits` is a frozen dataclass of what differs between servers of the product, None without.
    """

    habits: Any

    @property
    def logons(self) -> Logons:
        """Its account and who is logged on."""
        ...

    def answer(self, call: Call) -> Answer:
        """What the server says to a request."""
        ...


class RowMemory:
    """Rendered rows of finished runs, so that a page of history is a join of kept bytes.

    A changed run is another object, for which the kept row is not used. What else a row depends on
    (API version, host, clock offset, names of jobs) belongs into the `variant`.
    """

    def __init__(self, variants: int = 8) -> None:
        self._rows: dict[object, dict[str, tuple[Run, bytes]]] = {}
        self._variants = variants

    def of(self, variant: object) -> dict[str, tuple[Run, bytes]]:
        """The kept rows of a variant: run id to the run and its bytes."""
        if variant not in self._rows and len(self._rows) >= self._variants:
            self._rows.clear()
        return self._rows.setdefault(variant, {})
