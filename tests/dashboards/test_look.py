"""States have a word and a colour that people with any colour vision tell apart."""

import itertools
import re

import pytest

from exporter.metrics.job import RESULT_STATES
from exporter.model import Bottleneck
from grafana.look import BOTTLENECKS, RESULTS, State, by_code
from tests.support.dashboards import UIDS, load, panels

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

# How the three kinds of colour blindness mix linear red, green and blue (Machado, Oliveira and
# Fernandes, 2009, at full severity).
VISIONS: dict[str, Matrix] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green cones": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue cones": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ: Matrix = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
WHITE = (0.9505, 1.0, 1.089)
CLEARLY_DIFFERENT = 20.0
"""In CIE 1976: 2 is just noticeable, 10 is seen at a glance."""


def mixed(matrix: Matrix, colour: Triple) -> Triple:
    """A colour after a matrix, within what a screen can show."""
    first, second, third = (
        sum(weight * part for weight, part in zip(row, colour, strict=True)) for row in matrix
    )
    return (first, second, third)


def linear(text: str) -> Triple:
    """Linear red, green and blue of `#rrggbb`."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return (bright(red), bright(green), bright(blue))


def bright(part: float) -> float:
    """Linear light of one part of an sRGB colour."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def lab(colour: Triple) -> Triple:
    """A linear colour in CIE Lab, where distance is how different colours look."""
    x, y, z = (
        max(part, 0) / white for part, white in zip(mixed(TO_XYZ, colour), WHITE, strict=True)
    )
    fx, fy, fz = (p ** (1 / 3) if p > 0.008856 else 7.787 * p + 16 / 116 for p in (x, y, z))
    return (116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def distance(one: str, other: str, vision: Matrix) -> float:
    """How different two colours look to somebody with that vision."""
    first, second = (
        lab(mixed(((1, 0, 0), (0, 1, 0), (0, 0, 1)), clipped(mixed(vision, linear(colour)))))
        for colour in (one, other)
    )
    return sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5


def clipped(colour: Triple) -> Triple:
    """The nearest colour that a screen can show."""
    red, green, blue = (min(max(part, 0.0), 1.0) for part in colour)
    return (red, green, blue)


@pytest.mark.parametrize("vision", VISIONS)
def test_results_look_different_to_everybody(vision: str) -> None:
    """The six results are told apart with any colour vision."""
    for one, other in itertools.combinations(RESULTS, 2):
        seen = distance(one.colour, other.colour, VISIONS[vision])
        assert seen > CLEARLY_DIFFERENT, (one.word, other.word)


def test_plain_red_and_green_would_be_noticed() -> None:
    """The measure can fail: red and green of equal lightness are alike without green cones."""
    vision = VISIONS["no green cones"]
    assert distance("#C23B22", "#7B7B00", vision) < CLEARLY_DIFFERENT


@pytest.mark.parametrize(
    ("states", "words"),
    [(RESULTS, set(RESULT_STATES)), (BOTTLENECKS, {str(word) for word in Bottleneck})],
    ids=["results", "bottlenecks"],
)
def test_every_state_has_a_number_a_word_and_a_colour(
    states: tuple[State, ...], words: set[str]
) -> None:
    """No state of the exporter is missing, and none shares its number or colour."""
    assert {state.word for state in states} == words
    for part in zip(*states, strict=True):
        assert len(set(part)) == len(states)
    shown = by_code(states)["options"].values()
    assert all(re.search(r"\w", each["text"]) for each in shown)


@pytest.mark.parametrize("uid", UIDS)
def test_states_over_time_have_words(uid: str) -> None:
    """No panel leaves the meaning of a state to its colour."""
    for panel in panels(load(uid)):
        if panel["type"] in ("state-timeline", "status-history"):
            (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
            assert all(each["text"] for each in mapping["options"].values())
