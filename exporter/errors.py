"""Everything that can go wrong, named once.

    ExporterError
    ├── ConfigurationError      the user's file; carries every problem found
    ├── LedgerError             the durable memory cannot be used
    │   └── LedgerInUse         another process holds it
    ├── TooManySeries           a page is longer than it may be
    ├── ServingError            the HTTP server cannot be started as asked
    └── SourceError             a backup server could not be polled; `reason` is a metric label
        ├── AuthenticationFailed   auth
        ├── Forbidden              forbidden
        ├── NotFound               not_found
        ├── RateLimited            rate_limited
        ├── TimedOut               timeout
        ├── Unreachable            connect
        ├── TlsFailed              tls
        ├── HttpFailed             http
        ├── ParseFailed            parse
        └── TooLarge               too_large

`rest/` turns the errors of libraries into these, once; only the poller catches them. Messages are
one plain sentence for a person and never hold a secret.
"""


class ExporterError(Exception):
    """Base of all errors that are told to a person in one sentence."""


class ConfigurationError(ExporterError):
    """The configuration cannot be used; `problems` has one line for each thing to mend."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LedgerError(ExporterError):
    """The ledger cannot be opened, read or written."""


class LedgerInUse(LedgerError):
    """Another process has the ledger open for writing."""


class ServingError(ExporterError):
    """The HTTP server cannot listen, or was asked for something that it cannot do."""


class TooManySeries(ExporterError):
    """A page would have more series than it may; it is refused whole."""


class SourceError(ExporterError):
    """A backup server could not be polled; `reason` is the label value that counts it."""

    reason = "internal"


class AuthenticationFailed(SourceError):
    """The server refused the user name or password: retrying soon may lock the account."""

    reason = "auth"


class Forbidden(SourceError):
    """The account may not do this call (403)."""

    reason = "forbidden"


class NotFound(SourceError):
    """The address does not exist on this server (404)."""

    reason = "not_found"


class RateLimited(SourceError):
    """The server asks for fewer calls (429) and kept asking through all retries."""

    reason = "rate_limited"


class TimedOut(SourceError):
    """No answer within the request's or the poll's time."""

    reason = "timeout"


class Unreachable(SourceError):
    """No connection, or a connection that broke."""

    reason = "connect"


class TlsFailed(SourceError):
    """The server's certificate is not trusted, or TLS could not be agreed upon."""

    reason = "tls"


class HttpFailed(SourceError):
    """An answer with an unexpected status code."""

    reason = "http"


class ParseFailed(SourceError):
    """An answer that is not what the API documents (HTML, truncated or wrong JSON)."""

    reason = "parse"


class TooLarge(SourceError):
    """An answer, or a number of pages, beyond the limits."""

    reason = "too_large"


FAILURE_REASONS = (
    "auth",
    "forbidden",
    "not_found",
    "rate_limited",
    "timeout",
    "connect",
    "tls",
    "http",
    "parse",
    "too_large",
    "internal",
)
