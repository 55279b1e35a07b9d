"""Who may ask, how often, and with which headers we answer: the web configuration at work.

The file and its certificates are looked at with each request and each handshake, so that users,
keys and headers change without a restart. A file that became unusable is reported once, and what
held before goes on to hold.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from aiohttp import web

from exporter.errors import ConfigurationError
from exporter.web.tls import CurrentContext
from exporter.web.webconfig import RateLimit, Reading, WebConfig, read

log = logging.getLogger(__name__)

RESTART_FOR_TLS = "TLS is turned on or off only at start; restart the exporter for this change"
RESTART_WITHOUT_USERS = (
    "the last user is removed only at start; restart the exporter to serve without passwords"
)

RULES = web.RequestKey("rules", WebConfig)
"""Under which rules a request was let in: the file may change while its password is checked."""

Signature = tuple[tuple[int, ...] | None, ...]


def signature(files: tuple[Path, ...]) -> Signature:
    """Something that differs when a file was changed, replaced, removed or became readable."""
    return tuple(map(_signature, files))


def _signature(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)


def beyond(before: Reading, after: Reading) -> Iterator[str]:
    """What a running server does not take over from a file.

    A file that is being written is empty for a moment: that must not open the door.
    """
    if (after.context is None) != (before.context is None):
        yield RESTART_FOR_TLS
    if before.config.users and not after.config.users:
        yield RESTART_WITHOUT_USERS


class WebConfigFile:
    """The web configuration as it is now; without a file, one that asks for nothing."""

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigurationError with every problem of the file."""
        self._path = path
        self._problems: tuple[str, ...] = ()
        self._good = Reading(WebConfig(), None, (), ())
        self._files: tuple[Path, ...] = ()
        if path is not None:
            self._good = read(path)
            self._files = self._good.files
            if self._good.problems:
                raise ConfigurationError(self._good.problems)
        self._seen: Signature | None = None

    @property
    def current(self) -> WebConfig:
        """The configuration in effect."""
        self._look()
        return self._good.config

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the file as it stands is not in effect; nothing when it is."""
        self._look()
        return self._problems

    def context(self) -> ssl.SSLContext | None:
        """What a listening socket needs for TLS; None without TLS."""
        return None if self._good.context is None else CurrentContext.following(self._context)

    def _context(self) -> ssl.SSLContext:
        self._look()
        assert self._good.context is not None
        return self._good.context

    def _look(self) -> None:
        """Read anew if a file was changed since the last look."""
        if self._path is None:
            return
        seen = signature(self._files)
        if seen == self._seen:
            return
        watched = self._files
        self._judge(read(self._path))
        # A signature counts for files that were read after it was taken; others wait for the next
        # look, so that no change falls between reading and remembering.
        self._seen = seen if self._files == watched else None

    def _judge(self, reading: Reading) -> None:
        """Take over a usable reading; of another one keep the problems and what to wait for."""
        problems = reading.problems
        if not problems:
            problems = tuple(f"{self._path}:1: {why}" for why in beyond(self._good, reading))
        self._tell(problems)
        if problems:
            self._files = tuple(dict.fromkeys((*reading.files, *self._good.files)))
        else:
            self._good, self._files = reading, reading.files

    def _tell(self, problems: tuple[str, ...]) -> None:
        """One line for each change of state, not one for each look."""
        if problems and problems != self._problems:
            log.error("web configuration refused, the last good one stays: %s", "; ".join(problems))
        elif self._problems and not problems:
            log.info("web configuration is usable again and in effect: %s", self._path)
        self._problems = problems


class TokenBucket:
    """How often anybody may ask; `limit` may change between two requests."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._limit: RateLimit | None = None
        self._tokens = 0.0
        self._counted = 0.0

    def take(self, limit: RateLimit | None) -> bool:
        """Whether there is a token for one more request."""
        now = self._monotonic()
        if limit != self._limit:
            self._limit, self._tokens, self._counted = limit, limit.burst if limit else 0.0, now
        if limit is None:
            return True
        self._tokens = min(limit.burst, self._tokens + (now - self._counted) / limit.interval)
        self._counted = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
