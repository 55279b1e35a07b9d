"""Which sessions and jobs the user's patterns admit."""

import re

import pytest

from exporter.config.values import Selection
from exporter.model import Harvest, Job, Session, State
from exporter.sources.selection import select
from tests.support.rest_world import settings


def patterns(*include: str, exclude: tuple[str, ...] = ()) -> Selection:
    return Selection(tuple(map(re.compile, include)), tuple(map(re.compile, exclude)))


def session(kind: str, name: str = "Mail", unknown: tuple[str, ...] = ()) -> Session:
    return Session(
        f"{kind}-{name}", "j", name, kind, State.RUNNING, None, None, None, unknown=unknown
    )


HARVEST = Harvest(
    sessions=(
        session("Backup"),
        session("Copy"),
        session("Restore", ""),
        session("Backup", "test-1"),
        session("Strange", unknown=("session_type",)),
    ),
    jobs=(
        Job("1", "Mail", ("Backup",)),
        Job("2", "Mail copy", ("Copy",)),
        Job("3", "test-1", ("Backup",)),
        Job("4", "Mail both", ("Backup", "Copy")),
        Job("5", "Mail bare"),
    ),
)


@pytest.mark.parametrize(
    ("types", "jobs", "sessions", "job_ids"),
    [
        (
            Selection(),
            Selection(),
            ["Backup-Mail", "Copy-Mail", "Backup-test-1", "Strange-Mail"],
            "12345",
        ),
        (patterns(exclude=("Copy",)), Selection(), 3, "1345"),
        (patterns("Restore"), Selection(), ["Restore-"], "5"),
        (Selection(), patterns("Mail.*"), ["Backup-Mail", "Copy-Mail", "Strange-Mail"], "1245"),
        (Selection(), patterns(exclude=("test-.*",)), 3, "1245"),
        (Selection(), patterns("Mai"), [], ""),
    ],
)
def test_patterns_admit_by_type_and_job_name(
    types: Selection, jobs: Selection, sessions: list[str] | int, job_ids: str
) -> None:
    """Anchored; an empty include is the default set; an unknown type is admitted by default."""
    config = settings("http://x", session_types=types, jobs=jobs)
    chosen = select(HARVEST, config, {"Backup", "Copy"})
    ids = [one.id for one in chosen.sessions]
    assert (ids if isinstance(sessions, list) else len(ids)) == sessions
    assert "".join(one.id for one in chosen.jobs) == job_ids


def test_a_job_keeps_only_its_admitted_types() -> None:
    """No series for a type that is excluded."""
    config = settings("http://x", session_types=patterns(exclude=("Copy",)))
    chosen = select(HARVEST, config, {"Backup", "Copy"})
    assert {one.id: one.session_types for one in chosen.jobs}["4"] == ("Backup",)
