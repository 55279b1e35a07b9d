"""Which text format a scraper gets, by what its Accept header asks for."""

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache


class Format(Enum):
    """The formats we speak; the value is the content type of the answer.

    All our names fit every escaping scheme unchanged, so the plainest one is named.
    """

    TEXT_0_0_4 = "text/plain; version=0.0.4; charset=utf-8"
    TEXT_1_0_0 = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
    OPENMETRICS_1_0_0 = (
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
    )

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return self.value

    @property
    def openmetrics(self) -> bool:
        """Whether the page is written by the rules of OpenMetrics."""
        return self is Format.OPENMETRICS_1_0_0


OFFERED: Mapping[tuple[str, str], Format] = {
    ("application/openmetrics-text", "1.0.0"): Format.OPENMETRICS_1_0_0,
    ("application/openmetrics-text", ""): Format.OPENMETRICS_1_0_0,
    ("text/plain", "1.0.0"): Format.TEXT_1_0_0,
    ("text/plain", "0.0.4"): Format.TEXT_0_0_4,
    ("text/plain", ""): Format.TEXT_0_0_4,
    ("text/*", ""): Format.TEXT_0_0_4,
    ("*/*", ""): Format.TEXT_0_0_4,
}
"""What we answer to a media type and its `version`."""


@lru_cache(maxsize=64)
def negotiate(accept: str | None) -> Format:
    """The format for an Accept header: the highest `q` that we can serve.

    Of equal ones a format that was named by version 1 wins, then the order of the header. Whatever
    is not understood counts as not said; if nothing is left, the answer is text 0.0.4.
    """
    wanted = list(_wanted(accept or ""))
    if not wanted:
        return Format.TEXT_0_0_4
    return max(wanted, key=lambda entry: (entry[1], entry[0] is not Format.TEXT_0_0_4))[0]


def _wanted(accept: str) -> Iterator[tuple[Format, float]]:
    """The entries of the header that we can serve, with their quality."""
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        said = dict(_parameter(text) for text in parameters)
        offer = OFFERED.get((media_type, said.get("version", "")))
        quality = _quality(said.get("q", "1"))
        if offer is not None and quality > 0:
            yield offer, quality


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _quality(text: str) -> float:
    """A `q` between 0 and 1; what is none of that counts as 0: not wanted."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
