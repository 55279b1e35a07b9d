"""What follows from one poll: cursor, memory, and which jobs there are."""

import pytest

from exporter.ledger import rules
from exporter.ledger.jobs import Policy
from exporter.ledger.news import Known
from exporter.ledger.state import JobState, Key, ServerState
from exporter.model import Harvest, Job, Reports, Result
from tests.ledger.world import (
    DAY,
    HOUR,
    POLICY,
    START,
    finished,
    harvest,
    listed,
    moment,
    running,
)

KEY = Key("j1", "Backup")


class Life:
    """One server's memory through a series of polls."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.state = ServerState(baseline=START)
        self.jobs: dict[Key, JobState] = {}
        self.known: dict[str, Known] = {}

    def poll(self, at: float, brought: Harvest, offset: float = 0.0) -> rules.Change:
        memory = rules.Memory(self.state, self.jobs, self.known)
        change = rules.absorb(memory, brought, self.policy, moment(START + at, offset))
        self.state = change.server
        self.jobs |= change.jobs
        for key in change.dropped:
            del self.jobs[key]
        self.known |= change.remembered
        return change

    def count(self, key: Key = KEY) -> int:
        return sum(self.jobs[key].totals.finished.values())


def test_the_cursor_is_the_servers_time() -> None:
    """The next poll reads on from the server's own clock, ours is only remembered."""
    life = Life()
    life.poll(60, harvest(), offset=7200.0)
    state = life.state
    assert (state.cursor, state.resume) == (START + 7260, START + 7260)
    assert (state.absorbed, state.counted_from) == (START + 60, START + 7200)


def test_clocks_that_differ_by_a_blink_are_equal() -> None:
    """A `Date` header has whole seconds; that is no difference."""
    life = Life()
    life.poll(60, harvest(), offset=-1.5)
    assert life.state.counted_from == START


@pytest.mark.parametrize(
    ("step", "resume"), [(0.0, 120.0), (-30.0, 90.0), (-HOUR, 60 - HOUR), (HOUR, 120.0)]
)
def test_a_clock_that_was_set_leaves_no_gap(step: float, resume: float) -> None:
    """After a step the next window covers what could not be in this one."""
    life = Life()
    life.poll(60, harvest())
    life.poll(120, harvest(), offset=step)
    assert life.state.resume == START + resume
    life.poll(180, harvest(), offset=step)
    assert life.state.resume == START + 180 + step


def test_the_floor_begins_with_the_earlier_clock() -> None:
    """A server that runs a week ahead and is set right does not fall under its own memory."""
    life = Life()
    life.poll(0, harvest(), offset=7 * DAY)
    assert life.state.floor == START - rules.RETENTION
    life.poll(60, harvest(finished("x", START + 30)), offset=0.0)
    assert life.count() == 1


@pytest.mark.parametrize("overlap", [900.0, 5 * DAY])
def test_memory_reaches_back_twice_the_overlap(overlap: float) -> None:
    """Ids are remembered for three days, or for as long as windows may read back and more."""
    life = Life(POLICY._replace(overlap=overlap))
    life.poll(0, harvest())
    assert life.state.floor == START - max(rules.RETENTION, 2 * overlap)


def test_only_real_time_shortens_memory() -> None:
    """A day by one clock alone moves the floor by no more than what passed by both."""
    life = Life()
    life.poll(0, harvest())
    life.poll(60, harvest(), offset=DAY)
    assert life.state.floor == START - rules.RETENTION + 60


def test_what_is_pruned_is_never_counted_again() -> None:
    """An id that is not remembered any more is too old to count."""
    life = Life()
    life.poll(0, harvest())
    life.poll(60, harvest(finished("x", START + 30)))
    life.poll(10 * DAY, harvest())
    life.known.clear()
    life.poll(10 * DAY + 60, harvest(finished("x", START + 30)))
    assert life.count() == 1


def test_sessions_of_a_long_outage_are_counted_though_not_remembered() -> None:
    """What ended while the exporter was down counts once, also beyond the reach of memory."""
    life = Life()
    life.poll(0, harvest())
    row = finished("x", START + DAY)
    change = life.poll(10 * DAY, harvest(row))
    assert (change.counted, change.remembered) == (1, {})
    assert life.poll(10 * DAY + 60, harvest(row)).counted == 0


def test_open_sessions_that_a_poll_does_not_mention_stay() -> None:
    """A session is followed until it is told to be over."""
    life = Life()
    life.poll(0, harvest(running("x", START)))
    life.poll(60, harvest())
    assert set(life.state.open) == {"x"}
    assert life.state.open["x"].seen == START


