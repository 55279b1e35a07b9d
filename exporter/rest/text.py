"""Text of other people's servers, made fit for a log line, a page or an error message."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def one_line(text: str, limit: int) -> str:
    """`text` without control characters or line breaks, cut to `limit` characters."""
    if len(text) <= limit and text.isprintable():
        return text
    # Cut before the search too, so that a body of megabytes costs no more than its beginning.
    return _CONTROL.sub(" ", text[: 4 * limit]).strip()[:limit]
