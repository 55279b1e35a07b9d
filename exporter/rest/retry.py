"""Which failures deserve another try, and how long to wait for it. Decides; waits for nothing."""

from collections.abc import Callable

from exporter.errors import RateLimited, SourceError, TimedOut, Unreachable
from exporter.rest.tally import http_date
from exporter.rest.wire import Request, Response

Random = Callable[[], float]
"""A number from 0 to below 1, such as `random.Random().random`."""

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
LONGEST_RETRY_AFTER = 30.0

_TRANSIENT = (TimedOut, Unreachable, RateLimited)


def worth_retrying(outcome: Response | SourceError) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(outcome, SourceError):
        return isinstance(outcome, _TRANSIENT)
    return outcome.status == 429 or outcome.status >= 500


def pause(
    request: Request, outcome: Response | SourceError, attempt: int, now: float, random: Random
) -> float | None:
    """Seconds until the next try after the `attempt`th (from 1); None when it was the last.

    Exponential back-off with full jitter; a server's `Retry-After` wins, up to a limit, because
    coming back sooner would only be refused again.
    """
    if attempt >= request.tries or not worth_retrying(outcome):
        return None
    told = _retry_after(outcome, now)
    if told is not None:
        return max(told, request.least_pause)
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1))
    return max(random() * ceiling, request.least_pause)


def read_retry_after(value: str | None, now: float) -> float | None:
    """Seconds of a `Retry-After` header (a number or a date, RFC 9110 section 10.2.3), capped."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    moment = http_date(text)
    return None if moment is None else min(max(moment - now, 0.0), LONGEST_RETRY_AFTER)


def _retry_after(outcome: Response | SourceError, now: float) -> float | None:
    if isinstance(outcome, SourceError):
        return None
    # A date is by the server's clock, and so is the answer's own.
    answered = http_date(outcome.headers.get("Date"))
    return read_retry_after(
        outcome.headers.get("Retry-After"), now if answered is None else answered
    )
