"""Rendering one server that has changed, against the client library on the same families."""

from collections.abc import Callable
from itertools import count

from prometheus_client import generate_latest

from bench.measure import Row, pairs
from bench.views import Collected, next_poll, series, server
from exporter.exposition import Exposition, Format
from exporter.exposition.sheet import Sheet
from exporter.metrics import VIEW_FAMILIES
from exporter.view import ServerView

JOBS = 45
MOST_MICROSECONDS, LEAST_RATIO = 3.0, 8.0
PACKED = "with the packing of the text between two pages"
NOT_PACKED = "without the packing of the text afterwards"


def measure() -> list[Row]:
    """Three cases: a few jobs changed, every value changed, a server seen for the first time."""
    first = server(JOBS)
    size = series(_page(first))
    library = Collected([first])
    few = [first, *(next_poll(first, 3, seed) for seed in range(2, 10))]
    all_new = [server(JOBS, seed) for seed in range(1, 10)]
    cases = (
        ("3 of 45 jobs changed", _again(few), PACKED),
        ("all values new", _again(all_new), PACKED),
        ("first time", lambda: _shown(Sheet[ServerView](VIEW_FAMILIES), first), NOT_PACKED),
    )
    return [_row(name, render, library, (size, packing)) for name, render, packing in cases]


def _page(view: ServerView) -> bytes:
    exposition = Exposition()
    exposition.publish(view)
    return exposition.page(Format.TEXT_0_0_4, exporter=False)


def _again(views: list[ServerView]) -> Callable[[], object]:
    """Renders the next of these views with each call, as a server that is polled.

    Packing the text before, as is done between two pages, counts as well.
    """
    sheet, number = Sheet[ServerView](VIEW_FAMILIES), count()
    sheet.show(views[-1])

    def render() -> object:
        sheet.rest()
        return _shown(sheet, views[next(number) % len(views)])

    return render


def _shown(sheet: Sheet[ServerView], view: ServerView) -> object:
    sheet.show(view)
    return [*sheet.blocks()]


def _row(name: str, render: Callable[[], object], library: Collected, case: tuple[int, str]) -> Row:
    size, packing = case
    measured = pairs(lambda: generate_latest(library), render)
    each = measured.second.middle / size * 1e6
    value = f"{measured.second.text('µs', 1e6 / size)}; {measured.ratio.text('×')}"
    met = each <= MOST_MICROSECONDS and measured.ratio.middle >= LEAST_RATIO
    target = f"≤ {MOST_MICROSECONDS:g} µs a series, ≥ {LEAST_RATIO:g}× faster"
    how = (
        f"one server of {size:,} series, to prometheus_client's generate_latest with a collector "
        f"of the same families over the same view; {packing}; processor time"
    )
    return Row(f"render a server, {name}", value, target, met, how)
