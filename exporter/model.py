"""The vocabulary: what a session, a job and one complete poll of a server are.

Values only. They are created once at the edge of the package (`sources/`), never changed, and read
everywhere. Times are float seconds since the epoch, UTC. What a product did not report is None,
never 0.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Result(StrEnum):
    """How a finished session ended, in the words of every product alike."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class State(StrEnum):
    """Where a session stands: waiting to start, at work, or over with a result."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"


class Bottleneck(StrEnum):
    """The slowest part of a session's data path, as the product judged it."""

    SOURCE = "source"
    PROXY = "proxy"
    NETWORK = "network"
    WAN = "wan"
    TARGET = "target"
    THROTTLING = "throttling"
    NONE = "none"
    DETECTING = "detecting"
    UNKNOWN = "unknown"


class Statistics(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a product measured of one session; each figure is None where it reports none."""

    transferred_bytes: float | None = None
    processed_items: float | None = None
    processed_objects: float | None = None
    retries: float | None = None
    processing_bytes_per_second: float | None = None
    read_bytes_per_second: float | None = None
    write_bytes_per_second: float | None = None
    processing_items_per_second: float | None = None
    progress_ratio: float | None = None
    bottleneck: Bottleneck | None = None


NO_STATISTICS = Statistics()


class Session(msgspec.Struct, frozen=True, gc=False):
    """One run of a job, or a run of its own (then `job_id` and `job_name` are empty).

    `result` is None until the session is finished. `ended` is None while it is open, and also for
    a finished session whose end the product did not tell. `unknown` names the fields (`status`,
    `session_type`, `bottleneck`) whose word is not in our tables.
    """

    id: str
    job_id: str
    job_name: str
    session_type: str
    state: State
    result: Result | None
    started: float | None
    ended: float | None
    statistics: Statistics = NO_STATISTICS
    message: str = ""
    unknown: tuple[str, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """What is known of a job apart from its runs.

    `session_types` are the types its runs have or would have; a listed job that never ran gets its
    series from them. `enabled` and `next_run` (seconds since the epoch) are None where unknown.
    """

    id: str
    name: str
    session_types: tuple[str, ...] = ()
    organization: str = ""
    backup_server: str = ""
    repository: str = ""
    policy_type: str = ""
    enabled: bool | None = None
    next_run: float | None = None


class ServerInfo(msgspec.Struct, frozen=True):
    """Which version of which product answered, through which version of its API."""

    product_version: str = ""
    api_version: str = ""


class Window(msgspec.Struct, frozen=True):
    """The part of history that one poll reads: sessions that were alive since `start`.

    `start` is in seconds since the epoch by the backup server's clock. `first` marks the very
    first poll of a server, which may be long.
    """

    start: float
    first: bool = False


class OpenSession(msgspec.Struct, frozen=True):
    """A session that was seen without a result and is followed by its id until it has one."""

    session: Session
    seen: float


class Harvest(msgspec.Struct, frozen=True):
    """What one complete poll of a server brought. A poll that is not complete has no harvest.

    `sessions` are unique by id and hold both the window's list and the followed ones.
    `gone` are ids of open sessions that the product no longer knows (404).
    `job_list` is True when the product's list of jobs is known completely; `listed_types` are the
    session types whose jobs were listed by this poll, so that a job missing among them is a deleted
    job. `kept_types` are those whose jobs an earlier poll listed and this one did not: what `jobs`
    says of them still holds, and is no second proof that a job is missing.
    `server_time` is the server's own clock at the start of the poll (its `Date` header).
    `data_time` tells how fresh the server's own data is, where it is a cache, at the latest when
    its sessions were read: what ended later is still to come, and the next poll reads from there.
    `skipped_rows` counts rows that could not be read, `endpoints` tells of each endpoint that was
    called whether its last call worked.
    """

    sessions: tuple[Session, ...]
    gone: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    job_list: bool = False
    listed_types: frozenset[str] = frozenset()
    kept_types: frozenset[str] = frozenset()
    server_time: float | None = None
    data_time: float | None = None
    info: ServerInfo = ServerInfo()
    skipped_rows: int = 0
    endpoints: Mapping[str, bool] = {}


class Reports(msgspec.Struct, frozen=True):
    """Which sums and bottlenecks a product can report for a type of session.

    `totals` holds names of `Statistics` fields out of `transferred_bytes`, `processed_items` and
    `retries`; their counters are seeded with 0 before the first session. `bottlenecks` are the
    states that the one-hot family shows; empty where the product reports none.
    """

    totals: frozenset[str] = frozenset()
    bottlenecks: tuple[Bottleneck, ...] = ()


class Traffic(msgspec.Struct, frozen=True):
    """What was sent to a server since the last time this was asked, and how it answered.

    `requests` counts HTTP requests by status code (`"200"`). `logons` counts how often a password
    was sent. `clock_offset` is the server's `Date` minus our clock in seconds. `tls_verified` and
    `certificate_expiry` are None without TLS or before the first connection.
    """

    requests: Mapping[str, int] = {}
    logons: int = 0
    clock_offset: float | None = None
    tls_verified: bool | None = None
    certificate_expiry: float | None = None
