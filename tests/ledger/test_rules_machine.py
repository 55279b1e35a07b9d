"""Whatever happens to a server, each session is counted once: the rules against a plain truth.

The machine is a backup server with clocks that can be set, lists that come shuffled, doubled and
late, and jobs that are renamed and deleted. The truth beside it is a dictionary. Both are compared
whenever two polls in a row saw nothing unusual; that nothing falls and nothing is counted twice is
checked after every step.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exporter.ledger import rules, runs
from exporter.ledger.news import Known, Moment
from exporter.ledger.state import JobState, Key, ServerState
from exporter.model import Harvest, Job, Result, Session, State
from tests.ledger.world import DAY, POLICY, START

JOBS = ("a", "b", "c")
TYPE = "Backup"
OVERLAP = POLICY.overlap
MOST_RUNS = 28  # of one job: within the window of runs that are kept one by one
results = st.sampled_from(Result)


@dataclass
class Truth:
    """A session as it really is: times as the server's clock stamped them."""

    id: str
    job: str
    started: float
    ended: float | None = None
    result: Result | None = None
    visible: float = 0.0  # true time from which on it is listed
    history: bool = False
    exists: bool = True
    archived: bool = False  # its job was deleted since
    fixed: Result | None = None  # the result it must have been counted with

    def row(self, name: str) -> Session:
        state = State.RUNNING if self.result is None else State.FINISHED
        return Session(self.id, self.job, name, TYPE, state, self.result, self.started, self.ended)


@dataclass
class Memory:
    """What the ledger would keep: the rules' values, and ids until they are pruned."""

    server: ServerState
    jobs: dict[Key, JobState] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)

    def absorb(self, harvest: Harvest, moment: Moment) -> None:
        change = rules.absorb(
            rules.Memory(self.server, self.jobs, self.known), harvest, POLICY, moment
        )
        self.server = change.server
        self.jobs = {
            key: job for key, job in (self.jobs | change.jobs).items() if key not in change.dropped
        }
        self.known |= change.remembered
        floor = self.server.floor
        self.known = {id_: fact for id_, fact in self.known.items() if fact.ended >= floor}


