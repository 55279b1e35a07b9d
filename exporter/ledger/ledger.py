"""The ledger: absorbs polls one after another, durably, and says what may be published.

Numbers are committed before they are published. When a commit fails (disk full, directory not
writable) what was published stays, the cursor stays, and the same sessions are read again later,
so that nothing is lost and nothing is counted twice.
"""

import logging
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import msgspec

from exporter.clock import Clock
from exporter.ledger import rules, schema
from exporter.ledger.entry import Entry, Poll
from exporter.ledger.news import Known
from exporter.ledger.publish import Subject
from exporter.ledger.state import DurationCounts, JobState, Key, ServerState
from exporter.ledger.store import Own, Store, Stored, Write
from exporter.model import OpenSession, Window
from exporter.view import HistogramView, ServerView

ZERO_HELD = 300.0
"""After so many seconds a 0 that nobody scraped has been shown long enough."""

COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

PRUNE_STEP = rules.RETENTION / 16
"""Old ids are pruned in steps of so many seconds, not with every poll."""

log = logging.getLogger(__name__)


def never_served(_server: str) -> int:
    """For a process that serves nobody: zeros are held for their time."""
    return -1


class Ledger:
    """The durable memory of one exporter; used from one thread at a time."""

    def __init__(
        self,
        directory: Path | None,
        clock: Clock,
        served: Callable[[str], int] = never_served,
    ) -> None:
        """Open it; None remembers in memory only. `served` tells the newest generation of a server
        that somebody has read. Raises LedgerError.
        """
        self._clock = clock
        self._served = served
        self._store = Store(directory)
        own = self._store.own()
        self._own = Own(own.errors, own.commits if own.commits.counts else _no_commits())
        if self._store.moved_aside:
            self._own = msgspec.structs.replace(self._own, errors=self._own.errors + 1)
        self._stored = self._store.load()
        self._entries: dict[str, Entry] = {}
        self._sessions = self._store.count_sessions()
        self._failing = False

    @property
    def errors(self) -> int:
        """How often the ledger could not be read or written."""
        return self._own.errors

    @property
    def sessions(self) -> int:
        """How many sessions are remembered by id."""
        return self._sessions

    def commits(self) -> HistogramView:
        """How long commits took, in seconds."""
        counts = tuple(accumulate(self._own.commits.counts))
        return HistogramView(COMMIT_BUCKETS, counts, self._own.commits.sum)

    def register(self, subject: Subject) -> ServerView:
        """Know a configured server, or its changed configuration; what is remembered of it."""
        name = subject.config.name
        entry = self._entries.get(name)
        if entry is None:
            entry = self._entries[name] = Entry(subject, *self._remembered(name))
        entry.subject = subject
        return self._publish(entry)

    def _remembered(self, name: str) -> Stored:
        """A server from the file, or a new one; sessions count from now on."""
        stored = self._stored.pop(name, None)
        if stored is not None:
            down = msgspec.structs.replace(stored.state.observed, up=False, next_poll=None)
            state = msgspec.structs.replace(stored.state, observed=down)
            return Stored(stored.number, state, stored.jobs)
        state = ServerState(baseline=self._clock.now())
        return Stored(self._store.add_server(name, state), state, {})

    def unregister(self, name: str) -> None:
        """Keep a server that is no longer configured only in the file."""
        entry = self._entries.pop(name)
        self._stored[name] = Stored(entry.number, entry.state, entry.jobs)

    def plan(self, name: str) -> tuple[Window, tuple[OpenSession, ...]]:
        """What the next poll of a server must read."""
        entry = self._entries[name]
        config, state = entry.subject.config, entry.state
        open_sessions = tuple(state.open.values())
        if state.cursor is None:
            return Window(self._clock.now() - config.lookback, first=True), open_sessions
        return Window(state.cursor - config.overlap), open_sessions

    def record(self, name: str, poll: Poll) -> ServerView:
        """Take a poll in, complete or failed; what is to be published then."""
        entry = self._entries[name]
        entry.deferred = entry.deferred.plus(poll.operations())
        observed = poll.observed(entry.state.observed)
        try:
            write, known = self._write(entry, poll)
            self._commit(entry, write, known)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            entry = self._entries[name]
        entry.state = msgspec.structs.replace(
            entry.state,
            observed=msgspec.structs.replace(observed, dropped_jobs=entry.dropped_jobs),
        )
        return self._publish(entry)

    def _write(self, entry: Entry, poll: Poll) -> tuple[Write, int]:
        """What a poll changes, and how many of its remembered sessions were known before."""
        state, known = entry.state, 0
        jobs: dict[Key, JobState] = {}
        dropped: tuple[Key, ...] = ()
        remembered: list[tuple[str, Known]] = []
        if poll.harvest is not None:
            ids = [session.id for session in poll.harvest.sessions if session.result is not None]
            facts = self._store.known(entry.number, [*ids, *poll.harvest.gone])
            memory = rules.Memory(state, entry.jobs, facts)
            change = rules.absorb(memory, poll.harvest, entry.policy(), poll.moment())
            state, jobs, dropped = change.server, change.jobs, change.dropped
            remembered, entry.dropped_jobs = change.remembered, change.dropped_jobs
            known = sum(id_ in facts for id_, _fact in remembered)
        ready_jobs, ready_names = entry.ready(self._served, self._clock.monotonic(), ZERO_HELD)
        for key in ready_jobs.difference(dropped):
            job = jobs.get(key) or entry.jobs.get(key)
            if job is not None:
                jobs[key] = msgspec.structs.replace(job, announced=True)
        state = msgspec.structs.replace(
            state,
            operations=state.operations.plus(entry.deferred),
            observed=poll.observed(state.observed),
            announced=state.announced | ready_names,
        )
        prune = state.floor if state.floor - entry.pruned >= PRUNE_STEP else None
        return Write(state, jobs, dropped, remembered, prune), known

    def _commit(self, entry: Entry, write: Write, known: int) -> None:
        began = time.perf_counter()
        pruned = self._store.commit(entry.number, write, self._own)
        self._observe(time.perf_counter() - began)
        self._sessions += len(write.remembered) - known - pruned
        entry.take(write)
        if self._failing:
            self._failing = False
            log.info("the ledger can be written again")

    def _observe(self, seconds: float) -> None:
        counts = list(self._own.commits.counts)
        counts[bisect_left(COMMIT_BUCKETS, seconds)] += 1
        commits = DurationCounts(tuple(counts), self._own.commits.sum + seconds)
        self._own = msgspec.structs.replace(self._own, commits=commits)

    def _fail(self, error: sqlite3.Error | OSError) -> None:
        """A commit did not happen: said once; a file that broke is replaced."""
        self._own = msgspec.structs.replace(self._own, errors=self._own.errors + 1)
        if schema.is_damage(error) and self._store.path is not None:
            self._start_over()
        elif not self._failing:
            self._failing = True
            log.error(
                "the ledger cannot be written; polling goes on and new numbers wait",
                extra={"error": str(error)},
            )

    def _start_over(self) -> None:
        """The file broke while in use: counters begin again at 0, which is a normal reset."""
        self._store.replace_damaged()
        self._stored, self._sessions = {}, 0
        for name, entry in list(self._entries.items()):
            fresh = Entry(entry.subject, *self._remembered(name))
            fresh.generation = entry.generation
            self._entries[name] = fresh

    def view(self, name: str) -> ServerView:
        """A server as it is to be shown now, without a poll: claims may have become stale."""
        return self._publish(self._entries[name])

    def _publish(self, entry: Entry) -> ServerView:
        return entry.publish(self._clock.now(), self._clock.monotonic())

    def close(self) -> None:
        """Close the file; everything published is in it."""
        self._store.close()


def _no_commits() -> DurationCounts:
    return DurationCounts((0,) * (len(COMMIT_BUCKETS) + 1))
