"""The families of servers: whether polling works, what it cost, and how long sessions take."""

from collections.abc import Mapping

from exporter.errors import FAILURE_REASONS
from exporter.metrics.family import SERVER, AnyFamily, Family, Kind, Shape
from exporter.view import ServerView

GAUGE, COUNTER, HISTOGRAM = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM

UNKNOWN_FIELDS = ("status", "session_type", "bottleneck", "session")
"""Where a product can say a word that we do not know; `session` is a row that was unreadable."""


def seeded(names: tuple[str, ...], counts: Mapping[str, int]) -> Mapping[str, float]:
    """The counts with 0 for each of `names` that has none: a rate needs the zero first."""
    return {**dict.fromkeys(names, 0), **counts}


def versions(server: ServerView) -> tuple[str, ...]:
    """Product and versions; the versions are empty until the server has told them."""
    if server.info is None:
        return (server.product, "", "")
    return (server.product, server.info.product_version, server.info.api_version)


SERVER_FAMILIES: tuple[AnyFamily, ...] = (
    Family(
        "backup_session_duration_seconds",
        HISTOGRAM,
        "Durations of the counted sessions in seconds, over all jobs of a session type.",
        SERVER,
        lambda server: server.durations,
        Shape.DISTRIBUTIONS,
        ("session_type",),
    ),
    Family(
        "backup_server_up",
        GAUGE,
        "Whether the last poll was complete (1) or not (0, also before the first one).",
        SERVER,
        lambda server: server.up,
    ),
    Family(
        "backup_server_info",
        GAUGE,
        "Product and versions of a server, always 1.",
        SERVER,
        versions,
        Shape.TEXT,
        ("product", "product_version", "api_version"),
    ),
    Family(
        "backup_server_last_poll_timestamp_seconds",
        GAUGE,
        "When the last poll ended, well or not, in seconds since the epoch, 0 before the first.",
        SERVER,
        lambda server: server.last_poll or 0.0,
    ),
    Family(
        "backup_server_last_successful_poll_timestamp_seconds",
        GAUGE,
        "When the last complete poll ended, in seconds since the epoch, 0 before the first.",
        SERVER,
        lambda server: server.last_successful_poll or 0.0,
    ),
    Family(
        "backup_server_poll_duration_seconds",
        GAUGE,
        "How long the last poll took, in seconds.",
        SERVER,
        lambda server: server.poll_duration,
    ),
    Family(
        "backup_server_poll_interval_seconds",
        GAUGE,
        "The configured time between polls, in seconds.",
        SERVER,
        lambda server: server.poll_interval,
    ),
    Family(
        "backup_server_data_timestamp_seconds",
        GAUGE,
        "How fresh the server's own data is where it is a cache, in seconds since the epoch, as of"
        " the last complete poll.",
        SERVER,
        lambda server: server.data_time,
    ),
    Family(
        "backup_server_polls_total",
        COUNTER,
        "Polls of the server, well or not.",
        SERVER,
        lambda server: server.polls,
    ),
    Family(
        "backup_server_poll_failures_total",
        COUNTER,
        "Polls that were not complete, by reason.",
        SERVER,
        lambda server: seeded(FAILURE_REASONS, server.failures),
        Shape.EACH,
        ("reason",),
    ),
    Family(
        "backup_server_endpoint_up",
        GAUGE,
        "Whether the last call of an endpoint worked (1) or not (0).",
        SERVER,
        lambda server: server.endpoints,
        Shape.EACH,
        ("endpoint",),
    ),
    Family(
        "backup_server_requests_total",
        COUNTER,
        "HTTP requests to the server by status code.",
        SERVER,
        lambda server: server.requests,
        Shape.EACH,
        ("code",),
    ),
    Family(
        "backup_server_logons_total",
        COUNTER,
        "How often a password was sent to the server.",
        SERVER,
        lambda server: server.logons,
    ),
    Family(
        "backup_server_clock_offset_seconds",
        GAUGE,
        "The server's clock minus the exporter's, in seconds.",
        SERVER,
        lambda server: server.clock_offset,
    ),
    Family(
        "backup_server_tls_verified",
        GAUGE,
        "Whether the server's certificate is verified (1) or accepted as it comes (0).",
        SERVER,
        lambda server: server.tls_verified,
    ),
    Family(
        "backup_server_certificate_expiry_timestamp_seconds",
        GAUGE,
        "When the server's certificate expires, in seconds since the epoch.",
        SERVER,
        lambda server: server.certificate_expiry,
    ),
    Family(
        "backup_server_jobs",
        GAUGE,
        "Jobs of the server that have series.",
        SERVER,
        lambda server: len(server.identities),
    ),
    Family(
        "backup_server_open_sessions",
        GAUGE,
        "Sessions that were seen without a result and are followed until they have one.",
        SERVER,
        lambda server: server.open_sessions,
    ),
    Family(
        "backup_server_dropped_jobs",
        GAUGE,
        "Jobs beyond the configured maximum, which have no series.",
        SERVER,
        lambda server: server.dropped_jobs,
    ),
    Family(
        "backup_server_unknown_values_total",
        COUNTER,
        "Words of the product that are not known yet, by field; session counts unreadable rows.",
        SERVER,
        lambda server: seeded(UNKNOWN_FIELDS, server.unknown_values),
        Shape.EACH,
        ("field",),
    ),
)
