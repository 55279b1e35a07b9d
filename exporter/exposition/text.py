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
    return _UNFIT.sub("\ufffd", value)


def escape_label(value: str) -> str:
    """A label value as it stands between the quotes."""
    return clean(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def label_text(pairs: tuple[tuple[str, str], ...]) -> str:
    """The braces with escaped `pairs` sorted by name, or nothing without labels."""
    if not pairs:
        return ""
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(pairs)) + "}"


_SMALL = {float(number): repr(float(number)) for number in range(1000)}
_EXPONENTS = tuple(f"e+{exponent:02d}" for exponent in range(16))


def format_float(value: float) -> str:
    """A number as Go writes it: with an exponent from a million on. Minus zero is zero."""
    # Most samples are counts, and 0 or 1 of a one-hot family.
    small = _SMALL.get(value)
    if small is not None:
        return small
    number = float(value)
    return repr(number) if -1e300 < number < 1e6 else _format_large(number)


@lru_cache(maxsize=8192)
def _format_large(number: float) -> str:
    """Times and bytes, which several families and the next generation say again."""
    if not isfinite(number):
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}[repr(number)]
    text = repr(number)
    if not 1e6 <= number < 1e16:
        return text
    point = text.index(".")
    return f"{text[0]}.{text[1:point]}{text[point + 1 :]}".rstrip("0.") + _EXPONENTS[point - 1]


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
