"""Blocks that are made out of old ones are the blocks that would have been written anew."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.samples import Section
from exporter.metrics.family import Family, Kind, Shape, Subject

World = list[tuple[str, dict[str, float]]]
"""Names, some of which become the same text, with a figure for each of some words."""

NAMES = st.sampled_from(["a", "b", "c", "ä", "nul\0", "nul\ufffd"])
FIGURES = st.dictionaries(st.sampled_from(["x", "y", "x\0", "x\ufffd"]), st.integers(0, 3)).map(
    lambda figures: dict(sorted(figures.items()))  # equal ones say the same in the same order
)
WORLDS = st.lists(st.tuples(NAMES, FIGURES), max_size=6, unique_by=lambda one: one[0])


def subjects(world: World) -> Iterable[tuple[tuple[str], dict[str, float]]]:
    """Each name as the one label."""
    return (((name,), figures) for name, figures in world)


SUBJECT: Subject[World, dict[str, float]] = Subject("thing", ("name",), subjects)
FAMILIES = (
    Family("words", Kind.GAUGE, "Words.", SUBJECT, lambda one: one, Shape.EACH, ("word",)),
    Family("size", Kind.GAUGE, "Size.", SUBJECT, lambda one: float(len(one)) or None),
)


def text(section: Section[World, dict[str, float]], world: World) -> list[bytes]:
    """The blocks of this world."""
    section.show(world)
    return [bytes(column.data) for column in section.columns()]


@given(st.lists(st.tuples(WORLDS, st.booleans()), min_size=1, max_size=6))
def test_a_section_that_remembers_says_what_a_new_one_says(
    worlds: list[tuple[World, bool]],
) -> None:
    """Whatever comes, goes, changes, moves or becomes ambiguous between two pages."""
    remembering = Section(SUBJECT, FAMILIES)
    for world, rests in worlds:
        assert text(remembering, world) == text(Section(SUBJECT, FAMILIES), world)
        if rests:
            remembering.rest()


def test_what_has_not_changed_is_the_same_object() -> None:
    """An unchanged server costs neither time nor memory."""
    section = Section(SUBJECT, FAMILIES)
    section.show([("a", {"x": 1.0}), ("b", {})])
    section.rest()
    packed = section._text
    section.show([("a", {"x": 1.0}), ("b", {})])
    section.rest()
    assert section._text is packed


def test_text_takes_little_memory_between_two_pages() -> None:
    """A sixth at most, for what so many subjects say alike."""
    section = Section(SUBJECT, FAMILIES)
    world: World = [(f"subject {number}", {"x": 1.0, "y": 2.0}) for number in range(200)]
    whole = sum(map(len, text(section, world)))
    section.rest()
    assert len(section._text._data) * 6 < whole