def test_a_job_without_runs_is_there_with_its_types() -> None:
    """A listed job that never ran has the series of the types its runs would have."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1", types=("Backup", "Copy"))))
    assert set(life.jobs) == {KEY, Key("j1", "Copy")}
    assert life.count() == 0


def test_first_seen_is_as_early_as_its_sessions() -> None:
    """The history of the first poll tells since when a job is known to exist."""
    life = Life()
    life.poll(0, harvest(finished("x", START - DAY), finished("y", START - 2 * DAY)))
    assert life.jobs[KEY].first_seen == START - 2 * DAY - 600


def test_a_deleted_job_goes_after_two_lists() -> None:
    """One list without it may be a mistake; polls without a list say nothing; two are enough."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1", "j2")))
    assert not life.poll(60, harvest(jobs=listed("j2"))).dropped
    assert not life.poll(120, harvest()).dropped
    assert life.poll(180, harvest(jobs=listed("j2"))).dropped == (KEY,)


def test_a_list_that_was_not_read_again_is_no_second_proof() -> None:
    """Lists may be read in turn: only one that was read says once more that a job is missing."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1", "j2")))
    life.poll(60, harvest(jobs=listed("j2")))
    kept = harvest(jobs=listed("j2"), covers=("Copy",), kept=("Backup",))
    assert not life.poll(120, kept).dropped
    assert not life.poll(180, kept).dropped
    assert life.poll(240, harvest(jobs=listed("j2"), covers=(), kept=("Copy",))).dropped == (KEY,)


def test_a_kept_list_keeps_a_silent_job() -> None:
    """A job that never runs is not forgotten for its list having its turn at another poll."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1")))
    kept = harvest(jobs=listed("j1"), covers=("Copy",), kept=("Backup",))
    assert not life.poll(40 * DAY, kept).dropped


def test_a_job_that_is_listed_again_starts_anew() -> None:
    """Between two lists without it one with it says that it is there."""
    life = Life()
    for at, names in enumerate([("j1",), (), ("j1",), ()]):
        assert not life.poll(at * 60.0, harvest(jobs=listed(*names))).dropped


def test_a_job_with_an_open_session_is_not_deleted_yet() -> None:
    """It goes when its session has ended and has been seen counted for one poll."""
    life = Life()
    row = running("x", START)
    life.poll(0, harvest(row, jobs=listed("j1")))
    for at in (60, 120, 180):
        assert not life.poll(at, harvest(row, jobs=())).dropped
    assert not life.poll(240, harvest(finished("x", START + 200), jobs=())).dropped
    assert life.count() == 1
    assert life.poll(300, harvest(jobs=())).dropped == (KEY,)


def test_jobs_outside_the_list_go_by_silence() -> None:
    """Where the list does not cover a type, only `forget_after` ends a job."""
    life = Life()
    life.poll(0, harvest(finished("x", START - 60, type_="Restore", job="")))
    life.poll(60, harvest(jobs=(), covers=()))
    assert not life.poll(30 * DAY - 61, harvest(jobs=(), covers=())).dropped
    assert life.poll(30 * DAY, harvest()).dropped == (Key("", "Restore"),)


def test_a_job_known_from_its_sessions_alone_is_not_deleted() -> None:
    """Its facts come and go with its sessions; a list of other types says nothing about it."""
    life = Life()
    told = listed("j9", types=("Agent",))
    life.poll(0, harvest(finished("x", START - 60, type_="Agent", job="j9"), jobs=told))
    for at in (60, 120, 180):
        assert not life.poll(at, harvest(jobs=())).dropped
    assert Key("j9", "Agent") in life.jobs


def test_sessions_without_a_job_are_no_deleted_job() -> None:
    """A session of its own belongs to no list, also when its type is one that jobs have."""
    life = Life()
    life.poll(0, harvest(finished("x", START - 60, job="", name=""), jobs=listed("j1")))
    assert Key("", "Backup") in life.jobs


def test_history_of_a_deleted_job_gives_no_series() -> None:
    """Old sessions of a job that the complete list does not name stay untold."""
    life = Life()
    life.poll(0, harvest(finished("x", START - 60), jobs=listed("j2")))
    assert KEY not in life.jobs


def test_history_of_a_job_that_a_kept_list_does_not_name_gives_no_series() -> None:
    """Nor does it when another list has its turn."""
    life = Life()
    life.poll(0, harvest(finished("x", START - 60), jobs=listed("j2"), covers=(), kept=("Backup",)))
    assert KEY not in life.jobs