class BackupServer(RuleBasedStateMachine):
    """The server, the exporter's clock, and the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.time = START
        self.server_skew = self.our_skew = 0.0
        self.sessions: dict[str, Truth] = {}
        self.names = dict.fromkeys(JOBS, "first name")
        self.deleted: set[str] = set()
        self.stepped = False
        self.memory = Memory(ServerState(baseline=START))
        self.highest: dict[Key, int] = {}
        self.floors = [0.0]
        self.random = random.Random(0)

    @initialize(
        history=st.lists(st.tuples(st.sampled_from(JOBS), results, st.integers(1, 10 * 24))).map(
            lambda rows: rows[:12]
        ),
        skew=st.sampled_from([0.0, 1.0, -7200.0, 7200.0]),
        seed=st.integers(0, 1000),
        outage=st.sampled_from([0.0, 60.0, 5 * DAY]),
    )
    def begin(
        self, history: list[tuple[str, Result, int]], skew: float, seed: int, outage: float
    ) -> None:
        self.server_skew, self.random = skew, random.Random(seed)
        for number, (job, result, hours) in enumerate(history):
            ended = START + skew - hours * 3600.0
            self.sessions[f"h{number}"] = Truth(
                f"h{number}", job, ended - 600, ended, result, history=True
            )
        self.time += outage
        self.poll_once(listing=True)

    # ---- what happens at the server ----

    def stamp(self) -> float:
        return self.time + self.server_skew

    def of(self, job: str) -> list[Truth]:
        return [item for item in self.sessions.values() if item.job == job and not item.archived]

    @rule(job=st.sampled_from(JOBS), late=st.sampled_from([0.0, 0.0, 300.0]))
    def start(self, job: str, late: float) -> None:
        if job in self.deleted or len(self.of(job)) >= MOST_RUNS:
            return
        id_ = f"s{len(self.sessions)}"
        self.sessions[id_] = Truth(id_, job, self.stamp(), visible=self.time + late)

    @rule(pick=st.randoms(use_true_random=False), result=results)
    def finish(self, pick: random.Random, result: Result) -> None:
        open_ = [item for item in self.sessions.values() if item.exists and item.result is None]
        if open_:
            item = pick.choice(open_)
            item.result, item.ended = result, self.stamp()

    @rule(job=st.sampled_from(JOBS), result=results, seconds=st.sampled_from([0.0, 30.0, 7200.0]))
    def run_unseen(self, job: str, result: Result, seconds: float) -> None:
        """A whole session between two polls."""
        before = len(self.sessions)
        self.start(job, 0.0)
        self.time += seconds
        for id_ in list(self.sessions)[before:]:
            self.sessions[id_].result, self.sessions[id_].ended = result, self.stamp()

    @rule(pick=st.randoms(use_true_random=False))
    def vanish(self, pick: random.Random) -> None:
        """The product forgets a session that runs: what nobody saw is none, the rest unknown."""
        open_ = [item for item in self.sessions.values() if item.exists and item.result is None]
        if open_:
            pick.choice(open_).exists = False

    @rule(pick=st.randoms(use_true_random=False), result=results)
    def revise(self, pick: random.Random, result: Result) -> None:
        self.settle()
        over = [
            item
            for item in self.sessions.values()
            if item.exists
            and item.ended is not None
            and not item.archived
            and item.ended > self.stamp() - OVERLAP
        ]
        if over:
            pick.choice(over).result = result

    @rule(seconds=st.sampled_from([1.0, 30.0, 60.0, 300.0, 600.0, 4 * 3600.0, 2 * DAY, 5 * DAY]))
    def pass_time(self, seconds: float) -> None:
        self.time += seconds

    @precondition(lambda self: not self.stepped)
    @rule(seconds=st.sampled_from([-7200.0, -600.0, -61.0, 5.0, 600.0, 7200.0, 40 * DAY]))
    def step_server_clock(self, seconds: float) -> None:
        """Set the server's clock; by forty days ahead is noticed and taken back at once."""
        if seconds >= DAY:
            self.settle()
            self.server_skew += seconds
            self.poll_once(listing=False)
            self.server_skew -= seconds
        else:
            self.server_skew += seconds
        self.stepped = True

    @precondition(lambda self: not self.stepped)
    @rule(seconds=st.sampled_from([-7200.0, -61.0, 600.0, 7200.0]))
    def step_our_clock(self, seconds: float) -> None:
        self.our_skew += seconds
        self.stepped = True

    @rule(job=st.sampled_from(JOBS), name=st.sampled_from(["second name", "third name"]))
    def rename(self, job: str, name: str) -> None:
        self.names[job] = name

    @rule(job=st.sampled_from(JOBS))
    def delete(self, job: str) -> None:
        if job in self.deleted or any(item.result is None for item in self.of(job)):
            return
        self.settle()
        self.deleted.add(job)
        for _list in range(2):
            self.time += 60.0
            self.poll_once(listing=True)
        assert Key(job, TYPE) not in self.memory.jobs
        self.highest.pop(Key(job, TYPE), None)
        for item in self.of(job):
            item.archived = True

    @rule(job=st.sampled_from(JOBS))
    def create_again(self, job: str) -> None:
        self.deleted.discard(job)

    # ---- polls ----

    @rule(listing=st.booleans())
    def poll(self, listing: bool) -> None:
        self.poll_once(listing=listing)

    @rule()
    def failed_poll(self) -> None:
        """Brings nothing and changes nothing; the next window is as long as it must be."""
        self.time += 60.0

    def poll_once(self, *, listing: bool) -> None:
        server = self.memory.server
        since = 0.0
        if server.resume is not None:
            since = max(server.resume, server.floor) - OVERLAP
        rows, gone = [], []
        for item in self.sessions.values():
            followed = item.id in server.open
            seen = item.visible <= self.time and (item.ended is None or item.ended >= since)
            if item.exists and (seen or followed):
                rows.append(item.row(self.names[item.job]))
            elif followed:
                gone.append(item.id)
        rows += self.random.sample(rows, min(2, len(rows)))
        self.random.shuffle(rows)
        moment = Moment(self.time + self.our_skew, self.stamp(), self.server_skew - self.our_skew)
        self._note(gone, moment)
        jobs = tuple(Job(id_, self.names[id_], (TYPE,)) for id_ in JOBS if id_ not in self.deleted)
        harvest = Harvest(
            tuple(rows),
            gone=tuple(gone),
            jobs=jobs if listing else (),
            job_list=listing,
            listed_types=frozenset({TYPE}) if listing else frozenset(),
        )
        self.memory.absorb(harvest, moment)
        self.floors.append(self.memory.server.floor)
        self.stepped = False

    def _note(self, gone: list[str], moment: Moment) -> None:
        for id_ in gone:
            item = self.sessions[id_]
            item.result, item.ended = Result.UNKNOWN, max(moment.noticed, item.started)

    def settle(self) -> None:
        """Poll until everything is known, then compare."""
        for _poll in range(2):
            self.time += 400.0  # what is late is visible after it
            self.poll_once(listing=False)
        for item in self.sessions.values():
            if item.result is not None and item.fixed is None:
                item.fixed = item.result
        for job in JOBS:
            self._compare(job)

    def _compare(self, job: str) -> None:
        over = [item for item in self.of(job) if item.ended is not None]
        over = [item for item in over if item.exists or item.result is Result.UNKNOWN]
        state = self.memory.jobs.get(Key(job, TYPE))
        if state is None:
            assert not over
            return
        expected = dict.fromkeys(Result, 0)
        for item in over:
            if not item.history:
                assert item.fixed is not None
                expected[item.fixed] += 1
        assert dict(state.totals.finished) == expected
        over.sort(key=lambda item: (item.ended, item.started, item.id))
        assert [run.id for run in state.runs] == [item.id for item in over]
        assert [run.result for run in state.runs] == [item.result for item in over]
        failures = 0
        for item in over:
            failures = failures + 1 if item.result is Result.FAILED else 0
        assert runs.consecutive_failures(state.runs, state.fold) == failures

    @invariant()
    def nothing_falls(self) -> None:
        for key, state in self.memory.jobs.items():
            total = sum(state.totals.finished.values())
            possible = sum(not item.history for item in self.sessions.values())
            assert self.highest.get(key, 0) <= total <= possible
            self.highest[key] = total

    @invariant()
    def memory_is_never_shortened_into_the_present(self) -> None:
        assert self.floors == sorted(self.floors)
        assert self.floors[-1] <= self.time + max(self.server_skew, 0.0) - 2 * DAY

    def teardown(self) -> None:
        if self.memory.server.cursor is not None:
            self.settle()


