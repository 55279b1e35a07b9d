"""The words of the text formats: escaped values, numbers, header lines.

The results are byte for byte those of the Prometheus client library, which tests hold against
them. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from functools import lru_cache
from math import isfinite

from exporter.metrics.family import AnyFamily

MAX_LABEL_LENGTH = 500
"""Longer label values are cut: one product's runaway text must not swell every series."""

_UNFIT = re.compile("[\x00\ud800-\udfff]")


def clean(value: str) -> str:
    """A label value that every scraper can read.

    NUL ends the text for some parsers, lone surrogates have no UTF-8: both become U+FFFD. What is
    too long ends in an ellipsis.
    """
    if len(value) > MAX_LABEL_LENGTH:
        value = value[: MAX_LABEL_LENGTH - 1] + "…"
    # What can be printed is neither NUL nor a surrogate, and that is known far sooner.
    return value if value.isprintable() else _UNFIT.sub("\ufffd", value)


def fit(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values cleaned; most need nothing, which one look at all of them tells."""
    joined = "".join(values)
    if len(joined) <= MAX_LABEL_LENGTH and joined.isprintable():
        return values
    return tuple(map(clean, values))


def escape_label(value: str) -> str:
    """A label value as it stands between the quotes."""
    return escape(clean(value))


def escape(value: str) -> str:
    """The same of a value that is clean."""
    if value.isprintable() and '"' not in value and "\\" not in value:
        return value
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@lru_cache(maxsize=256)
def label_template(names: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
    """The braces with a `%s` for each value, and in which order the values go there: by name."""
    order = tuple(sorted(range(len(names)), key=names.__getitem__))
    text = ",".join(f'{names[index]}="%s"' for index in order)
    return (f"{{{text}}}" if names else ""), order


def label_text(names: tuple[str, ...], escaped: tuple[str, ...]) -> str:
    """The braces with these values, sorted by name, or nothing without labels."""
    template, order = label_template(names)
    return template % tuple([escaped[index] for index in order])


SMALL = {float(number): repr(float(number)) for number in range(1000)}
"""Most samples are counts, and 0 or 1 of a one-hot family."""

MOST_NUMBERS = 9192

INFINITE = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
EXPONENTS = tuple(f"e+{digits - 1:02d}" for digits in range(17))
"""By how many digits there are before the point."""


class _Numbers(dict[float, str]):
    """Numbers as text: small whole ones, and the large ones that were asked for lately.

    Times and bytes are said by several families, and again by the next generation.
    """

    def __init__(self) -> None:
        super().__init__(SMALL)

    def __missing__(self, value: float) -> str:
        text = repr(value + 0.0)
        if not 1e6 <= value < 1e16:
            return text if isfinite(value) else INFINITE[text]
        if len(self) >= MOST_NUMBERS:
            self.clear()
            self.update(SMALL)
        self[value] = text = _with_exponent(text)
        return text


def _with_exponent(text: str) -> str:
    """A number of at least ten, as Go writes it when it is large."""
    whole, _, part = text.partition(".")
    digits = f"{whole[0]}.{whole[1:]}{part}"
    return (digits.rstrip("0.") if part == "0" else digits) + EXPONENTS[len(whole)]


NUMBERS = _Numbers()
"""The text of a number: what is there already is found before any code of ours runs."""


def format_float(value: float) -> str:
    """A number as Go writes it: with an exponent from a million on. Minus zero is zero."""
    return NUMBERS[value]


def plain_header(family: AnyFamily) -> bytes:
    """HELP and TYPE of the text format, which knows a counter by its full name."""
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n".encode()


def openmetrics_header(family: AnyFamily) -> bytes:
    """HELP, TYPE and UNIT of OpenMetrics, where a counter's family name lacks `_total`."""
    text = family.help.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    header = f"# HELP {family.base} {text}\n# TYPE {family.base} {family.kind}\n"
    if family.unit:
        header += f"# UNIT {family.base} {family.unit}\n"
    return header.encode()
