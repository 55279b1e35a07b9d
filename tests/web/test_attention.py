"""What is in trouble, in plain words."""

from typing import Any

from msgspec.structs import replace

from exporter.model import Result
from exporter.web.page.attention import MOST, Alarm, job_alarm, server_alarms, worst_jobs
from exporter.web.page.model import verdict
from exporter.web.standing import standings
from tests.support.pages import DAY, HOUR, job_of, running_since, server_of, typical_world
from tests.support.web import NOW


def told(**facts: Any) -> list[tuple[str, str, str]]:
    """What is said of a server with these facts."""
    alarms = server_alarms((server_of("one", **facts),), NOW)
    return [(alarm.kind, alarm.words, alarm.message) for alarm in alarms]


def test_a_server_that_is_down_comes_with_its_error() -> None:
    """And with the age of what is shown of it."""
    down = {"up": False, "last_error": "No route."}
    assert told(**down, last_successful_poll=NOW - 7500) == [
        ("down", "is down, its last complete poll was 2 h 5 min ago", "No route.")
    ]
    assert told(**down, last_successful_poll=None) == [
        ("down", "is down and has never been polled completely", "No route.")
    ]


def test_a_server_before_its_first_poll_is_no_trouble() -> None:
    """Nothing is known of it yet."""
    assert told(up=False, last_poll=None, last_successful_poll=None) == []


def test_a_failing_endpoint_is_named() -> None:
    """The session list is left out: without it the server is down."""
    assert told(endpoints={"sessions": False, "jobs": False, "copies": False, "x": True}) == [
        ("warning", "does not answer for copies, jobs; what it said before is shown", "")
    ]


def test_a_certificate_is_told_two_weeks_before_it_expires() -> None:
    """And after that."""
    assert told(certificate_expiry=NOW + 15 * DAY) == []
    assert told(certificate_expiry=NOW + 3 * DAY)[0][1] == "has a certificate that expires in 3 d"
    assert told(certificate_expiry=NOW - HOUR)[0][1] == "has a certificate that expired 1 h ago"


def test_jobs_that_are_left_out_are_counted() -> None:
    """The remedy is the name of the setting."""
    assert told(dropped_jobs=2)[0][1] == "has more jobs than max_jobs allows: 2 jobs are left out"


def alarms() -> dict[str, Alarm]:
    """What is said of the jobs of the typical world."""
    jobs = worst_jobs(standings(typical_world(), NOW))
    return {job.name: job_alarm(job, NOW) for job in jobs}


def test_each_trouble_of_a_job_is_a_plain_sentence() -> None:
    """With the product's message where it failed."""
    assert {name: (a.kind, a.words, a.message) for name, a in alarms().items()} == {
        "Archive": ("overdue", "succeeded last 3 d 1 h ago, at most 1 d 2 h are allowed", ""),
        "Teams": ("failed", "failed 2 times in a row, last 1 h ago", "It was failed."),
        "Slow": ("warning", "has been running for 5 h, usually 1 h", ""),
    }
    assert alarms()["Teams"].link == "job?server=m365-dr&job_id=id+of+Teams&session_type=Backup"


def test_the_product_is_quoted_when_the_last_run_left_nothing() -> None:
    """Also of an overdue job that somebody stopped; not when the last run was good."""
    stopped = job_of("a", Result.SUCCESS, Result.CANCELED, objective_max_age=HOUR)
    warned = job_of("b", Result.WARNING, objective_max_age=60.0)
    found = standings((server_of("s", stopped, warned),), NOW)
    assert [job_alarm(job, NOW).message for job in found] == ["It was canceled.", ""]


def test_several_troubles_of_a_job_are_one_entry() -> None:
    """Never succeeded, and failed once."""
    job = job_of("a", Result.FAILED, objective_max_age=DAY)
    (standing,) = standings((server_of("s", job),), NOW)
    assert job_alarm(standing, NOW).words == (
        "has never succeeded in the 30 d that it is known; at most 1 d are allowed; failed 1 h ago"
    )


def test_only_the_worst_are_told_one_by_one() -> None:
    """Those that failed most often before the rest."""
    jobs = [job_of(f"j{n:02}", *(Result.FAILED,) * (1 + n % 3)) for n in range(30)]
    worst = worst_jobs(standings((server_of("s", *jobs),), NOW))
    assert [job.name for job in worst] == [f"j{n:02}" for n in range(2, 30, 3)][:MOST]


def test_the_verdict_is_one_sentence() -> None:
    """The first line that a person reads."""
    servers = typical_world()
    troubled = [job for job in standings(servers, NOW) if job.troubles]
    assert verdict(servers, troubled, 1) == "1 server is down, 3 jobs need attention."
    assert verdict(servers[:1], [], 0) == "Nothing needs attention."
    assert verdict(servers[:1], [], 2) == "2 things to look at."
    new = replace(servers[0], last_poll=None)
    assert verdict((new,), [], 0) == "The first polls are still running."
    assert verdict((), [], 0) == "No server is configured."


def test_a_slow_job_tells_since_when() -> None:
    """Only while a session of it runs."""
    job = job_of("a", *(Result.SUCCESS,) * 3, now=running_since(3 * HOUR))
    (standing,) = standings((server_of("s", job),), NOW)
    assert job_alarm(standing, NOW).words == "has been running for 3 h, usually 1 h"
