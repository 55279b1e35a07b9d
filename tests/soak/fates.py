"""What befalls the exporter itself: a table of fates, one after another on a seeded schedule."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from tests.soak.life import Life
from tests.soak.products import SERVERS_EACH, asks
from tests.soak.stage import Stage
from tests.soak.watch import Watch

ERRORS = "backup_exporter_ledger_errors_total"

COMMIT_WITHIN = 0.06
"""Seconds after the last answer of a poll in which its commit happens."""


class World(Protocol):
    """What a fate may use of the whole run."""

    stage: Stage
    watch: Watch
    lives: list[Life]
    chance: random.Random

    def note(self, kind: str) -> None:
        """Count something that was done."""
        ...

    async def calm(self) -> None:
        """Bring life and misfortunes to a standstill and wait until all is counted."""
        ...

    async def begin_anew(self, damaged: float) -> None:
        """Wait until every counter is seen at 0 again, then let life go on."""
        ...


async def killed(world: World) -> None:
    """`kill -9` at a random moment, sometimes while it starts."""
    await world.stage.pause(0.0, 3.0)
    await _kill(world)
    await world.stage.pause(0.0, 0.8)
    if world.chance.random() < 0.2:
        await world.stage.start(patient=False)
        await world.stage.pause(0.1, 1.2)
        await _kill(world)
    await world.stage.start()


async def killed_in_commit(world: World) -> None:
    """`kill -9` just when a burst of sessions is being written down."""
    life = world.chance.choice(world.lives)
    await world.stage.pause(0.3, 1.0)
    now = life.world.now()
    if not life.gate.closing:
        for _number in range(10):
            life.finish(world.chance.choice(life.jobs), now - 0.5, now)
    await _last_request(life)
    await world.stage.pause(0.0, COMMIT_WITHIN)
    await _kill(world)
    await world.stage.start()


async def _last_request(life: Life) -> None:
    """Wait until the server is asked for what a poll reads at its end."""
    log = life.server.log
    seen = log[-1] if log else None
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        last = log[-1] if log else None
        if last is not seen and last is not None and asks(last, life.product.last):
            return
        seen = last
        await asyncio.sleep(0.002)


async def _kill(world: World) -> None:
    await world.stage.end(signal.SIGKILL)
    world.note("kill -9")


async def terminated(world: World) -> None:
    """An orderly end, as an upgrade brings it, of an exporter that has come up."""
    await world.stage.serves()
    await world.stage.pause(0.5, 2.0)
    await world.stage.end(signal.SIGTERM)
    world.note("SIGTERM")
    await world.stage.start()


async def reconfigured(world: World) -> None:
    """Every second server leaves the configuration by a restart, and is back by a reload."""
    await _kill(world)
    world.stage.configure(world.lives[::SERVERS_EACH])
    world.note("servers removed")
    await world.stage.start()
    await world.stage.pause(1.0, 4.0)
    world.stage.configure(world.lives)
    await world.stage.serves()
    os.kill(world.stage.pid, signal.SIGHUP)
    world.note("servers added")
    await world.stage.pause(1.0, 3.0)


async def second_exporter(world: World) -> None:
    """Another exporter on the same ledger is refused with a sentence."""
    await world.stage.is_refused("another exporter uses the ledger")
    world.note("second exporter")


async def disk_full(world: World) -> None:
    """No room for a while; sometimes the exporter dies in it."""
    if not world.stage.storage.separate:
        return
    world.stage.storage.fill()
    await world.stage.pause(2.0, 5.0)
    world.note("disk full" if "cannot be written" in world.stage.log else "disk full, not felt")
    if world.chance.random() < 0.5:
        await _kill(world)
        world.stage.storage.free()
        await world.stage.start()
    world.stage.storage.free()


async def read_only(world: World) -> None:
    """The disk comes back read-only after a restart: the exporter does not start, and says why."""
    if not world.stage.storage.separate:
        return
    await _kill(world)
    if world.stage.storage.read_only():
        await world.stage.is_refused("--storage.path")
        world.note("read-only")
    world.stage.storage.writable()
    await world.stage.start()


async def damaged_dead(world: World) -> None:
    """The ledger is damaged while no exporter runs."""
    await world.calm()
    before = world.stage.storage.moved_aside()
    await _kill(world)
    damaged = time.time()
    world.stage.storage.damage()
    await world.stage.start()
    await _expect_aside(world, before)
    await _expect_errors(world, 1)
    world.note("ledger damaged while dead")
    await world.begin_anew(damaged)


async def damaged_alive(world: World) -> None:
    """The ledger is damaged under a running exporter."""
    await world.calm()
    before = world.stage.storage.moved_aside()
    errors = await world.watch.value(ERRORS)
    damaged = time.time()
    await asyncio.to_thread(world.stage.storage.damage)
    await _expect_aside(world, before)
    await _expect_errors(world, errors + 1)
    world.note("ledger damaged while alive")
    await world.begin_anew(damaged)


async def _expect_aside(world: World, before: int) -> None:
    for _attempt in range(100):
        if world.stage.storage.moved_aside() > before:
            return
        await asyncio.sleep(0.1)
    world.stage.errors.append("a damaged ledger was not moved aside within 10 s")


async def _expect_errors(world: World, least: float) -> None:
    """The exporter looks at its own numbers every five seconds."""
    end = time.monotonic() + 15.0
    if not await world.watch.reaches(ERRORS, least, lambda: time.monotonic() > end):
        world.stage.errors.append(f"{ERRORS} did not become {least:g}")


Fate = Callable[[World], Awaitable[None]]

KILLS: tuple[Fate, ...] = (killed, killed_in_commit, killed)
SPECIAL: tuple[Fate, ...] = (
    disk_full,
    second_exporter,
    reconfigured,
    damaged_alive,
    terminated,
    read_only,
    reconfigured,
    disk_full,
    damaged_dead,
    terminated,
)
"""What happens beside kills, in this order, again and again."""


def plan(kills_between: int = 5) -> list[Fate]:
    """One round of all fates, with kills between the special ones."""
    order: list[Fate] = []
    for number, special in enumerate(SPECIAL):
        order += [KILLS[(number + kill) % len(KILLS)] for kill in range(kills_between)]
        order.append(special)
    return order
