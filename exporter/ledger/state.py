"""What the ledger remembers: one value per server, one per job and session type.

They are frozen; the rules make new ones, the store writes them as JSON. A field added later needs
a default here, so that a ledger written before still loads.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from exporter.ledger.past import Past
from exporter.model import Job, OpenSession, Result, ServerInfo
from exporter.view import Totals

NO_RUNS = Past()


class Key(NamedTuple):
    """What a series of the labels J stands for within one server."""

    job_id: str
    session_type: str


class Fold(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of the runs that fell out of a job's window of remembered runs.

    `ended` is the newest end among them, `failures` how many failed in a row up to there,
    `result_ends` the newest end for each result.
    """

    ended: float = 0.0
    failures: int = 0
    result_ends: Mapping[Result, float] = {}


class JobState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered of one job and session type.

    `totals` are the true sums over the counted sessions; they are published only once `announced`,
    because a counter must have been seen at 0 first. `missing` counts complete job lists in a row
    that did not name the job. `active` is the newest sign of life by the server's clock.
    """

    job: Job
    first_seen: float
    active: float
    totals: Totals
    runs: Past = NO_RUNS
    fold: Fold = Fold()
    announced: bool = False
    listed: bool = False
    missing: int = 0


class Operations(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counters of what polling a server took."""

    polls: int = 0
    logons: int = 0
    failures: Mapping[str, int] = {}
    requests: Mapping[str, int] = {}

    def plus(self, other: "Operations") -> "Operations":
        """The sum of both."""
        return Operations(
            polls=self.polls + other.polls,
            logons=self.logons + other.logons,
            failures=add(self.failures, other.failures),
            requests=add(self.requests, other.requests),
        )


class Observed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the last polls saw of a server; gauges, so nothing of it needs to be exact for ever."""

    up: bool = False
    last_poll: float | None = None
    last_successful_poll: float | None = None
    next_poll: float | None = None
    poll_duration: float | None = None
    data_time: float | None = None
    info: ServerInfo | None = None
    endpoints: Mapping[str, bool] = {}
    clock_offset: float | None = None
    tls_verified: bool | None = None
    certificate_expiry: float | None = None
    dropped_jobs: int = 0
    last_error: str = ""


class DurationCounts(msgspec.Struct, frozen=True):
    """A histogram as it is stored: how many fell into each bucket, the last being +Inf."""

    counts: tuple[int, ...]
    sum: float = 0.0


class ServerState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered of one server apart from its jobs.

    `baseline` is when this server was first configured, by our clock; `counted_from` is the same
    moment by the server's clock and `offset` the difference then, both known since the first
    complete poll; the former moves back when the server's clock is set back. `cursor` is the
    server's time at the start of the last complete poll, `absorbed` ours; `resume` is where the
    next one reads on from, which differs from the cursor after a clock was set, and where the
    server's own data is older. Ids of sessions that ended before `floor` are no longer remembered.
    `announced` names server-wide series that have been published as 0.
    """

    baseline: float
    counted_from: float | None = None
    offset: float = 0.0
    cursor: float | None = None
    resume: float | None = None
    absorbed: float | None = None
    floor: float = 0.0
    open: Mapping[str, OpenSession] = {}
    operations: Operations = Operations()
    observed: Observed = Observed()
    unknown_values: Mapping[str, int] = {}
    durations: Mapping[str, DurationCounts] = {}
    announced: frozenset[str] = frozenset()


def add(left: Mapping[str, int], right: Mapping[str, int]) -> Mapping[str, int]:
    """The sum of two mappings of counts."""
    if not right:
        return left
    total = dict(left)
    for name, count in right.items():
        total[name] = total.get(name, 0) + count
    return total
