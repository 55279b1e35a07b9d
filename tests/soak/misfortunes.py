"""What goes wrong at a simulated server: a table of misfortunes, drawn by a seeded chance."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from exporter.simulator import Fault
from tests.soak.gate import Gate
from tests.soak.life import Life
from tests.soak.products import asks
from tests.soak.watch import LAST_POLL

HOUR = 3600.0
PAUSE = (0.5, 4.0)


class Misfortunes:
    """The faults of one server. `secret` is the file that holds its password."""

    def __init__(self, life: Life, secret: Path, tally: Counter[str]) -> None:
        self.life, self.server, self.secret, self.tally = life, life.server, secret, tally
        self.gate = Gate()
        self.chance = random.Random(f"{life.seed} misfortunes of {life.name}")
        own = {name: _plain(kind, 0.5, 2.0) for name, kind in life.product.faults.items()}
        self._known = {**MISFORTUNES, **own}
        self._deck: list[str] = []

    def write_secret(self) -> None:
        """Rotate the password file, as an agent does: a new file takes the old one's place."""
        fresh = self.secret.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(self.server.password, encoding="utf-8")
        fresh.replace(self.secret)

    async def strike(self) -> None:
        """Let the next misfortune happen; each kind has its turn before one comes again."""
        if not self._deck:
            self._deck = sorted(self._known)
            self.chance.shuffle(self._deck)
        kind = self._deck.pop()
        self.tally[kind] += 1
        await self._known[kind](self)

    async def calm(self) -> None:
        """Everything works again, and nothing new goes wrong."""
        await self.gate.close()
        self.server.faults.clear()
        await self.server.resume()

    async def fault(self, kind: str, seconds: float, **details: object) -> None:
        """A fault of the session list, or of what `path` says, for some seconds."""
        told = {"path": self.life.product.listing, "seconds": seconds, **details}
        await self.server.inject(Fault(kind, **told))  # type: ignore[arg-type]
        await self.wait(seconds)

    async def wait(self, seconds: float) -> None:
        """Let time pass, but come to an end when everything shall be calm."""
        await self.gate.pause(seconds)


def _plain(kind: str, shortest: float, longest: float, **details: object) -> "Misfortune":
    async def happen(at: Misfortunes) -> None:
        await at.fault(kind, at.chance.uniform(shortest, longest), **details)

    return happen


async def _refuse(at: Misfortunes) -> None:
    """Nothing listens for a while."""
    await at.server.stop_listening()
    await at.wait(at.chance.uniform(0.5, 4.0))
    await at.server.resume()


async def _break_between_pages(at: Misfortunes) -> None:
    """The first page comes, the next one is an error: nothing of that poll may be believed."""
    log, page = at.server.log, at.life.product.page
    before = log[-1] if log else None
    for _attempt in range(400):
        last = log[-1] if log else None
        if last is not None and last is not before and asks(last, page):
            break
        before = last or before
        await asyncio.sleep(0.01)
        if at.gate.closing:
            return
    await at.fault("status", at.chance.uniform(0.5, 3.0), code=500)


async def _expire(at: Misfortunes) -> None:
    completely = at.chance.random() < 0.5
    await at.server.inject(Fault("expire_tokens", completely=completely))


async def _change_password(at: Misfortunes) -> None:
    """The password changes; its file follows a little later."""
    await at.server.inject(Fault("change_password"))
    await at.wait(at.chance.uniform(0.0, 4.0))
    at.write_secret()


async def _set_clock(at: Misfortunes) -> None:
    """The server's clock jumps by an hour; it is set once between complete polls, as promised."""
    steps = [step for step in (-HOUR, 0.0, HOUR) if step != at.server.clock_offset]
    at.server.clock_offset = at.chance.choice(steps)
    for _poll in range(2):
        now = at.life.world.now()
        await at.life.watch.reaches(
            f'{LAST_POLL}{{server="{at.life.name}"}}', now, lambda: at.gate.closing
        )


Misfortune = Callable[[Misfortunes], Awaitable[None]]

MISFORTUNES: dict[str, Misfortune] = {
    "connections refused": _refuse,
    "500 between pages": _break_between_pages,
    "503 everywhere": _plain("status", 0.5, 3.0, code=503, path=""),
    "429": _plain("status", 0.5, 3.0, code=429, retry_after=1),
    "403": _plain("status", 0.5, 2.0, code=403),
    "rows shift": _plain("insert_row", 1.0, 3.0),
    "same page again": _plain("repeat_page", 0.5, 2.0),
    "malformed row": _plain("malformed_row", 0.5, 2.0),
    "slow": _plain("slow", 1.0, 4.0, delay=0.6, path=""),
    "too slow": _plain("slow", 1.0, 3.0, delay=5.0),
    "hanging": _plain("hang", 0.5, 3.0),
    "reset": _plain("reset", 0.5, 2.0),
    "truncated": _plain("truncate", 0.5, 2.0),
    "web page": _plain("html", 0.5, 2.0),
    "empty body": _plain("empty", 0.5, 2.0),
    "expired tokens": _expire,
    "changed password": _change_password,
    "clock set": _set_clock,
}
