"""What a job's past looks like: a strip of its runs, a line of durations, the end to expect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.model import Result
from exporter.view import JobNow, Run
from exporter.web.standing import usual_duration
from exporter.web.words import span, written

STRIP_TEXT = 120
WIDTH, HEIGHT, MARGIN = 84.0, 22.0, 3.0
"""The size of the line of durations, and how far its ends stay from the edge."""

LETTERS: Mapping[str, str] = {
    Result.SUCCESS: "",
    Result.WARNING: "!",
    Result.FAILED: "F",
    Result.CANCELED: "c",
    Result.UNKNOWN: "?",
}
"""A letter beside colour and height, so that no result is told by colour alone."""

MUCH_SLOWER = 1.5
LONGEST_GUESS = 0.95
"""A progress that is only guessed never says that it is over."""


class Cell(NamedTuple):
    """One run in the strip."""

    result: str
    letter: str
    title: str


def strip(runs: Iterable[Run]) -> tuple[Cell, ...]:
    """The runs, oldest first, each with what its tooltip says."""
    return tuple(Cell(run.result.value, LETTERS[run.result], _title(run)) for run in runs)


def _title(run: Run) -> str:
    began = f"started {written(run.started)}" if run.started else f"ended {written(run.ended)}"
    took = f"took {span(run.duration)}" if run.duration is not None else "duration unknown"
    message = f": {run.message[:STRIP_TEXT]}" if run.message else ""
    return f"{run.result.value}, {began}, {took}{message}"


def strip_in_words(runs: Sequence[Run]) -> str:
    """The strip for those who do not see it."""
    if not runs:
        return "no session yet"
    counts = {result: sum(run.result is result for run in runs) for result in Result}
    told = ", ".join(f"{number} {result.value}" for result, number in counts.items() if number)
    return f"last {len(runs)} sessions: {told}"


class Line(NamedTuple):
    """Durations as the points of an SVG polyline, and where its last point is."""

    points: str
    x: float
    y: float


def line(runs: Iterable[Run]) -> Line | None:
    """The durations, oldest first, from 0 to the longest; None for fewer than two."""
    durations = [run.duration for run in runs if run.duration is not None]
    if len(durations) < 2:
        return None
    longest = max(durations) or 1.0
    step = (WIDTH - 2 * MARGIN) / (len(durations) - 1)
    places = [
        (MARGIN + index * step, HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * duration / longest)
        for index, duration in enumerate(durations)
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Line(points, round(places[-1][0], 1), round(places[-1][1], 1))


def comparison(runs: Sequence[Run]) -> str:
    """How long the last run took against those before it."""
    usual = usual_duration(runs[:-1])
    if usual is None or not runs or runs[-1].duration is None:
        return ""
    if usual > 0 and runs[-1].duration > MUCH_SLOWER * usual:
        return f"{runs[-1].duration / usual:.1f} times the usual {span(usual)}"
    return f"usually {span(usual)}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running session is. `ratio` is None where nothing can be said of it."""

    ratio: float | None
    words: str
    end: str


def progress(now: JobNow, runs: Sequence[Run], moment: float) -> Progress | None:
    """The oldest running session: as the product says, or else as its history lets expect."""
    if not now.running:
        return None
    if now.oldest_start is None:
        return Progress(now.oldest.progress_ratio, "running", "")
    elapsed = max(0.0, moment - now.oldest_start)
    words = f"running for {span(elapsed)}"
    usual = usual_duration(runs)
    reported = now.oldest.progress_ratio
    if reported is not None:
        return Progress(reported, f"{words}, {reported:.0%}", _end(reported, elapsed, usual))
    if not usual:
        return Progress(None, words, "")
    if elapsed > usual:
        return Progress(LONGEST_GUESS, words, f"longer than the usual {span(usual)}")
    guess = min(LONGEST_GUESS, elapsed / usual)
    return Progress(guess, words, f"about {span(usual - elapsed)} to go by its history")


def _end(ratio: float, elapsed: float, usual: float | None) -> str:
    """History knows better than a percentage, as long as the run keeps to it."""
    if usual is not None and elapsed < usual:
        return f"about {span(usual - elapsed)} to go by its history"
    if 0 < ratio < 1:
        return f"about {span(elapsed * (1 - ratio) / ratio)} to go at this pace"
    return ""
