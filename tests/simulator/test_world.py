"""The world behind a simulated server: believable, repeatable, and true to what it shows."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from exporter.simulator.control import truth
from exporter.simulator.runs import Figures, Run
from exporter.simulator.selection import Wanted
from exporter.simulator.vb365_profile import PROFILE
from exporter.simulator.world import Build, World
from tests.support.simulated import NOON, WorldClock, client_of, seconds

DAY = 86400.0
KINDS = PROFILE.session_kinds


def world_of(clock: WorldClock | None = None, **build: Any) -> World:
    return World(PROFILE, Build(**({"history": 30 * DAY} | build)), clock or WorldClock())


def runs_of(world: World, **wanted: Any) -> list[Run]:
    chosen = world.select(Wanted(KINDS, **wanted))
    return chosen.rows(0, chosen.count())


def test_the_same_seed_gives_the_same_world() -> None:
    """Another seed gives another one."""
    assert runs_of(world_of(seed=7)) == runs_of(world_of(seed=7))
    assert runs_of(world_of(seed=7)) != runs_of(world_of(seed=8))


def test_the_past_does_not_depend_on_when_somebody_looks() -> None:
    """A world asked along the way and one asked at the end tell the same."""
    clock = WorldClock(NOON - 5 * DAY)
    early = World(PROFILE, Build(history=25 * DAY), clock)
    while clock.moment < NOON:
        runs_of(early, ended_from=clock.moment - 3600)
        clock.moment += 7000
    clock.moment = NOON
    assert runs_of(early) == runs_of(world_of(WorldClock(NOON)))


def test_a_window_holds_what_filtering_all_of_history_holds() -> None:
    """Looking at a part of the slots loses nothing."""
    world = world_of(jobs=40)
    everything = runs_of(world)
    for back in (900, 3600, 5 * 3600, 3 * DAY):
        start = NOON - back
        expected = [run for run in everything if run.ended > NOON or run.ended >= start]
        assert runs_of(world, ended_from=start) == expected


def test_runs_of_one_job_never_overlap() -> None:
    """Retries follow each other, and the next scheduled run waits for none."""
    by_job = defaultdict(list)
    for run in reversed(runs_of(world_of(jobs=40))):
        by_job[run.job_id].append(run)
    for runs in by_job.values():
        for before, after in pairwise(runs):
            assert before.ended <= after.created


def test_a_run_is_created_then_works_then_ends() -> None:
    """Figures agree with each other: bytes are rate times seconds."""
    for run in runs_of(world_of(jobs=40)):
        assert run.created <= run.started < run.ended
        figures = run.figures
        moved = figures.processing_bytes_per_second * (run.ended - run.started)
        assert figures.transferred_bytes == pytest.approx(moved, rel=0.01)


def test_failures_and_warnings_happen_but_most_runs_succeed() -> None:
    """And a failure makes another one likelier: they cluster."""
    runs = [run for run in reversed(runs_of(world_of(jobs=120))) if run.retry == 0]
    words = Counter(run.status for run in runs)
    assert set(words) == {"Success", "Warning", "Failed", "Stopped"}
    assert words["Success"] > 0.75 * len(runs)
    last, after_failure = {}, []
    for run in runs:
        if last.get(run.job_id) == "Failed":
            after_failure.append(run.status == "Failed")
        last[run.job_id] = run.status
    overall = words["Failed"] / len(runs)
    assert sum(after_failure) / len(after_failure) > 3 * overall


def test_a_failed_run_is_tried_again_and_names_its_first_try() -> None:
    """`will_retry` tells before that another try comes."""
    runs = {run.id: run for run in runs_of(world_of(jobs=60))}
    retries = [run for run in runs.values() if run.retry]
    assert retries
    for run in retries:
        first = runs[run.main_id]
        assert (first.retry, first.status, first.will_retry) == (0, "Failed", True)


def test_a_faster_world_runs_more_often_and_shorter() -> None:
    """Timestamps stay real: 60 times the sessions in the same time, each a 60th as long."""
    slow, fast = runs_of(world_of(history=20 * DAY)), runs_of(world_of(speed=60, history=DAY))
    per_day = len(slow) / 20
    assert len(fast) == pytest.approx(60 * per_day, rel=0.2)
    length = sum(run.ended - run.started for run in slow) / len(slow)
    quick = sum(run.ended - run.started for run in fast) / len(fast)
    assert quick == pytest.approx(length / 60, rel=0.5)
    assert all(NOON - DAY <= run.created <= NOON for run in fast)


@pytest.mark.parametrize("jobs", [1, 13, 1000])
def test_a_world_has_as_many_jobs_as_asked_for(jobs: int) -> None:
    """All with their own ids and names."""
    found = world_of(jobs=jobs).jobs()
    assert len({job.id for job in found}) == len({job.name for job in found}) == jobs


def test_the_default_world_has_three_organizations_and_copy_jobs() -> None:
    """About a dozen jobs, one of which never ran."""
    jobs = world_of().jobs()
    assert len({job.organization for job in jobs}) == 3
    assert Counter(job.kind for job in jobs) == {"Backup": 10, "Copy": 3}
    assert [job.enabled for job in jobs].count(False) == 1


def test_a_running_run_progresses() -> None:
    """From detecting to its bottleneck, with growing figures."""
    clock = WorldClock()
    world = world_of(clock)
    run = next(run for run in runs_of(world) if run.ended - run.started > 600)
    seen = []
    for share in (0.01, 0.3, 0.8, 1.0):
        moment = run.started + share * (run.ended - run.started)
        figures = run.figures_at(moment, world.words)
        seen.append((figures.transferred_bytes, figures.bottleneck))
    assert [bottleneck == "Detecting" for _bytes, bottleneck in seen] == [True, False, False, False]
    moved = [moved for moved, _bottleneck in seen]
    assert moved == sorted(moved)
    assert moved[-1] == run.figures.transferred_bytes


async def test_the_truth_is_what_the_lists_gave_over_time() -> None:
    """Whoever polls often enough sees every finished session, with its start, end and word."""
    clock = WorldClock()
    async with client_of(clock, speed=240.0, history=3600, seed=3) as client:
        await client.log_on()
        seen = {}
        for _poll in range(30):
            for row in await client.sessions(8, limit=50):
                if row["status"] not in {"Running", "Queued"}:
                    times = seconds(row["creationTime"]), seconds(row["endTime"])
                    seen[row["id"]] = (row["jobId"], row["jobType"], row["status"], *times)
            clock.moment += 30
        clock.moment -= 30
        told = {
            row["id"]: (row["job_id"], row["type"], row["status"], row["start"], row["end"])
            for row in truth(client.server)
        }
        assert seen.keys() == told.keys()
        for name, row in told.items():
            assert row == pytest.approx(seen[name], abs=2e-6)


async def test_a_script_can_write_change_and_delete_sessions() -> None:
    """Result and visibility change later; what is deleted is gone from lists and by id."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        job = world.add_job("Mail")
        figures = Figures(transferred_bytes=5, bottleneck="Target")
        run = world.add_session(job, NOON - 90, NOON - 60, status="Failed", figures=figures)
        world.add_session(job.id, NOON - 900, NOON - 600, visible_from=NOON + 10)
        world.add_session(job, NOON + 5)
        await client.log_on()
        (row,) = await client.sessions()
        assert (row["status"], row["statistics"]["transferredDataBytes"]) == ("Failed", 5)
        world.change_session(run.id, status="Success")
        assert (await client.sessions())[0]["status"] == "Success"
        client.clock.moment += 10
        assert len(await client.sessions()) == 3
        world.delete_session(run.id)
        assert len(await client.sessions()) == 2
        assert (await client.get(f"/v8/JobSessions/{run.id}")).status == 404
        assert [row["deleted"] for row in truth(client.server, everything=True)] == [False, True]


