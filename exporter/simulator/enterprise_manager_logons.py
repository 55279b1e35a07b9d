"""Logons of an Enterprise Manager: opened with a password, kept by use, closed by their id."""

import base64
import binascii
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass

from exporter.simulator.generation import identifier

FOREIGN_USER = "LAB\\operator"


@dataclass(slots=True)
class Logon:
    """One open logon; `used` is its last request in seconds since the epoch."""

    session_id: str
    username: str
    used: float

    @property
    def token(self) -> str:
        """What the header or the cookie has to carry: the id in base64, as the product does it."""
        return base64.b64encode(self.session_id.encode()).decode()


class SessionLogons:
    """Who is logged on. `idle_limit` is seconds without a request after which a logon ends.

    Somebody else is logged on all the time: a client that ends that logon does harm.
    """

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self.password = password
        self.idle_limit = 900.0
        self.counts: Counter[str] = Counter()
        self.foreign: Logon | None = Logon(identifier(0, "foreign"), FOREIGN_USER, float("inf"))
        self._logons: dict[str, Logon] = {}

    def log_on(self, authorization: str, now: float) -> Logon | None:
        """A new logon for an `Authorization` header with the right name and password."""
        name, password = _basic(authorization)
        known = name.lower() == self.username.lower()
        if not known or not secrets.compare_digest(password.encode(), self.password.encode()):
            self.counts["refused"] += 1
            return None
        self.counts["logons"] += 1
        logon = Logon(str(uuid.uuid4()), self.username, now)
        self._logons[logon.token] = logon
        return logon

    def use(self, token: str, now: float) -> bool:
        """Whether a token is let in, which keeps its logon alive."""
        logon = self._logons.get(token)
        if logon is None or not self._alive(logon, now):
            self._logons.pop(token, None)
            return False
        logon.used = now
        return True

    def all(self, now: float) -> list[Logon]:
        """Everybody's open logons, the other person's first."""
        own = [logon for logon in self._logons.values() if self._alive(logon, now)]
        return [self.foreign, *own] if self.foreign is not None else own

    def log_off(self, session_id: str, now: float) -> bool:
        """End the logon with that id, whosever it is. False if there is none."""
        if self.foreign is not None and self.foreign.session_id == session_id:
            self.foreign = None
            self.counts["foreign_logoffs"] += 1
            return True
        found = next((one for one in self.all(now) if one.session_id == session_id), None)
        if found is None:
            return False
        del self._logons[found.token]
        self.counts["logoffs"] += 1
        return True

    def open(self, now: float) -> int:
        """How many logons of the account are open."""
        return sum(self._alive(logon, now) for logon in self._logons.values())

    def expire(self, *, completely: bool) -> None:
        """End every logon of the account; there is nothing that could renew one."""
        del completely
        self._logons.clear()

    def _alive(self, logon: Logon, now: float) -> bool:
        return now - logon.used < self.idle_limit


def _basic(authorization: str) -> tuple[str, str]:
    """Name and password of a Basic header, both empty if it is none."""
    scheme, _space, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    name, _colon, password = text.partition(":")
    return name, password
