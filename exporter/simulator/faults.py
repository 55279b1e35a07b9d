"""Faults on demand: which requests go wrong, how, how often and for how long.

A fault is data. Transport faults are played out by the server, page quirks by the product (it
alone knows what its pages look like), orders are carried out once when they are given.
"""

import dataclasses
from collections.abc import Iterator
from fnmatch import fnmatchcase

TRANSPORT = {
    "status": "answer with `code` and, if given, `retry_after` seconds and `body`",
    "slow": "answer after `delay` seconds",
    "hang": "never answer",
    "reset": "reset the connection instead of answering",
    "truncate": "announce the whole body, send half of it, hang up",
    "oversize": "send a body of `size` bytes",
    "html": "answer 200 with a web page",
    "empty": "answer 200 with an empty body",
    "redirect": "answer `code` (307) with `location`",
}
QUIRKS = {
    "repeat_page": "give the first page again for every page, always with a next one",
    "endless_pages": "give full pages of new sessions for ever",
    "insert_row": "a new session finishes before each page after the first: rows shift",
    "malformed_row": "put a row that cannot be read in front of the page",
    "unknown_word": "show `word` for `field` (status, bottleneck or type) in the first row",
    "mfa": "the right password buys no token: a second factor is wanted (azure)",
    "licence": "403 until somebody accepts the licence agreement (azure)",
}
ORDERS = {
    "expire_tokens": "end all logons; with `completely` also what could renew them",
    "change_password": "the account's password is `password` from now on; all logons end",
    "refuse_connections": "do not listen for `seconds`",
}
NUMBERS = ("count", "seconds", "code", "retry_after", "delay", "size")
KINDS = frozenset({*TRANSPORT, *QUIRKS, *ORDERS})


@dataclasses.dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    `path` is a prefix, or a pattern if it has a `*`; without case; empty means every path.
    `method` empty means every method. `count` is how many requests it still meets (None: all),
    `seconds` how long it lasts (None: until it is taken away).
    """

    kind: str
    path: str = ""
    method: str = ""
    count: int | None = None
    seconds: float | None = None
    code: int = 500
    retry_after: int | None = None
    body: str = ""
    delay: float = 1.0
    size: int = 512 * 1024 * 1024
    location: str = "https://elsewhere.invalid/"
    field: str = "status"
    word: str = "Hibernating"
    password: str = ""
    completely: bool = False
    until: float = dataclasses.field(default=float("inf"), init=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"there is no fault {self.kind!r}; known are {known}")
        for name in NUMBERS:
            if not isinstance(getattr(self, name), int | float | None):
                raise ValueError(f"{name} must be a number")

    def meets(self, method: str, path: str, now: float) -> bool:
        """Whether a request shall suffer from it."""
        if self.count == 0 or now >= self.until:
            return False
        if self.method and self.method.upper() != method:
            return False
        wanted, asked = self.path.lower(), path.lower()
        return fnmatchcase(asked, wanted) if "*" in wanted else asked.startswith(wanted)


class Faults:
    """The faults that are in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault, now: float) -> Fault:
        """Put a fault in force from `now` on."""
        if fault.seconds is not None:
            fault.until = now + fault.seconds
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Everything works again."""
        self._faults.clear()

    def remove(self, fault: Fault) -> None:
        """Take one fault away; it may have gone already."""
        self._faults = [other for other in self._faults if other is not fault]

    def due(self, method: str, path: str, now: float) -> list[Fault]:
        """The faults that this request meets; each has one request less to go."""
        met = [fault for fault in self._faults if fault.meets(method, path, now)]
        first = next((fault for fault in met if fault.kind in TRANSPORT), None)
        chosen = [fault for fault in met if fault.kind in QUIRKS or fault is first]
        for fault in chosen:
            if fault.count is not None:
                fault.count -= 1
        self._faults = [fault for fault in self._faults if fault.count != 0 and now < fault.until]
        return chosen

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)