async def test_a_generated_session_can_be_changed_and_deleted_too() -> None:
    """History is not carved in stone."""
    async with client_of(history=DAY) as client:
        await client.log_on()
        rows = await client.sessions()
        client.server.world.change_session(rows[3]["id"], status="Warning", message="Changed")
        client.server.world.delete_session(rows[5]["id"])
        after = await client.sessions()
        assert len(after) == len(rows) - 1
        assert (after[3]["status"], after[3]["details"]) == ("Warning", "Changed")


async def test_a_session_can_wait_run_and_end_by_itself() -> None:
    """Queued, then running, then what the script said."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("Mail"), NOON, NOON + 60, status="Warning", queued_for=20)
        await client.log_on()
        words = []
        for _step in range(4):
            words.append((await client.sessions())[0]["status"])
            client.clock.moment += 20
        assert words == ["Queued", "Running", "Running", "Warning"]


async def test_a_script_decides_any_field_of_a_row() -> None:
    """`raw` replaces what would have been shown."""
    async with client_of(scripted=True) as client:
        world = client.server.world
        world.add_session(world.add_job("Mail"), NOON - 9, NOON, raw={"endTime": "soon"})
        await client.log_on()
        assert (await client.sessions())[0]["endTime"] == "soon"


def test_an_open_word_that_was_scripted_is_shown_for_as_long_as_it_is_open() -> None:
    """`Disconnected` is no result."""
    world = world_of(jobs=0)
    run = world.add_session(world.add_job("Mail"), NOON - 60, status="Disconnected")
    assert run.status_at(NOON, world.words) == "Disconnected"
    assert not world.finished()
    done = world.add_session(None, NOON - 60, status="NotConfigured", kind="Backup")
    assert world.finished() == [done]


def test_a_disabled_job_starts_nothing_until_it_is_enabled() -> None:
    """What it did before stays."""
    clock = WorldClock()
    world = world_of(clock)
    job = world.jobs()[0]
    before = [run.id for run in world.runs_of(job)]
    world.enable_job(job.id, False)
    assert world.next_run(job) is None
    clock.moment += 2 * DAY
    assert [run.id for run in runs_of(world, job_id=job.id)][:5] == before[:5]
    world.enable_job(job.id, True)
    clock.moment += DAY
    assert len([run for run in world.runs_of(job) if run.id not in before and not run.retry]) == 4


def test_a_deleted_job_is_no_longer_listed_but_its_history_stays() -> None:
    """Renaming touches the name only."""
    world = world_of()
    job = world.jobs()[0]
    count = len(runs_of(world, job_id=job.id))
    world.rename_job(job.id, "Other name")
    assert job.name == "Other name"
    world.delete_job(job.id)
    assert job not in world.jobs()
    assert len(runs_of(world, job_id=job.id)) == count


def test_what_does_not_exist_cannot_be_changed() -> None:
    """Each mistake says which name is wrong."""
    world = world_of(jobs=0)
    with pytest.raises(KeyError, match="nobody"):
        world.delete_session("nobody")
    with pytest.raises(KeyError, match="nojob"):
        world.add_session("nojob", NOON)
    run = world.add_session(None, NOON - 5)
    with pytest.raises(ValueError, match="colour"):
        world.change_session(run.id, colour="red")


def test_many_different_questions_are_not_all_remembered() -> None:
    """The kept selections are bounded."""
    world = world_of(jobs=2)
    for back in range(200):
        runs_of(world, ended_from=NOON - back)
    assert len(world._selections) <= 64


def test_a_job_that_has_not_run_for_long_is_not_searched_through_all_of_history() -> None:
    """Looking back for its newest run ends at the horizon."""
    world = world_of(history=DAY)
    assert 4 <= len(list(world.runs_of(world.jobs()[0]))) <= 8


def test_a_job_may_have_runs_of_several_kinds() -> None:
    """A part follows its job: same id, and off when the job is off."""
    mail = PROFILE.templates[0]
    part = replace(mail, kind="Copy", listed=False, part_of=0, phase=mail.phase + 600)
    profile = replace(PROFILE, templates=(mail, part))
    clock = WorldClock()
    world = World(profile, Build(history=DAY, jobs=2), clock)
    first, second = world.jobs()
    assert {run.kind for run in world.runs_of(first)} == {"Backup", "Copy"}
    assert {run.job_id for run in runs_of(world)} == {first.id, second.id}
    world.enable_job(first.id, False)
    before = len(runs_of(world, job_id=first.id))
    clock.moment += DAY
    assert len(runs_of(world, job_id=first.id)) <= before + 3
