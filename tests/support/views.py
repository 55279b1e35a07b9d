"""A hand-made world of views: several products, jobs in every state, and odd names.

Composed for these tests from the shapes in `exporter.view`; no server ever said this.
"""

from msgspec.structs import replace

from exporter.model import Bottleneck, Result, ServerInfo, Statistics
from exporter.view import (
    DURATION_BUCKETS,
    ExporterView,
    HistogramView,
    JobIdentity,
    JobNow,
    JobView,
    Run,
    ServerView,
    Totals,
)

NOON = 1_766_664_000.0
HOUR = 3600.0
NO_RESULTS = dict.fromkeys(Result, 0)

VB365_BOTTLENECKS = (
    Bottleneck.SOURCE,
    Bottleneck.PROXY,
    Bottleneck.NETWORK,
    Bottleneck.TARGET,
    Bottleneck.NONE,
    Bottleneck.UNKNOWN,
)

FULL_STATISTICS = Statistics(
    transferred_bytes=1_234_567_890.0,
    processed_items=48_211.0,
    processed_objects=312.0,
    retries=1.0,
    processing_bytes_per_second=10_485_760.5,
    read_bytes_per_second=20_971_520.0,
    write_bytes_per_second=5_242_880.25,
    processing_items_per_second=96.5,
    bottleneck=Bottleneck.SOURCE,
)


def job(name: str, *, job_id: str = "", session_type: str = "Backup", **fields: object) -> JobView:
    """A job that never ran, changed by `fields`."""
    new = JobView(
        job_id=job_id or f"id-of-{name}",
        job_name=name,
        session_type=session_type,
        first_seen=NOON - 720 * HOUR,
        totals=Totals(finished=NO_RESULTS),
        last_success=0.0,
        last_result_ends={},
        consecutive_failures=0,
    )
    return replace(new, **fields)


def run(result: Result, ended: float = NOON, **fields: object) -> Run:
    """A finished session of half an hour, changed by `fields`."""
    new = Run(id="s", ended=ended, result=result, started=ended - 1800, duration=1800.0)
    return replace(new, **fields)


def identity(view: JobView, **fields: object) -> JobIdentity:
    """The description of a job, changed by `fields`."""
    return replace(JobIdentity(view.job_id, view.job_name), **fields)


def reporting_job(name: str, result: Result, bottleneck: Bottleneck | None) -> JobView:
    """A job of a product that reports everything, after a session with `result`."""
    return job(
        name,
        now=JobNow(),
        objective_max_age=26 * HOUR,
        last=run(result, statistics=replace(FULL_STATISTICS, bottleneck=bottleneck)),
        last_success=NOON if result is not Result.FAILED else NOON - 48 * HOUR,
        last_result_ends={result: NOON, Result.WARNING: NOON - 96 * HOUR},
        consecutive_failures=3 if result is Result.FAILED else 0,
        bottlenecks=VB365_BOTTLENECKS,
        totals=Totals(
            finished={Result.SUCCESS: 41, result: 7},
            duration_seconds=86_412.5,
            transferred_bytes=9_876_543_210_123.0,
            processed_items=2_000_000.0,
            retries=4.0,
            bottlenecks={Bottleneck.SOURCE: 30, Bottleneck.TARGET: 18},
        ),
    )


def running_job(name: str) -> JobView:
    """A job with a session at work and one that waits."""
    oldest = Statistics(
        progress_ratio=0.42, processed_objects=17.0, processed_items=900.0, transferred_bytes=2.5e9
    )
    return job(name, now=JobNow(running=2, queued=1, oldest_start=NOON - 900, oldest=oldest))


def mail_server() -> ServerView:
    """A server that reports everything, with a job in each state."""
    jobs = (
        reporting_job("mail", Result.SUCCESS, Bottleneck.SOURCE),
        reporting_job("sites", Result.FAILED, None),
        running_job("teams"),
        job("new", now=JobNow()),
        job("mail", session_type="BackupCopy", now=JobNow()),
    )
    return ServerView(
        name="m365-prod",
        product="vb365",
        generation=7,
        up=True,
        info=ServerInfo("8.1.0.305", "v8"),
        last_poll=NOON + 61.25,
        last_successful_poll=NOON + 61.25,
        poll_duration=0.75,
        polls=1440,
        failures={"timeout": 2},
        endpoints={"sessions": True, "jobs": True, "organizations": False},
        requests={"200": 5764, "401": 1, "503": 3},
        logons=4,
        clock_offset=-0.125,
        tls_verified=True,
        certificate_expiry=NOON + 8760 * HOUR,
        open_sessions=3,
        unknown_values={"session_type": 1},
        durations={"Backup": histogram(96), "BackupCopy": histogram(0)},
        identities=(
            identity(jobs[0], organization="contoso.example", repository="R1", enabled=True),
            identity(jobs[1], enabled=False, next_run=NOON + HOUR),
            identity(jobs[2], enabled=True, next_run=NOON + 2 * HOUR),
            identity(jobs[3], policy_type="EntireOrganization"),
        ),
        jobs=jobs,
    )


def silent_server() -> ServerView:
    """A server that is down for so long that its claims about now are withdrawn."""
    down = job(
        "vm-4711",
        session_type="PolicyBackup",
        last=Run(id="s", ended=NOON - 30 * HOUR, result=Result.UNKNOWN),
        last_success=NOON - 54 * HOUR,
        last_result_ends={Result.SUCCESS: NOON - 54 * HOUR, Result.UNKNOWN: NOON - 30 * HOUR},
    )
    return ServerView(
        name="azure-west",
        product="azure",
        generation=90,
        info=ServerInfo("8.1.0.100", "v8.1"),
        last_poll=NOON,
        last_successful_poll=NOON - 29 * HOUR,
        poll_duration=30.0,
        polls=90,
        failures={"connect": 58},
        endpoints={"sessions": False},
        requests={"200": 64},
        identities=(identity(down, repository="blob"),),
        jobs=(down,),
    )


def odd_server() -> ServerView:
    """A server whose jobs have names that a careless page would break on."""
    names = ('quo"te', "back\\slash", "line\nbreak", "nul\0", "lone\ud800", "{},= ", "x" * 600, "")
    jobs = tuple(job(name, job_id=f"odd-{index}") for index, name in enumerate(names))
    return ServerView(
        name="em-☃",
        product="enterprise_manager",
        generation=1,
        dropped_jobs=12,
        poll_interval=300.0,
        data_time=NOON - 900,
        tls_verified=False,
        identities=tuple(identity(odd, backup_server='b"\\\n') for odd in jobs[:-1]),
        jobs=jobs,
    )


def new_server() -> ServerView:
    """A server that was never polled."""
    return ServerView(name="vbr-new", product="vbr")


def world() -> tuple[ServerView, ...]:
    """Every server of this world."""
    return (mail_server(), silent_server(), odd_server(), new_server())


def exporter_view() -> ExporterView:
    """An exporter at work."""
    return ExporterView(
        version="1.0.0",
        revision="0123abc",
        python_version="3.11.7",
        config_reload_time=NOON - HOUR,
        ledger_sessions=1536,
        ledger_commits=HistogramView((0.005, 0.1, 1.0), (10, 1439, 1440, 1440), 21.5),
        shard_ordinal=0,
        shards=1,
    )


def histogram(count: int) -> HistogramView:
    """A distribution of sessions that all took half an hour."""
    counts = tuple(count if bound >= 1800 else 0 for bound in (*DURATION_BUCKETS, 1e9))
    return HistogramView(DURATION_BUCKETS, counts, count * 1800.0)
