"""The ledger: absorbs polls one after another, durably, and says what may be published.

Numbers are committed before they are published. When a commit fails (disk full, directory not
writable) what was published stays, the cursor stays, and the same sessions are read again later,
so that nothing is lost and nothing is counted twice.
"""

import logging
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path

import msgspec

from exporter.clock import Clock
from exporter.errors import LedgerError
from exporter.ledger import rules, schema
from exporter.ledger.entry import Entry, Poll
from exporter.ledger.news import Known
from exporter.ledger.publish import Subject
from exporter.ledger.reading import Own, Stored
from exporter.ledger.state import DurationCounts, JobState, Key, ServerState
from exporter.ledger.store import Store, Write
from exporter.model import Harvest, OpenSession, Window
from exporter.view import HistogramView, ServerView

ZERO_HELD = 300.0
"""After so many seconds a 0 that nobody scraped has been shown long enough."""

ZERO_POLLS = 10
"""A server that is polled more often than usual is scraped more often, too: after so many of its
poll intervals nobody is waited for either."""

COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

NO_COMMITS = DurationCounts((0,) * (len(COMMIT_BUCKETS) + 1))

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
        self._stored, own, self._sessions = self._store.contents
        commits = own.commits if len(own.commits.counts) == len(COMMIT_BUCKETS) + 1 else NO_COMMITS
        self._own = self._written = Own(own.errors + self._store.moved_aside, commits)
        self._entries: dict[str, Entry] = {}
        self._generations: dict[str, int] = {}
        self._failing = False
        self._broken = False

    @property
    def errors(self) -> int:
        """How often the ledger could not be read or written."""
        return self._own.errors

    @property
    def sessions(self) -> int:
        """How many sessions are remembered by id."""
        return self._sessions

    def commits(self) -> HistogramView:
        """How long commits took, in seconds, as far as it is written down.

        A commit cannot hold its own duration, so the last one is told when the next has followed:
        a counter that was shown earlier would fall when the process is killed in between.
        """
        commits = self._written.commits
        return HistogramView(COMMIT_BUCKETS, tuple(accumulate(commits.counts)), commits.sum)

    def register(self, subject: Subject) -> ServerView:
        """Know a configured server, or its changed configuration; what is remembered of it."""
        name = subject.config.name
        entry = self._entries.get(name)
        if entry is None:
            generation = self._generations.get(name, 0)
            entry = self._entries[name] = Entry(subject, self._remembered(name), generation)
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
        return Stored(self._add(name, state), state, {})

    def _add(self, name: str, state: ServerState) -> int | None:
        """The number of a new server in the file; None when it must wait for a later poll."""
        try:
            return self._store.add_server(name, state)
        except (sqlite3.Error, OSError) as error:
            self._note(error)
            return None

    def unregister(self, name: str) -> None:
        """Keep a server that is no longer configured only in the file."""
        entry = self._entries.pop(name)
        self._generations[name] = entry.generation
        self._stored[name] = Stored(entry.number, entry.state, entry.jobs)

    def plan(self, name: str) -> tuple[Window, tuple[OpenSession, ...]]:
        """What the next poll of a server must read.

        A first poll that comes late, because the server was down, still reads back to when the
        server was configured: what has ended since then counts. Later ones never read what is
        older than memory, not even when the server's clock has fallen back by years.
        """
        entry = self._entries[name]
        entry.planned = True
        config, state = entry.subject.config, entry.state
        open_sessions = tuple(state.open.values())
        if state.resume is None:
            start = min(self._clock.now() - config.lookback, state.baseline - config.overlap)
            return Window(start, first=True), open_sessions
        return Window(max(state.resume, state.floor) - config.overlap), open_sessions

    def record(self, name: str, poll: Poll) -> ServerView:
        """Take a poll in, complete or failed; what is to be published then.

        A poll that was under way when the ledger broke has read too little for a new one, which
        wants all of history: only that it took place is kept.
        """
        entry = self._entries[name]
        entry.deferred = entry.deferred.plus(poll.operations())
        if not entry.planned:
            return self._publish(entry)
        observed = poll.observed(entry.state.observed)
        try:
            if entry.number is None:
                entry.number = self._store.add_server(name, entry.state)
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
        remembered: Mapping[str, Known] = {}
        if poll.harvest is not None:
            change, facts = self._absorb(entry, poll, poll.harvest)
            state, jobs, dropped = change.server, change.jobs, change.dropped
            remembered, known = change.remembered, len(change.remembered.keys() & facts.keys())
        ready_jobs, ready_names = entry.ready(self._served, self._clock.monotonic(), _held(entry))
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

    def _absorb(
        self, entry: Entry, poll: Poll, harvest: Harvest
    ) -> tuple[rules.Change, Mapping[str, Known]]:
        """What follows from a harvest, and which of its sessions were remembered before."""
        assert entry.number is not None
        ids = [session.id for session in harvest.sessions]
        facts = self._store.known(entry.number, [*ids, *harvest.gone])
        memory = rules.Memory(entry.followed(), entry.jobs, facts)
        change = rules.absorb(memory, harvest, entry.policy(), poll.moment())
        if change.dropped_jobs and not entry.dropped_jobs:
            config = entry.subject.config
            log.warning(
                "there are more jobs than max_jobs; those beyond it get no series",
                extra={"server": config.name, "dropped": change.dropped_jobs},
            )
        entry.dropped_jobs = change.dropped_jobs
        return change, facts

    def _commit(self, entry: Entry, write: Write, known: int) -> None:
        assert entry.number is not None
        began = time.perf_counter()
        pruned = self._store.commit(entry.number, write, self._own)
        self._written = self._own
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
        """A commit did not happen; a file that broke is replaced."""
        self._note(error)
        self._broken = self._broken or (self._store.path is not None and schema.is_damage(error))
        if self._broken:
            self._start_over()

    def _note(self, error: sqlite3.Error | OSError) -> None:
        """Count every error, but say it once until writing works again."""
        self._own = msgspec.structs.replace(self._own, errors=self._own.errors + 1)
        if not self._failing:
            self._failing = True
            log.error(
                "the ledger cannot be written; polling goes on and new numbers wait",
                extra={"error": str(error)},
            )

    def _start_over(self) -> None:
        """The file broke while in use: counters begin again at 0, which is a normal reset.

        When not even a new file can be made, what was published stays and the next poll tries
        again.
        """
        try:
            self._store.replace_damaged()
        except (sqlite3.Error, OSError, LedgerError):
            return
        self._broken = False
        self._stored, self._sessions = {}, 0
        for name, entry in list(self._entries.items()):
            fresh = self._remembered(name)
            self._entries[name] = Entry(entry.subject, fresh, entry.generation)
            self._entries[name].planned = False

    def view(self, name: str) -> ServerView:
        """A server as it is to be shown now, without a poll: claims may have become stale."""
        return self._publish(self._entries[name])

    def _publish(self, entry: Entry) -> ServerView:
        return entry.publish(self._clock.now(), self._clock.monotonic())

    def close(self) -> None:
        """Close the file; everything published is in it."""
        self._store.close()


def _held(entry: Entry) -> float:
    """For how many seconds a new series stays at 0 when nobody scrapes."""
    return min(ZERO_HELD, ZERO_POLLS * entry.subject.config.poll_interval)