def test_a_date_far_ahead_drops_no_job() -> None:
    """A server whose clock says next year has not been silent for a year."""
    life = Life()
    life.poll(0, harvest(finished("x", START - 60)))
    assert not life.poll(60, harvest(), offset=365 * DAY).dropped


def test_a_renamed_job_keeps_its_totals() -> None:
    """The id is the job; its name is only text."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1")))
    life.poll(60, harvest(finished("x", START + 30), jobs=listed("j1")))
    life.poll(120, harvest(jobs=(Job("j1", "New name", ("Backup",)),)))
    assert (life.jobs[KEY].job.name, life.count()) == ("New name", 1)


def test_an_old_session_does_not_bring_an_old_name_back() -> None:
    """Without a list the newest session names the job, whatever comes late."""
    life = Life()
    life.poll(0, harvest())
    life.poll(60, harvest(finished("x", START + 50, name="new")))
    life.poll(
        120, harvest(finished("y", START + 40, name="old"), finished("z", START + 41, name=""))
    )
    assert life.jobs[KEY].job.name == "new"


def test_jobs_beyond_the_limit_are_left_out_and_told() -> None:
    """Known jobs stay, new ones come in the order of their ids, the rest is counted each poll."""
    life = Life(POLICY._replace(max_jobs=2))
    life.poll(0, harvest(jobs=listed("j5")))
    change = life.poll(60, harvest(jobs=listed("j5", "j3", "j1", "j2")))
    assert ({key.job_id for key in life.jobs}, change.dropped_jobs) == ({"j5", "j1"}, 2)
    row = finished("x", START + 50, job="j9", type_="Restore")
    assert life.poll(120, harvest(row)).dropped_jobs == 1
    assert life.poll(180, harvest(row)).dropped_jobs == 1
    assert life.poll(240, harvest()).dropped_jobs == 0


def test_sessions_of_a_job_beyond_the_limit_are_not_counted_later() -> None:
    """When the limit is raised the job counts from then on."""
    life = Life(POLICY._replace(max_jobs=0))
    life.poll(0, harvest())
    row = finished("x", START + 30)
    assert life.poll(60, harvest(row)).counted == 0
    life.policy = POLICY
    life.poll(120, harvest(row, finished("y", START + 100)))
    assert life.count() == 1


def test_durations_are_seeded_and_observed_by_type() -> None:
    """A type's histogram begins with its first job, and counts what is counted."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1", types=("Backup", "Copy"))))
    life.poll(60, harvest(finished("x", START + 30), finished("h", START - 30)))
    assert {name: sum(item.counts) for name, item in life.state.durations.items()} == {
        "Backup": 1,
        "Copy": 0,
    }


def test_a_revised_result_moves_the_facts_and_no_counter() -> None:
    """What the product corrects afterwards is told, not counted."""
    life = Life()
    life.poll(0, harvest())
    life.poll(60, harvest(finished("x", START + 30)))
    life.poll(120, harvest(finished("x", START + 30, Result.FAILED)))
    job = life.jobs[KEY]
    assert job.runs[-1].result is Result.FAILED
    assert (job.totals.finished[Result.SUCCESS], job.totals.finished[Result.FAILED]) == (1, 0)


def test_a_session_that_is_opened_again_is_not_counted_again() -> None:
    """Over, at work, over: one session, however long it takes."""
    life = Life()
    life.poll(0, harvest())
    life.poll(60, harvest(finished("x", START + 30)))
    for day in range(1, 9):
        life.poll(day * DAY, harvest(running("x", START)))
        life.known = {id_: k for id_, k in life.known.items() if k.ended >= life.state.floor}
    life.poll(9 * DAY, harvest(finished("x", START + 9 * DAY, Result.FAILED)))
    assert (life.count(), life.jobs[KEY].runs[-1].result) == (1, Result.FAILED)


def test_a_settled_job_is_not_written_again() -> None:
    """A poll without news changes no job."""
    life = Life()
    life.poll(0, harvest(jobs=listed("j1")))
    assert not life.poll(60, harvest(jobs=listed("j1"))).jobs
    assert not life.poll(120, harvest()).jobs


def test_what_a_product_reports_decides_the_series() -> None:
    """A type without figures gets none."""
    life = Life(POLICY._replace(reports=lambda _type: Reports()))
    life.poll(0, harvest(jobs=listed("j1")))
    assert life.jobs[KEY].totals.transferred_bytes is None
