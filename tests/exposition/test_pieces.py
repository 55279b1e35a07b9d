"""Blocks that are made out of old ones are the blocks that would have been written anew."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.samples import Section
from exporter.metrics.family import Family, Kind, Shape, Subject

World = list[tuple[str, dict[str, float]]]
"""Names, some of which become the same text, with a figure for each of some words."""

NAMES = st.sampled_from(["a", "b", "c", "ä", "nul\0", "nul\ufffd"])
FIGURES = st.dictionaries(st.sampled_from(["x", "y", "x\0", "x\ufffd"]), st.integers(0, 3))
WORLDS = st.lists(st.tuples(NAMES, FIGURES), max_size=6, unique_by=lambda one: one[0])


def subjects(world: World) -> Iterable[tuple[tuple[str], dict[str, float]]]:
    """Each name as the one label."""
    return (((name,), figures) for name, figures in world)


SUBJECT: Subject[World, dict[str, float]] = Subject("thing", ("name",), subjects)
FAMILIES = (
    Family("words", Kind.GAUGE, "Words.", SUBJECT, lambda one: one, Shape.EACH, ("word",)),
    Family("size", Kind.GAUGE, "Size.", SUBJECT, lambda one: float(len(one)) or None),
)


@given(st.lists(WORLDS, min_size=1, max_size=6))
def test_a_section_that_remembers_says_what_a_new_one_says(worlds: list[World]) -> None:
    """Whatever comes, goes, changes, moves or becomes ambiguous between two pages."""
    remembering = Section(SUBJECT, FAMILIES)
    for world in worlds:
        assert remembering.blocks(world) == Section(SUBJECT, FAMILIES).blocks(world)


def test_what_has_not_changed_is_the_same_object() -> None:
    """An unchanged server costs neither time nor memory."""
    section = Section(SUBJECT, FAMILIES)
    first = section.blocks([("a", {"x": 1.0}), ("b", {})])
    assert section.blocks([("a", {"x": 1.0}), ("b", {})]) is first
