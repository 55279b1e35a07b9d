"""What was sent and what came back, kept until somebody asks."""

from collections import Counter
from email.utils import parsedate_to_datetime

from exporter.model import Traffic


class Tally:
    """Counts of one server's traffic, its clock and its certificate as last seen."""

    def __init__(self) -> None:
        self._requests: Counter[str] = Counter()
        self._logons = 0
        self.clock_offset: float | None = None
        self.tls_verified: bool | None = None
        self.certificate_expiry: float | None = None

    def password_sent(self) -> None:
        """A request with a password is about to leave."""
        self._logons += 1

    def answered(self, status: int, date: str | None, now: float) -> None:
        """An answer began with `status`; `date` is its `Date` header, `now` our clock then."""
        self._requests[str(status)] += 1
        moment = http_date(date)
        if moment is not None:
            self.clock_offset = moment - now

    def certificate(self, expiry: float | None, verified: bool) -> None:
        """A TLS handshake went well."""
        self.certificate_expiry = expiry
        self.tls_verified = verified

    def take(self) -> Traffic:
        """Everything since the last call; the counts begin again."""
        requests, self._requests = dict(self._requests), Counter()
        logons, self._logons = self._logons, 0
        return Traffic(
            requests=requests,
            logons=logons,
            clock_offset=self.clock_offset,
            tls_verified=self.tls_verified,
            certificate_expiry=self.certificate_expiry,
        )


def http_date(text: str | None) -> float | None:
    """An HTTP date in seconds since the epoch; None for what is none (RFC 9110 section 5.6.7)."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        # A date without a zone would be read in the machine's own; HTTP knows only GMT.
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
