"""Bearer tokens with refresh, as OAuth password logons hand them out."""

import secrets
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token, what renews it, and its life in seconds since the epoch."""

    access: str
    refresh: str
    issued: float
    expires: float


class BearerTokens:
    """The logons of one server. `lifetime` is seconds, `quota` seconds between two logons."""

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self.password = password
        self.lifetime = 3600.0
        self.quota = 1.0
        self.counts: Counter[str] = Counter()
        self._pairs: dict[str, TokenPair] = {}
        self._by_refresh: dict[str, TokenPair] = {}
        self._last_logon = float("-inf")

    def too_fast(self, now: float) -> bool:
        """Whether this logon comes too soon after the last one that was let through."""
        if 0 <= now - self._last_logon < self.quota:
            self.counts["throttled"] += 1
            return True
        self._last_logon = now
        return False

    def log_on(self, username: str, password: str, now: float) -> TokenPair | None:
        """A new pair for the right name and password, None for wrong ones."""
        if username.lower() != self.username.lower() or password != self.password:
            self.counts["refused"] += 1
            return None
        self.counts["logons"] += 1
        return self._issue(now)

    def renew(self, refresh: str, now: float) -> TokenPair | None:
        """A new pair for a refresh token, which dies with its access token; None if unknown."""
        old = self._by_refresh.pop(refresh, None)
        if old is None:
            self.counts["refused"] += 1
            return None
        self._pairs.pop(old.access, None)
        self.counts["renewals"] += 1
        return self._issue(now)

    def valid(self, access: str, now: float) -> bool:
        """Whether calls with this access token are let in."""
        pair = self._pairs.get(access)
        return pair is not None and now < pair.expires

    def log_off(self, access: str) -> None:
        """End a logon and what could renew it."""
        pair = self._pairs.pop(access, None)
        if pair is not None:
            self._by_refresh.pop(pair.refresh, None)
            self.counts["logoffs"] += 1

    def open(self, now: float) -> int:
        """How many access tokens are valid."""
        return sum(now < pair.expires for pair in self._pairs.values())

    def expire(self, *, completely: bool) -> None:
        """End every access token now; `completely` takes the refresh tokens, too."""
        self._pairs.clear()
        if completely:
            self._by_refresh.clear()

    def _issue(self, now: float) -> TokenPair:
        pair = TokenPair(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), now, now + self.lifetime
        )
        self._pairs[pair.access] = pair
        self._by_refresh[pair.refresh] = pair
        return pair
