"""Whole pages as values: what the templates are given. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.view import ServerView
from exporter.web.page.attention import MOST, Alarm, job_alarm, server_alarms, worst_jobs
from exporter.web.page.choice import (
    DESCENDING,
    RESULTS,
    Choice,
    chosen,
    slice_of,
)
from exporter.web.page.rows import (
    JobRow,
    ServerRow,
    SessionRow,
    condition,
    job_row,
    server_rows,
    session_rows,
)
from exporter.web.standing import Standing, Trouble, standing, standings
from exporter.web.words import count, span, written

MOST_OPTIONS = 300
"""Entries of one list to choose from; beyond it a person searches by text."""

LONGEST_OPTION = 200

COLUMNS = (
    ("job", "Job"),
    ("result", "Last result"),
    ("success", "Last success"),
    ("duration", "Took"),
    ("transferred", "Transferred"),
    ("", "Last 30 sessions"),
)
"""Sort and title of each column of the table of jobs."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the top, with a link to what it counts."""

    kind: str
    number: str
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column's head; `direction` is set when the table is sorted by it."""

    key: str
    title: str
    link: str
    direction: str


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list to choose from."""

    value: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """Where among the pages this one is."""

    words: str
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class StatusPage:
    """Everything that the status page shows."""

    verdict: str
    well: bool
    moment: str
    tiles: tuple[Tile, ...]
    alarms: tuple[Alarm, ...]
    more: str
    more_link: str
    servers: tuple[ServerRow, ...]
    server_words: str
    choice: Choice
    server_options: tuple[Option, ...]
    organization_options: tuple[Option, ...]
    result_options: tuple[Option, ...]
    columns: tuple[Column, ...]
    jobs: tuple[JobRow, ...]
    known: int
    pager: Pager


def status_page(servers: Sequence[ServerView], choice: Choice, now: float) -> StatusPage:
    """The page that an address asks for, at this moment."""
    jobs = list(standings(servers, now))
    troubled = [job for job in jobs if job.troubles]
    server_troubles = list(server_alarms(servers, now))
    found = chosen(jobs, choice)
    part = slice_of(found, choice.page)
    untold = max(0, len(troubled) - MOST)
    return StatusPage(
        verdict=verdict(servers, troubled, len(server_troubles)),
        well=not troubled and not server_troubles,
        moment=written(now),
        tiles=tuple(_tiles(servers, jobs)),
        alarms=(
            *server_troubles[:MOST],
            *(job_alarm(job, now) for job in worst_jobs(troubled)),
        ),
        more=count(untold, "more job", "more jobs") if untold else "",
        more_link=_to(Choice(result="trouble")),
        servers=tuple(server_rows(servers, Counter(job.server for job in troubled), now)),
        server_words=_server_words(servers),
        choice=choice,
        server_options=options((view.name for view in servers), choice.server, "every server"),
        organization_options=options(
            {job.identity.organization for job in jobs}, choice.organization, "every organization"
        ),
        result_options=tuple(
            Option(value, entry.title, value == choice.result) for value, entry in RESULTS.items()
        ),
        columns=tuple(_columns(choice)),
        jobs=tuple(job_row(job, now) for job in part.rows),
        known=len(jobs),
        pager=_pager(choice, part.page, part.pages, (part.first, len(part.rows), len(found))),
    )


def verdict(servers: Sequence[ServerView], troubled: Sequence[Standing], alarms: int) -> str:
    """The whole page in one sentence."""
    if not servers:
        return "No server is configured."
    down = sum(condition(view) == "down" for view in servers)
    parts = []
    if down:
        parts.append(count(down, "server is down", "servers are down"))
    if troubled:
        parts.append(count(len(troubled), "job needs attention", "jobs need attention"))
    if parts:
        return f"{', '.join(parts)}."
    if alarms:
        return f"{count(alarms, 'thing', 'things')} to look at."
    if all(condition(view) == "unknown" for view in servers):
        return "The first polls are still running."
    return "Nothing needs attention."


def _server_words(servers: Sequence[ServerView]) -> str:
    up = sum(condition(view) == "up" for view in servers)
    return f"{count(len(servers), 'server', 'servers')}, {up} up"


def _tiles(servers: Sequence[ServerView], jobs: Sequence[Standing]) -> Iterator[Tile]:
    up = sum(view.up for view in servers)
    yield Tile(
        "up" if up == len(servers) else "down", f"{up} / {len(servers)}", "servers up", "#servers"
    )
    figures = (
        ("overdue", "overdue", sum(Trouble.OVERDUE in job.troubles for job in jobs)),
        ("failed", "failed last", sum(job.result == "failed" for job in jobs)),
        ("warning", "with warnings", sum(job.result == "warning" for job in jobs)),
        ("success", "succeeded", sum(job.result == "success" for job in jobs)),
        ("running", "running now", sum(job.running for job in jobs)),
    )
    for result, words, number in figures:
        kind = result if number else "idle"
        yield Tile(kind, f"{number}", words, _to(Choice(result=result)))


def _to(choice: Choice) -> str:
    """The address of the table of jobs with a choice."""
    return f"{choice.query()}#jobs"


def options(values: Iterable[str], current: str, nothing: str) -> tuple[Option, ...]:
    """A list to choose from, which always holds what is chosen."""
    usable = {value for value in values if 0 < len(value) <= LONGEST_OPTION}
    known = sorted(usable, key=str.casefold)[:MOST_OPTIONS]
    if current and current not in known:
        known.append(current)
    entries = (Option(value, value, value == current) for value in known)
    return (Option("", nothing, not current), *entries)


def _columns(choice: Choice) -> Iterator[Column]:
    for key, title in COLUMNS:
        sorted_by = bool(key) and choice.sort == key
        turned = sorted_by and choice.order != DESCENDING
        order = DESCENDING if turned else ""
        link = _to(replace(choice, sort=key, order=order, page=1)) if key else ""
        direction = ("ascending" if turned else "descending") if sorted_by else ""
        yield Column(key, title, link, direction)


def _pager(choice: Choice, page: int, pages: int, extent: tuple[int, int, int]) -> Pager:
    first, shown, found = extent
    words = f"{first} to {first + shown - 1} of {count(found, 'job', 'jobs')}" if shown else ""
    return Pager(
        words=words,
        previous=_to(replace(choice, page=page - 1)) if page > 1 else "",
        next=_to(replace(choice, page=page + 1)) if page < pages else "",
    )


@dataclass(frozen=True, slots=True)
class JobPage:
    """Everything that the page of one job shows."""

    row: JobRow
    moment: str
    alarm: Alarm | None
    facts: tuple[tuple[str, str], ...]
    sessions: tuple[SessionRow, ...]


def job_page(
    servers: Iterable[ServerView], wanted: Mapping[str, str], now: float
) -> JobPage | None:
    """The page of the job with this server, id and type; None when there is no such job."""
    asked = tuple(wanted.get(name, "") for name in ("server", "job_id", "session_type"))
    for server in servers:
        for job in server.jobs:
            if (server.name, job.job_id, job.session_type) == asked:
                identities = {identity.job_id: identity for identity in server.identities}
                found = standing(server.name, job, identities, now)
                return JobPage(
                    row=job_row(found, now),
                    moment=written(now),
                    alarm=job_alarm(found, now) if found.troubles else None,
                    facts=tuple((name, text) for name, text in _facts(found, now) if text),
                    sessions=tuple(session_rows(job, now)),
                )
    return None


def _facts(standing: Standing, now: float) -> Iterator[tuple[str, str]]:
    """What is known of a job apart from its runs; empty texts are left out."""
    job, identity = standing.job, standing.identity
    enabled = {None: "", True: "yes", False: "no"}[identity.enabled]
    yield "Server", standing.server
    yield "Type of its sessions", job.session_type
    yield "Organization", identity.organization
    yield "Backup server", identity.backup_server
    yield "Repository", identity.repository
    yield "Policy", identity.policy_type
    yield "Enabled", enabled
    yield "Next run", written(identity.next_run)
    yield "Job id", job.job_id
    yield "Known for", span(now - job.first_seen)
