"""Hypothesis strategies for views: any that the ledger could hand on, and worse."""

from hypothesis import strategies as st

from exporter.errors import FAILURE_REASONS
from exporter.model import Bottleneck, Result, ServerInfo, Statistics
from exporter.view import HistogramView, JobIdentity, JobNow, JobView, Run, ServerView, Totals

TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(
    ("", "a", 'q"', "b\\", "n\n", "\0", "\ud800", "é☃", "y" * 499, "y" * 501, "y" * 502)
)
# Minus zero is written as zero; the library keeps its sign.
FIGURE = st.floats(allow_nan=False).map(lambda number: number or 0.0) | st.integers(0, 10**12)
MAYBE = st.none() | FIGURE
COUNT = st.integers(0, 10**9)
RESULT = st.sampled_from(Result)
BOTTLENECK = st.sampled_from(Bottleneck)

STATISTICS = st.builds(
    Statistics,
    **{field: MAYBE for field in Statistics.__struct_fields__ if field != "bottleneck"},
    bottleneck=st.none() | BOTTLENECK,
)
RUN = st.builds(
    Run,
    id=st.just("s"),
    ended=FIGURE,
    result=RESULT,
    started=MAYBE,
    duration=MAYBE,
    statistics=STATISTICS,
)
TOTALS = st.builds(
    Totals,
    finished=st.dictionaries(RESULT, COUNT),
    duration_seconds=FIGURE,
    transferred_bytes=MAYBE,
    processed_items=MAYBE,
    retries=MAYBE,
    bottlenecks=st.none() | st.dictionaries(BOTTLENECK, COUNT),
)
NOW = st.builds(JobNow, running=COUNT, queued=COUNT, oldest_start=MAYBE, oldest=STATISTICS)
JOB = st.builds(
    JobView,
    job_id=TEXT,
    job_name=TEXT,
    session_type=TEXT,
    first_seen=FIGURE,
    totals=TOTALS,
    last_success=FIGURE,
    last_result_ends=st.dictionaries(RESULT, FIGURE),
    consecutive_failures=COUNT,
    objective_max_age=MAYBE,
    last=st.none() | RUN,
    now=st.none() | NOW,
    bottlenecks=st.lists(BOTTLENECK, unique=True).map(tuple),
)
IDENTITY = st.builds(
    JobIdentity,
    job_id=TEXT,
    job_name=TEXT,
    organization=TEXT,
    backup_server=TEXT,
    repository=TEXT,
    policy_type=TEXT,
    enabled=st.none() | st.booleans(),
    next_run=MAYBE,
)
HISTOGRAM = st.builds(
    HistogramView, bounds=st.just((60.0, 2e6)), counts=st.tuples(COUNT, COUNT, COUNT), sum=FIGURE
)
COUNTS = st.dictionaries(TEXT, COUNT, max_size=3)


def servers(name: st.SearchStrategy[str] = TEXT) -> st.SearchStrategy[ServerView]:
    """One server with a few jobs."""
    return st.builds(
        ServerView,
        name=name,
        product=TEXT,
        generation=COUNT,
        up=st.booleans(),
        info=st.none() | st.builds(ServerInfo, TEXT, TEXT),
        last_poll=MAYBE,
        last_successful_poll=MAYBE,
        poll_duration=MAYBE,
        data_time=MAYBE,
        failures=st.dictionaries(st.sampled_from(FAILURE_REASONS), COUNT, max_size=2),
        endpoints=st.dictionaries(TEXT, st.booleans(), max_size=3),
        requests=COUNTS,
        clock_offset=MAYBE,
        tls_verified=st.none() | st.booleans(),
        certificate_expiry=MAYBE,
        unknown_values=COUNTS,
        durations=st.dictionaries(TEXT, HISTOGRAM, max_size=2),
        identities=st.lists(IDENTITY, max_size=2).map(tuple),
        jobs=st.lists(JOB, max_size=3).map(tuple),
    )
