"""The hand-made world on a clock that stands still, and what was rendered of it."""

import threading

import pytest

from exporter.exposition import Exposition
from exporter.exposition.sheet import Sheet
from exporter.view import ServerView
from tests.support.views import exporter_view, world


class Renderings:
    """Counts what sheets render, by the name of the view, and can hold them up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        original = Sheet.show

        def show(sheet: Sheet[ServerView], view: ServerView) -> None:
            if isinstance(view, ServerView) and view is not sheet._sections[0]._view:
                self.names.append(view.name)
                self.started.set()
                assert self.gate.wait(10)
            original(sheet, view)

        monkeypatch.setattr(Sheet, "show", show)


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> Renderings:
    """What was rendered since the test began."""
    return Renderings(monkeypatch)


@pytest.fixture
def exposition() -> Exposition:
    """The whole world, on a clock that stands still and in a process that tells nothing."""
    whole = Exposition(lambda: None, monotonic=lambda: 0.0)
    for view in world():
        whole.publish(view)
    whole.publish_exporter(exporter_view())
    return whole
