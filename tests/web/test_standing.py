"""What counts as trouble: the rules of the shipped alerts, for a person's eye."""

from typing import Any

import pytest
from msgspec.structs import replace

from exporter.model import Result
from exporter.view import JobIdentity, JobView
from exporter.web.standing import Trouble, standing, standings, usual_duration
from tests.support.pages import DAY, HOUR, job_of, past, running_since, server_of
from tests.support.web import NOW

GOOD = (Result.SUCCESS,) * 5


def troubles(job: JobView, **identity: Any) -> tuple[Trouble, ...]:
    """What is wrong with a job now."""
    identities = {job.job_id: JobIdentity(job.job_id, job.job_name, **identity)}
    return standing("s", job, identities, NOW).troubles


def test_a_good_job_is_in_no_trouble() -> None:
    """Neither with an objective that it keeps nor without one."""
    assert troubles(job_of("a", *GOOD)) == ()
    assert troubles(job_of("a", *GOOD, objective_max_age=26 * HOUR)) == ()


@pytest.mark.parametrize("result", [Result.WARNING, Result.CANCELED, Result.UNKNOWN])
def test_only_a_failure_is_failing(result: Result) -> None:
    """Other results are shown and need nobody."""
    assert troubles(job_of("a", *GOOD, result)) == ()
    assert troubles(job_of("a", *GOOD, Result.FAILED)) == (Trouble.FAILING,)


def test_overdue_follows_the_objective_to_the_second() -> None:
    """Older than the objective allows, not just as old."""
    age = HOUR  # the last run of the past ended an hour ago
    assert troubles(job_of("a", *GOOD, objective_max_age=age)) == ()
    assert troubles(job_of("a", *GOOD, objective_max_age=age - 1)) == (Trouble.OVERDUE,)


def test_a_job_that_never_succeeded_has_as_long_from_when_it_was_seen() -> None:
    """It is new for that long."""
    new = job_of("a", objective_max_age=DAY, first_seen=NOW - DAY)
    assert troubles(new) == ()
    assert troubles(replace(new, first_seen=NOW - DAY - 1)) == (Trouble.OVERDUE,)


def test_the_worst_trouble_comes_first() -> None:
    """A job may be overdue, failing and slow at once."""
    job = job_of("a", *GOOD, Result.FAILED, objective_max_age=HOUR, now=running_since(5 * HOUR))
    found = standing("s", job, {}, NOW)
    assert found.troubles == (Trouble.OVERDUE, Trouble.FAILING, Trouble.SLOW)
    assert found.rank > standing("s", job_of("b", Result.FAILED), {}, NOW).rank


def test_a_disabled_job_is_nobodys_trouble() -> None:
    """Somebody decided that it shall not run."""
    job = job_of("a", Result.FAILED, objective_max_age=1.0)
    assert troubles(job, enabled=False) == ()
    assert troubles(job, enabled=True) == troubles(job) == (Trouble.OVERDUE, Trouble.FAILING)


@pytest.mark.parametrize(
    "what", [{"job_id": ""}, {"session_type": "RestoreVm"}], ids=["without a job", "restore"]
)
def test_what_has_no_rhythm_is_reported_for_a_day(what: dict[str, str]) -> None:
    """No next session could clear it, and none is overdue."""
    job = job_of("a", Result.FAILED, objective_max_age=1.0, **what)
    assert troubles(job) == (Trouble.FAILING,)
    (old,) = (replace(run, ended=NOW - DAY) for run in job.runs)
    assert troubles(replace(job, runs=(old,), last=old)) == ()


def test_slow_is_twice_the_usual_and_more_than_an_hour() -> None:
    """A session that begins, or whose history is short, is not slow."""
    assert troubles(job_of("a", *GOOD, now=running_since(2 * HOUR))) == ()
    assert troubles(job_of("a", *GOOD, now=running_since(2 * HOUR + 1))) == (Trouble.SLOW,)
    quick = past(*GOOD, took=60.0)
    assert troubles(job_of("a", runs=quick, now=running_since(HOUR))) == ()
    assert troubles(job_of("a", *GOOD[:2], now=running_since(50 * HOUR))) == ()
    assert troubles(job_of("a", *GOOD, now=None)) == ()


def test_the_usual_is_the_median_of_the_last_ten_good_runs() -> None:
    """Failures end early and tell nothing; old runs were of another size."""
    old = past(*(Result.SUCCESS,) * 10, took=9 * HOUR)
    new = past(*(Result.WARNING,) * 9, took=HOUR)
    failed = past(Result.FAILED, took=1.0)
    assert usual_duration(old + new + failed) == HOUR
    assert usual_duration(new[:2] + failed) is None
    unknown = tuple(replace(run, duration=None) for run in new)
    assert usual_duration(unknown) is None


def test_every_job_of_every_server_has_a_standing() -> None:
    """With its identity where the product lists it, and a name in any case."""
    named = server_of("one", job_of("a", *GOOD), organization="meadow.example")
    nameless = server_of("two", job_of("", job_id="42"), job_of("", job_id=""), identities=())
    found = list(standings((named, nameless), NOW))
    assert [(job.server, job.name, job.result, job.age) for job in found] == [
        ("one", "a", "success", HOUR),
        ("two", "42", "none", None),
        ("two", "(without a job)", "none", None),
    ]
    assert [job.identity.organization for job in found] == ["meadow.example", "", ""]
