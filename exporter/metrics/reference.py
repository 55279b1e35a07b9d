"""The reference page of the metrics, written from the table itself."""

from typing import Any

from exporter.metrics import FAMILIES
from exporter.metrics.cardinality import (
    SERIES_OF_A_HISTOGRAM,
    series_of_busy_job,
    series_of_listed_job,
    series_of_plain_job,
)
from exporter.metrics.family import EXPORTER, JOB, LISTED_JOB, SERVER, Subject
from exporter.model import Bottleneck, Result

SECTIONS: tuple[tuple[str, Subject[Any, Any], str], ...] = (
    ("Jobs, whatever their sessions", LISTED_JOB, "Labels of every family here: {labels}."),
    ("Jobs by session type", JOB, "Labels of every family here: {labels}."),
    ("Servers", SERVER, "Label of every family here: {labels}."),
    ("The exporter", EXPORTER, "These have no label of a server."),
)

LEAD = """\
# Metrics

<!-- Written by `python -m exporter.metrics`; edit the table of families instead. -->

Every name starts with `backup_`, says what it measures in base units, and ends with the unit:
`_seconds`, `_bytes`, `_ratio`, `_total` for what only grows. Points in time are seconds since the
epoch and never ages: `time() - backup_job_last_success_timestamp_seconds` is the age. The labels
`job` and `instance` belong to Prometheus and are not used; ids of sessions, messages, users and
paths are in no label. `session_type` is the product's own word. A session without a job has an
empty `job_id` and `job_name`.

Families with a state in a label, such as `backup_job_last_session_result`, show every state, and
exactly one of them is 1. The results are
{results}.

## What stays and what is withdrawn

Facts about the past stay while a server is down and right after a restart: counters, `last_*`,
`first_seen` and descriptive text. Claims about now are withdrawn once there was no complete poll
for `stale_after`: running and queued sessions, progress, `backup_job_enabled` and
`backup_job_next_run_timestamp_seconds`. `backup_server_up`, the two times of the last polls and the
counters of failures always stand.

A series that is absent says "not known" or "not reported", never 0. Where 0 means "never", the help
says so. A new counter shows 0 before its first increment, so that `increase()` sees it.
A deleted job loses its series.

## How many series

A job with one session type has at most {most} series, if its product reports everything; without
bottlenecks {without_bottleneck}, and {least} if its product reports results and times alone and
nothing runs. Each further session type of a job adds at most {further}, and each session type of a
server the {histogram} series of `backup_session_duration_seconds`. Five thousand such jobs, the
default of `max_jobs`, are therefore at most {thousands} 000 series; jobs beyond `max_jobs` have
none and show in `backup_server_dropped_jobs`.

A label value longer than 500 characters is cut. If two jobs would then have the same labels, the
first one keeps its series and the other one has none.
"""

TAIL = """
## The process

As the Prometheus client library tells them, refreshed every 5 seconds at most:
`process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_virtual_memory_bytes`,
`process_start_time_seconds`, `process_open_fds`, `process_max_fds` and `python_info`.
"""


def metrics_reference() -> str:
    """The page as Markdown: the rules, then a table of families for each kind of subject."""
    sections = [
        f"\n## {title}\n\n{lead.format(labels=_codes(subject.labels))}\n\n{_table(subject)}"
        for title, subject, lead in SECTIONS
    ]
    return _lead() + "".join(sections) + TAIL


def _table(subject: Subject[Any, Any]) -> str:
    rows = [
        f"| `{family.name}` | {family.kind} | {_codes(family.extra)} | {family.help} |\n"
        for family in FAMILIES
        if family.subject is subject
    ]
    return "| family | type | further labels | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _codes(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _lead() -> str:
    """The rules, with the numbers that the table has today."""
    listed, most = series_of_listed_job(), series_of_busy_job(tuple(Bottleneck))
    return LEAD.format(
        results=_codes(tuple(Result)) + ", and `none` for a job that never ran",
        most=listed + most,
        without_bottleneck=listed + series_of_busy_job(()),
        least=listed + series_of_plain_job(),
        further=most,
        histogram=SERIES_OF_A_HISTOGRAM,
        thousands=(listed + most) * 5,
    )
