"""The strip of runs, the line of durations, and the end to expect."""

import pytest
from msgspec.structs import replace

from exporter.model import Result
from exporter.view import JobNow
from exporter.web.page.history import (
    HEIGHT,
    LETTERS,
    WIDTH,
    Cell,
    Line,
    Progress,
    comparison,
    line,
    progress,
    strip,
    strip_in_words,
)
from tests.support.pages import HOUR, RESULTS, past, running_since
from tests.support.web import NOW

GOOD = past(*(Result.SUCCESS,) * 5)


def test_each_run_is_a_cell_with_a_letter_and_a_tooltip() -> None:
    """Start, duration, result and message; oldest first."""
    cells = strip(past(Result.SUCCESS, Result.FAILED))
    assert cells == (
        Cell("success", "", "success, started 2027-01-14 06:00 UTC, took 1 h"),
        Cell("failed", "F", "failed, started 2027-01-15 06:00 UTC, took 1 h: It was failed."),
    )


def test_a_run_without_start_and_duration_tells_its_end() -> None:
    """Nothing is made up."""
    (run,) = past(Result.UNKNOWN)
    (cell,) = strip([replace(run, started=None, duration=None, message="")])
    assert cell.title == "unknown, ended 2027-01-15 07:00 UTC, duration unknown"


def test_no_two_results_look_alike_without_colour() -> None:
    """Each has a letter of its own, success having none."""
    assert len(set(LETTERS.values())) == len(Result)


def test_the_strip_is_told_in_words() -> None:
    """For those who do not see it."""
    assert strip_in_words(past(*RESULTS, Result.SUCCESS)) == (
        "last 6 sessions: 2 success, 1 warning, 1 failed, 1 canceled, 1 unknown"
    )
    assert strip_in_words(()) == "no session yet"


def test_the_line_stays_within_its_picture() -> None:
    """From 0 at the bottom to the longest at the top."""
    runs = [
        replace(run, duration=length)
        for run, length in zip(GOOD, (0.0, 50.0, 100.0, None, 25.0), strict=True)
    ]
    drawn = line(runs)
    assert drawn == Line("3.0,19.0 29.0,11.0 55.0,3.0 81.0,15.0", 81.0, 15.0)
    assert (WIDTH, HEIGHT) == (84.0, 22.0)


def test_too_few_durations_make_no_line() -> None:
    """A point is no history; durations of nothing are a line all the same."""
    assert line(GOOD[:1]) is None
    assert line([replace(run, duration=0.0) for run in GOOD[:2]]) is not None


def test_the_last_run_is_compared_with_those_before_it() -> None:
    """Only where they are enough, and loudly only when it took much longer."""
    assert comparison(GOOD) == "usually 1 h"
    assert comparison((*GOOD, replace(GOOD[-1], duration=3 * HOUR))) == "3.0 times the usual 1 h"
    assert comparison((*GOOD, replace(GOOD[-1], duration=None))) == ""
    assert comparison(GOOD[:3]) == comparison(()) == ""


@pytest.mark.parametrize(
    ("now", "runs", "expected"),
    [
        (JobNow(), GOOD, None),
        (JobNow(running=1), GOOD, Progress(None, "running", "")),
        (running_since(60.0), (), Progress(None, "running for 1 min", "")),
        (
            running_since(900.0),
            GOOD,
            Progress(0.25, "running for 15 min", "about 45 min to go by its history"),
        ),
        (
            running_since(7200.0),
            GOOD,
            Progress(0.95, "running for 2 h", "longer than the usual 1 h"),
        ),
        (
            running_since(900.0, progress_ratio=0.25),
            (),
            Progress(0.25, "running for 15 min, 25%", "about 45 min to go at this pace"),
        ),
        (
            running_since(900.0, progress_ratio=0.9),
            GOOD,
            Progress(0.9, "running for 15 min, 90%", "about 45 min to go by its history"),
        ),
        (
            running_since(900.0, progress_ratio=0.0),
            (),
            Progress(0.0, "running for 15 min, 0%", ""),
        ),
    ],
)
def test_progress_is_what_the_product_says_or_history_lets_expect(
    now: JobNow, runs: tuple[object, ...], expected: Progress | None
) -> None:
    """An estimate says what it rests on, and a guessed bar never says that all is done."""
    assert progress(now, runs, NOW) == expected  # type: ignore[arg-type]
