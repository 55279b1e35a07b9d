"""What happens on a simulated server again and again: one small function for each kind of trouble.

A habit that waits for the exporter looks through Prometheus, and comes to its end when the gate
of its life closes.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.soak.life import Life
from tests.soak.truth import FINISHED

Habit = Callable[[Life], Awaitable[None]]


async def steady(life: Life) -> None:
    """A session of a few seconds, with whatever result."""
    now = life.world.now()
    life.finish(life.chance.choice(life.jobs), now, now + life.chance.uniform(0.3, 7.0))


async def instant(life: Life) -> None:
    """A session that begins and ends between two polls: nobody sees it running."""
    now = life.world.now()
    life.finish(life.chance.choice(life.jobs), now - 0.2, now)


async def waiting(life: Life) -> None:
    """A session that waits before it runs; not every product counts that as its duration."""
    now, waits = life.world.now(), life.chance.uniform(0.3, 2.0)
    ended = now + waits + life.chance.uniform(0.3, 3.0)
    life.finish(life.chance.choice(life.jobs), now, ended, queued_for=waits)
    life.lived["session waited"] += 1


async def long(life: Life) -> None:
    """A session that stays in the window of many polls."""
    now = life.world.now()
    life.finish(
        life.chance.choice(life.jobs), now, now + life.chance.uniform(1.0, 2.0) * life.lateness
    )


async def burst(life: Life) -> None:
    """Many sessions end at one moment."""
    now = life.world.now()
    for _number in range(life.chance.randrange(5, 12)):
        life.finish(life.chance.choice(life.jobs), now - 1.0, now + 0.2)
    life.lived["sessions ended at once"] += 1


async def late(life: Life) -> None:
    """A batch of sessions that lists show some time after their end."""
    now = life.world.now()
    shown = now + life.chance.uniform(0.3, 1.0) * life.lateness
    for _number in range(life.chance.randrange(1, 4)):
        run = life.finish(life.chance.choice(life.jobs), now - 2.0, now + life.chance.random())
        life.world.change_session(run.id, visible_from=shown)
        life.lived["session shown late"] += 1


async def first_failure(life: Life) -> None:
    """A job that is new, and its very first session fails."""
    now = life.world.now()
    name = f"Fresh {life.chance.randrange(10**6)}"
    job = life.world.add_job(name, kind=life.chance.choice(life.product.kinds))
    life.finish(job, now - 0.5, now, "failed")
    life.lived["job born with a failure"] += 1


async def rename(life: Life) -> None:
    """A job gets another name between, or during, its sessions."""
    now = life.world.now()
    life.finish(life.chameleon, now - 0.1, now + life.chance.uniform(0.0, 3.0))
    life.world.rename_job(life.chameleon.id, f"Chameleon {life.chance.randrange(10**6)}")
    life.lived["job renamed"] += 1


async def vanish(life: Life) -> None:
    """A session disappears while it runs, once the exporter has shown it as running."""
    job = life.world.add_job(f"Vanishing {life.chance.randrange(10**6)}")
    run = life.world.add_session(job, life.world.now(), figures=life.figures())
    running = f'backup_job_running_sessions{{server="{life.name}",job_id="{job.id}"}}'
    if await life.watch.reaches(running, 1, lambda: life.gate.closing):
        life.vanish(run)
    else:
        life.world.change_session(run.id, ended=life.world.now(), status=life.word())


async def revise(life: Life) -> None:
    """The result of a session changes after it was counted: it is not counted again."""
    now = life.world.now()
    job = life.world.add_job(f"Revised {life.chance.randrange(10**6)}")
    run = life.finish(job, now - 1.0, now, "warning")
    if await _shown(life, job.id):
        life.lived["result changed"] += 1
        life.revised[run.id] = "warning"
        life.world.change_session(run.id, status=life.word("failed"))


async def delete(life: Life) -> None:
    """A job is deleted after its last session was shown."""
    now = life.world.now()
    job = life.world.add_job(f"Deleted {life.chance.randrange(10**6)}")
    life.finish(job, now - 1.0, now)
    if await _shown(life, job.id):
        life.world.delete_job(job.id)
        life.deleted.add(job.id)
        life.lived["job deleted"] += 1


async def _shown(life: Life, job_id: str) -> bool:
    counted = f'{FINISHED}{{server="{life.name}",job_id="{job_id}"}}'
    return await life.watch.reaches(counted, 1, lambda: life.gate.closing)


HABITS: tuple[tuple[Habit, float, float], ...] = (
    (steady, 0.4, 1.2),
    (instant, 1.0, 3.0),
    (waiting, 1.0, 6.0),
    (long, 3.0, 8.0),
    (burst, 4.0, 12.0),
    (late, 3.0, 9.0),
    (first_failure, 3.0, 20.0),
    (rename, 3.0, 10.0),
    (vanish, 1.0, 20.0),
    (revise, 1.0, 20.0),
    (delete, 1.0, 20.0),
)
"""Each habit with the shortest and longest pause between two times, in seconds."""

LIVED = frozenset(
    {
        "job born with a failure",
        "job deleted",
        "job renamed",
        "result changed",
        "session ended after days",
        "session shown late",
        "session vanished while running",
        "session waited",
        "sessions ended at once",
    }
)
"""What every server must have lived through before a run may end."""


def lead(life: Life, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    """Begin to live: every habit for itself, with a chance of its own."""
    tasks = []
    for habit, shortest, longest in HABITS:
        chance = random.Random(f"{life.seed} {habit.__name__} of {life.name}")

        async def act(habit: Habit = habit) -> None:
            await habit(life)

        tasks.append(group.create_task(life.gate.repeat(act, chance, (shortest, longest))))
    return tasks
