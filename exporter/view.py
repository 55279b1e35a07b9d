"""What metrics and pages read: frozen values of one server at one generation.

The ledger room builds them after each commit. Facts about the past are always here; claims about
NOW (`JobView.now`, `JobIdentity.enabled`, `JobIdentity.next_run`) are None once withdrawn.
All times are seconds since the epoch, all durations seconds.
"""

from collections.abc import Mapping, Sequence

import msgspec

from exporter.model import NO_STATISTICS, Bottleneck, Result, ServerInfo, Session, Statistics

DURATION_BUCKETS = (
    60.0,
    300.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    14400.0,
    28800.0,
    43200.0,
    86400.0,
    172800.0,
)
"""Upper bounds of the session duration histogram: one minute to 48 hours."""


class Run(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One finished session as it is remembered: enough for the last-session gauges and the page.

    `ended` is when the product says it ended, or when we noticed (then `duration` is None).
    """

    id: str
    ended: float
    result: Result
    started: float | None = None
    duration: float | None = None
    statistics: Statistics = NO_STATISTICS
    message: str = ""


class Totals(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sums over the counted sessions of a job; None where the product reports no such figure."""

    finished: Mapping[Result, int]
    duration_seconds: float = 0.0
    transferred_bytes: float | None = None
    processed_items: float | None = None
    retries: float | None = None
    bottlenecks: Mapping[Bottleneck, int] | None = None


class JobNow(msgspec.Struct, frozen=True):
    """What a job is doing now. `oldest` figures are those of the oldest running session.

    `open` are the sessions themselves, oldest first (at most 30, the newest of them).
    """

    running: int = 0
    queued: int = 0
    oldest_start: float | None = None
    oldest: Statistics = Statistics()
    open: tuple[Session, ...] = ()


class JobView(msgspec.Struct, frozen=True):
    """One job and session type: the subject of every family with the labels J.

    `runs` are the newest finished sessions, oldest first (at most 30), `last` is the last of them.
    `totals` are as published: a new job shows zeros for one generation before its first count.
    `bottlenecks` are the states that the product can say; empty where it reports none.
    """

    job_id: str
    job_name: str
    session_type: str
    first_seen: float
    totals: Totals
    last_success: float
    last_result_ends: Mapping[Result, float]
    consecutive_failures: int
    objective_max_age: float | None = None
    last: Run | None = None
    runs: Sequence[Run] = ()
    now: JobNow | None = None
    bottlenecks: tuple[Bottleneck, ...] = ()


class JobIdentity(msgspec.Struct, frozen=True):
    """One job by its id, whatever types of session it has: text and schedule."""

    job_id: str
    job_name: str
    organization: str = ""
    backup_server: str = ""
    repository: str = ""
    policy_type: str = ""
    enabled: bool | None = None
    next_run: float | None = None


class HistogramView(msgspec.Struct, frozen=True):
    """A histogram with cumulative `counts` per bound, the last of them for +Inf."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float


class ServerView(msgspec.Struct, frozen=True):
    """One configured server: its health, its jobs, and what polling it cost.

    `generation` grows with every publication of this server. `requests` and `unknown_values` show
    a new label value as 0 in one generation first. `last_error` is one plain sentence or empty.
    """

    name: str
    product: str
    generation: int = 0
    up: bool = False
    info: ServerInfo | None = None
    last_poll: float | None = None
    last_successful_poll: float | None = None
    next_poll: float | None = None
    poll_duration: float | None = None
    poll_interval: float = 60.0
    data_time: float | None = None
    polls: int = 0
    failures: Mapping[str, int] = {}
    endpoints: Mapping[str, bool] = {}
    requests: Mapping[str, int] = {}
    logons: int = 0
    clock_offset: float | None = None
    tls_verified: bool | None = None
    certificate_expiry: float | None = None
    open_sessions: int = 0
    dropped_jobs: int = 0
    unknown_values: Mapping[str, int] = {}
    durations: Mapping[str, HistogramView] = {}
    identities: tuple[JobIdentity, ...] = ()
    jobs: tuple[JobView, ...] = ()
    last_error: str = ""


class ProcessView(msgspec.Struct, frozen=True):
    """The process and its Python: implementation, three parts of its version, and all of it.

    Times are seconds, sizes bytes. What the system does not tell is None.
    """

    python: tuple[str, str, str, str, str]
    cpu_seconds: float | None = None
    resident_bytes: float | None = None
    virtual_bytes: float | None = None
    started: float | None = None
    open_files: float | None = None
    max_files: float | None = None


class ExporterView(msgspec.Struct, frozen=True):
    """The exporter itself: build, configuration, ledger and shard."""

    version: str
    revision: str = ""
    python_version: str = ""
    config_reload_successful: bool = True
    config_reload_time: float = 0.0
    ledger_errors: int = 0
    ledger_sessions: int = 0
    ledger_commits: HistogramView = HistogramView((), (0,), 0.0)
    shard_ordinal: int = 0
    shards: int = 1
    refused_pages: int = 0