TestBackupServer = BackupServer.TestCase
TestBackupServer.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, derandomize=True
)


@pytest.mark.parametrize("seed", range(150))
def test_a_long_life_is_counted_exactly(seed: int) -> None:
    """A hundred and fifty random events in a row leave the totals exact, whatever they are."""
    chance = random.Random(seed)
    server = BackupServer()
    history = [
        (chance.choice(JOBS), chance.choice(list(Result)), chance.randint(1, 240))
        for _row in range(chance.randint(0, 12))
    ]
    outage = chance.choice([0.0, 60.0, 5 * DAY])
    server.begin(history, chance.choice([0.0, 1.0, -7200.0, 7200.0]), seed, outage)
    for _event in range(150):
        _happen(server, chance)
        server.nothing_falls()
        server.memory_is_never_shortened_into_the_present()
    server.teardown()


def _happen(server: BackupServer, chance: random.Random) -> None:
    job, result = chance.choice(JOBS), chance.choice(list(Result))
    steps = () if server.stepped else (server.step_server_clock, server.step_our_clock)
    events: list[Callable[[], None]] = [
        lambda: server.poll_once(listing=chance.random() < 0.5),
        lambda: server.start(job, chance.choice([0.0, 300.0])),
        lambda: server.finish(chance, result),
        lambda: server.run_unseen(job, result, chance.choice([0.0, 30.0, 7200.0])),
        lambda: server.vanish(chance),
        lambda: server.revise(chance, result),
        lambda: server.pass_time(chance.choice([30.0, 60.0, 600.0, 4 * 3600.0, 2 * DAY])),
        lambda: server.rename(job, chance.choice(["second name", "third name"])),
        lambda: server.delete(job) if chance.random() < 0.2 else server.create_again(job),
        *(
            lambda step=step: step(chance.choice([-7200.0, -600.0, -61.0, 5.0, 600.0, 7200.0]))
            for step in steps
        ),
    ]
    if chance.random() < 0.02 and not server.stepped:
        server.step_server_clock(40 * DAY)
    chance.choice(events)()
