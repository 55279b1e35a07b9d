"""Which session counts, and what follows from one poll. Pure: values in, values out.

A finished session is counted once, by its id. It counts when it was followed while open, or when
it ended after this server was first configured; what ended before is history and fills only the
`last_*` facts. Ids are remembered until `floor`; a session older than that is never counted.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from exporter.ledger import counting, jobs
from exporter.ledger.jobs import Policy, Sight
from exporter.ledger.news import Known, Moment, News, sort_news
from exporter.ledger.state import DurationCounts, JobState, Key, ServerState, add
from exporter.model import Harvest, OpenSession

RETENTION = 3 * 86400.0
"""How long ids of counted sessions are remembered at least, in seconds of the server's time."""

CLOCK_STEP = 60.0
"""A clock that differs by more than so many seconds from before was set, not measured badly."""

SAME_CLOCK = 2.0
"""Two clocks closer than so many seconds are taken as equal."""


class Memory(NamedTuple):
    """What was remembered before the poll; `known` answers for the ids of the harvest."""

    server: ServerState
    jobs: Mapping[Key, JobState]
    known: Mapping[str, Known]


class Change(NamedTuple):
    """What one poll changes. `remembered` are new or revised sessions of the window of memory."""

    server: ServerState
    jobs: dict[Key, JobState]
    dropped: tuple[Key, ...]
    remembered: Mapping[str, Known]
    counted: int
    dropped_jobs: int


def absorb(memory: Memory, harvest: Harvest, policy: Policy, moment: Moment) -> Change:
    """What is true after a complete poll."""
    state = _locate(memory.server, moment)
    news = sort_news(state, memory.known, harvest, moment)
    steady = min(moment.noticed, moment.now + state.offset)
    facts = {job.id: job for job in harvest.jobs}
    sight = Sight(news.by_job, harvest, facts, moment.noticed, steady)
    changed, beyond = jobs.update(memory.jobs, sight, policy)
    dropped = jobs.gone(memory.jobs, changed, sight, policy)
    for key in dropped:
        changed.pop(key, None)
    floor = _next_floor(state, policy, moment)
    server = msgspec.structs.replace(
        state,
        cursor=moment.noticed,
        resume=_resume(state, harvest, moment),
        absorbed=moment.now,
        floor=floor,
        open=_next_open(state, harvest, news.open_sessions),
        unknown_values=add(state.unknown_values, news.unknown_values),
        durations=_observe(state.durations, news.by_job, changed),
    )
    return Change(
        server,
        changed,
        dropped,
        remembered={id_: fact for id_, fact in news.remembered.items() if fact.ended >= floor},
        counted=sum(len(news.by_job[key].counted) for key in changed if key in news.by_job),
        dropped_jobs=beyond,
    )


def _locate(state: ServerState, moment: Moment) -> ServerState:
    """Fix, at the first complete poll, by the server's clock since when sessions count.

    If that clock is set back later, the line moves back with it: a session that ends now must not
    look older than the exporter. A `Date` header has whole seconds, so a difference below two
    seconds means equal clocks.
    """
    if state.counted_from is not None:
        since = state.counted_from + min(0.0, _step(state, moment))
        return msgspec.structs.replace(state, counted_from=since)
    offset = moment.offset if abs(moment.offset) >= SAME_CLOCK else 0.0
    return msgspec.structs.replace(
        state, counted_from=state.baseline + offset, offset=moment.offset
    )


def _passed(state: ServerState, moment: Moment) -> float:
    """Seconds since the last complete poll, by our clock."""
    return 0.0 if state.absorbed is None else max(0.0, moment.now - state.absorbed)


def _step(state: ServerState, moment: Moment) -> float:
    """By how many seconds the server's clock was set since the last complete poll; else 0.

    When ours was set the other way it looks the same, and then the consequences are harmless.
    """
    if state.cursor is None:
        return 0.0
    step = moment.noticed - state.cursor - _passed(state, moment)
    return step if abs(step) > CLOCK_STEP else 0.0


def _resume(state: ServerState, harvest: Harvest, moment: Moment) -> float:
    """Where the next poll reads on from: the server's time at the start of this one.

    A server whose data is a cache has shown nothing that ended after it was refreshed: however long
    it was not, all of that is still to come, with the times at which it happened.
    """
    reached = _reached(state, moment)
    return reached if harvest.data_time is None else min(reached, harvest.data_time)


def _reached(state: ServerState, moment: Moment) -> float:
    """How far this poll has read, by the server's clock.

    After the clock was set back, this poll's window lay in its future: what ended meanwhile is
    stamped within the time that really passed, and is read next time. After it was set ahead,
    what is listed late may still carry a stamp from before.
    """
    step = _step(state, moment)
    if step < 0.0:
        return moment.noticed - _passed(state, moment)
    return moment.noticed - step


def _next_floor(state: ServerState, policy: Policy, moment: Moment) -> float:
    """Memory is shortened by as much time as really passed, whatever a clock that jumps says.

    It begins with the earlier of both clocks, so that a server whose clock runs ahead and is then
    set right does not find its sessions to be older than memory.
    """
    kept = max(RETENTION, 2 * policy.overlap)
    if state.absorbed is None:
        return min(moment.noticed, moment.now) - kept
    return max(state.floor, min(moment.noticed - kept, state.floor + _passed(state, moment)))


def _next_open(
    state: ServerState, harvest: Harvest, open_sessions: Mapping[str, OpenSession]
) -> dict[str, OpenSession]:
    """Open sessions of this poll, and those that it told nothing about."""
    told = {session.id for session in harvest.sessions}.union(harvest.gone)
    untold = {id_: item for id_, item in state.open.items() if id_ not in told}
    return {**untold, **open_sessions}


def _observe(
    durations: Mapping[str, DurationCounts],
    by_job: Mapping[Key, News],
    changed: Mapping[Key, JobState],
) -> Mapping[str, DurationCounts]:
    for key in changed:
        durations = (
            durations
            if key.session_type in durations
            else {**durations, key.session_type: counting.NO_DURATIONS}
        )
    for key, job in by_job.items():
        if job.counted and key in changed:
            durations = counting.observe(durations, key.session_type, job.counted)
    return durations
