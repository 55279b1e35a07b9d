"""What an address of the status page asks for."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Result
from exporter.view import JobIdentity
from exporter.web.page.choice import (
    RESULTS,
    ROWS,
    SORTS,
    Choice,
    choice_of,
    chosen,
    slice_of,
)
from exporter.web.standing import Standing, standings
from tests.support.pages import HOUR, job_of, running_since, server_of, typical_world
from tests.support.web import NOW

JOBS = list(standings(typical_world(), NOW))


def names(**query: str) -> list[str]:
    """The jobs that an address shows, in its order."""
    return [job.name for job in chosen(JOBS, choice_of(query))]


def test_without_a_wish_every_job_is_shown_the_worst_first() -> None:
    """Overdue before failing before slow, then what runs; the rest by name."""
    assert names() == ["Archive", "Teams", "Slow", "Sites", "Mailboxes", "New"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"server": "m365-dr"}, ["Archive", "Teams", "Slow"]),
        ({"server": "nobody"}, []),
        ({"organization": "meadow.example"}, ["Sites", "Mailboxes", "New"]),
        ({"result": "trouble"}, ["Archive", "Teams", "Slow"]),
        ({"result": "overdue"}, ["Archive"]),
        ({"result": "failed"}, ["Teams"]),
        ({"result": "none"}, ["New"]),
        ({"result": "running"}, ["Slow", "Sites"]),
        ({"result": "disabled"}, []),
        ({"text": "  MAIL "}, ["Mailboxes"]),
        ({"text": "it was failed"}, ["Teams"]),
        ({"text": "harbor"}, ["Archive", "Teams", "Slow"]),
        ({"server": "m365-dr", "result": "running"}, ["Slow"]),
    ],
)
def test_jobs_are_narrowed(query: dict[str, str], found: list[str]) -> None:
    """By server, organization, result, and text in whatever is shown of a job."""
    assert names(**query) == found


def test_a_disabled_job_is_found_as_such() -> None:
    """Only what is known to be disabled."""
    server = server_of(
        "s",
        job_of("on"),
        job_of("off"),
        identities=(JobIdentity("id of off", "off", enabled=False),),
    )
    found = chosen(standings((server,), NOW), Choice(result="disabled"))
    assert [job.name for job in found] == ["off"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("job", "Archive"),
        ("server", "Archive"),
        ("result", "Teams"),
        ("success", "New"),
        ("duration", "New"),
        ("transferred", "Sites"),
    ],
)
def test_jobs_are_sorted(sort: str, first: str) -> None:
    """By each column, and turned round on demand."""
    ordered = names(sort=sort)
    assert ordered[0] == first
    keys = [SORTS[sort](job) for job in chosen(JOBS, choice_of({"sort": sort, "order": "desc"}))]
    assert keys == sorted(keys, reverse=True)  # type: ignore[type-var]


@pytest.mark.parametrize(
    "query",
    [
        {"result": "nonsense"},
        {"sort": "nonsense", "order": "up"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "9999999"},
        {"page": "\u0663"},
        {"page": "0"},
    ],
)
def test_what_is_not_understood_is_as_if_not_said(query: dict[str, str]) -> None:
    """An old bookmark still leads to a page."""
    assert choice_of(query) == Choice()


CHOICES = st.builds(
    Choice,
    server=st.text(st.characters(codec="utf-8")),
    organization=st.text(st.characters(codec="utf-8")),
    result=st.sampled_from(list(RESULTS)),
    text=st.text(st.characters(codec="utf-8"), max_size=200).map(str.strip),
    sort=st.sampled_from(list(SORTS)),
    order=st.sampled_from(["", "desc"]),
    page=st.integers(1, 999_999),
)


@given(CHOICES)
def test_an_address_says_the_same_when_it_is_read_back(choice: Choice) -> None:
    """Whatever the names hold."""
    assert choice_of(dict(parse_qsl(choice.query().lstrip("?./")))) == choice


def test_pages_hold_every_row_once() -> None:
    """The last page is the end, also for who asks beyond it."""
    rows: list[Standing] = (JOBS * ROWS)[: 2 * ROWS + 1]
    pages = [slice_of(rows, number) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [ROWS, ROWS, 1]
    assert [page.first for page in pages] == [1, ROWS + 1, 2 * ROWS + 1]
    assert slice_of(rows, 99) == pages[2]
    assert slice_of([], 5) == ([], 1, 1, 1)


def test_a_job_that_is_searched_for_by_id_is_found() -> None:
    """The label of an alert leads to its job."""
    server = server_of("s", job_of("a", Result.SUCCESS, now=running_since(HOUR)))
    assert len(chosen(standings((server,), NOW), Choice(text="ID OF A"))) == 1
