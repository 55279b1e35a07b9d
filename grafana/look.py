"""Colours, words for values, and thresholds.

The colours, after Okabe and Ito and after Tol, are told apart with any colour vision, which a test
measures; and no colour stands alone: each state has its word as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

GOOD = "#009E73"
FAIR = "#F0E442"
BAD = "#D55E00"
CANCELED = "#AA4499"
UNKNOWN = "#4D4D4D"
IDLE = "#88CCEE"
QUIET = "#999999"
ORANGE = "#E69F00"
BLUE = "#0072B2"

Json = dict[str, Any]


class State(NamedTuple):
    """A state of a one-hot family: its number in panels that need one, and its colour."""

    code: int
    word: str
    colour: str


RESULTS = (
    State(0, "none", IDLE),
    State(1, "success", GOOD),
    State(2, "unknown", UNKNOWN),
    State(3, "canceled", CANCELED),
    State(4, "warning", FAIR),
    State(5, "failed", BAD),
)
"""Ordered so that the greatest number of several sessions is the one to look at."""

BOTTLENECKS = (
    State(0, "none", GOOD),
    State(1, "detecting", IDLE),
    State(2, "unknown", UNKNOWN),
    State(3, "source", BLUE),
    State(4, "proxy", FAIR),
    State(5, "network", ORANGE),
    State(6, "wan", "#8C510A"),
    State(7, "target", BAD),
    State(8, "throttling", CANCELED),
)

NEVER_RAN = "never ran"
"""How the result `none` reads."""


def mapping(words: Mapping[str, tuple[str, str]]) -> Json:
    """Show each value as a word in a colour: `{value: (word, colour)}`."""
    options = {
        value: {"color": colour, "index": index, "text": word}
        for index, (value, (word, colour)) in enumerate(words.items())
    }
    return {"type": "value", "options": options}


def nothing(word: str) -> Json:
    """Show an empty cell as a word."""
    result = {"color": QUIET, "index": 0, "text": word}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


def _readable(state: State) -> str:
    return NEVER_RAN if state in RESULTS and state.word == "none" else state.word


def by_code(states: Iterable[State]) -> Json:
    """Show the number of a state as its word."""
    return mapping({str(state.code): (_readable(state), state.colour) for state in states})


def by_word(states: Iterable[State]) -> Json:
    """Give the word of a state its colour."""
    return mapping({state.word: (_readable(state), state.colour) for state in states})


UP = mapping({"1": ("up", GOOD), "0": ("down", BAD)})
WORKS = mapping({"1": ("works", GOOD), "0": ("fails", BAD)})
ENABLED = mapping({"1": ("enabled", GOOD), "0": ("disabled", FAIR)})
VERIFIED = mapping({"1": ("verified", GOOD), "0": ("not verified", BAD)})
RELOADED = mapping({"1": ("loaded", GOOD), "0": ("rejected", BAD)})


def thresholds(first: str, *steps: tuple[float, str]) -> Json:
    """A colour from the bottom on, and others from given values on."""
    rest = [{"color": colour, "value": value} for value, colour in steps]
    return {"mode": "absolute", "steps": [{"color": first, "value": None}, *rest]}


PLAIN = thresholds(BLUE)
NONE_IS_GOOD = thresholds(GOOD, (1, BAD))
FEW_IS_FAIR = thresholds(GOOD, (1, FAIR))
OF_LIMIT = thresholds(GOOD, (0.8, FAIR), (1, BAD))
"""For shares of something that should stay below 1."""
ALL_IS_GOOD = thresholds(BAD, (0.95, FAIR), (1, GOOD))
"""For shares that should be 1."""
