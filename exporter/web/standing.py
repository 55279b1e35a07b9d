"""How each job stands at a moment: what is in trouble and how badly. Pure functions.

The rules are those of the shipped alerts: a disabled job is nobody's trouble, and what runs without
a job, or restores, has no rhythm that it could miss.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from exporter.model import Result
from exporter.view import JobIdentity, JobView, Run, ServerView

DAY = 86400.0
USUAL_FROM = 3
USUAL_OF = 10
"""What is usual is the median of the last ten good runs, once there are three of them."""

SLOW_FACTOR = 2.0
SLOW_AT_LEAST = 3600.0
"""A session is slow when it runs twice as long as usual, and for more than an hour."""

GOOD = frozenset({Result.SUCCESS, Result.WARNING})
RESTORE = "restore"
WITHOUT_A_JOB = "(without a job)"


class Trouble(IntEnum):
    """What may be wrong with a job; larger is worse."""

    SLOW = 1
    FAILING = 2
    OVERDUE = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """One job at one moment. `age` of the last success in seconds, None when there was none.

    `result` is that of the last finished session, or `none`. `troubles` begin with the worst.
    """

    server: str
    job: JobView
    identity: JobIdentity
    result: str
    age: float | None
    troubles: tuple[Trouble, ...]

    @property
    def name(self) -> str:
        """What a person calls the job."""
        return self.job.job_name or self.job.job_id or WITHOUT_A_JOB

    @property
    def running(self) -> bool:
        """Whether a session of it is at work."""
        return self.job.now is not None and self.job.now.running > 0

    @property
    def rank(self) -> int:
        """How bad it is: 0 is well."""
        return sum(self.troubles)


def standings(servers: Iterable[ServerView], now: float) -> Iterator[Standing]:
    """Every job of these servers, in their order."""
    for server in servers:
        identities = {identity.job_id: identity for identity in server.identities}
        for job in server.jobs:
            yield standing(server.name, job, identities, now)


def standing(
    server: str, job: JobView, identities: Mapping[str, JobIdentity], now: float
) -> Standing:
    """One job at this moment."""
    identity = identities.get(job.job_id) or JobIdentity(job.job_id, job.job_name)
    return Standing(
        server=server,
        job=job,
        identity=identity,
        result=job.last.result.value if job.last else "none",
        age=now - job.last_success if job.last_success else None,
        troubles=() if identity.enabled is False else tuple(_troubles(job, now)),
    )


def _troubles(job: JobView, now: float) -> Iterator[Trouble]:
    if is_overdue(job, now):
        yield Trouble.OVERDUE
    if _is_failing(job, now):
        yield Trouble.FAILING
    if _is_slow(job, now):
        yield Trouble.SLOW


def has_rhythm(job: JobView) -> bool:
    """Whether a next session is to be expected: not for restores and runs without a job."""
    return bool(job.job_id) and RESTORE not in job.session_type.lower()


def is_overdue(job: JobView, now: float) -> bool:
    """Whether the last success is older than the objective allows.

    A job that never succeeded has as long from when it was first seen.
    """
    if job.objective_max_age is None or not has_rhythm(job):
        return False
    return now - (job.last_success or job.first_seen) > job.objective_max_age


def _is_failing(job: JobView, now: float) -> bool:
    """What has no next session that could clear it is reported for a day."""
    if job.last is None or job.last.result is not Result.FAILED:
        return False
    return has_rhythm(job) or now - job.last.ended < DAY


def _is_slow(job: JobView, now: float) -> bool:
    if job.now is None or job.now.oldest_start is None:
        return False
    elapsed = now - job.now.oldest_start
    if elapsed <= SLOW_AT_LEAST:
        return False
    usual = usual_duration(job.runs)
    return usual is not None and elapsed > SLOW_FACTOR * usual


def usual_duration(runs: Sequence[Run]) -> float | None:
    """How long a good run of this history takes, in seconds; None while that is not known."""
    durations: list[float] = []
    for run in reversed(runs):
        if run.duration is not None and run.result in GOOD:
            durations.append(run.duration)
            if len(durations) == USUAL_OF:
                break
    return _median(durations) if len(durations) >= USUAL_FROM else None


def _median(values: list[float]) -> float:
    """As the library's `statistics` has it, which costs a megabyte to load."""
    ordered, half = sorted(values), len(values) // 2
    return (ordered[half] + ordered[~half]) / 2
