"""What a product tells the generator of believable worlds: its jobs, its words, its people.

All durations are story seconds: a world that lives N times faster divides them by N.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
MIB = 1024.0**2
GIB = 1024.0**3
TURNING_POINT = 0.5


@dataclass(frozen=True, slots=True)
class JobTemplate:
    """A kind of job: when it runs and how much it has to move.

    `period` and `phase` are story seconds (phase after the start of a period, counted from the
    epoch). `size` is bytes of a typical run, `rate` bytes a second, `item_size` bytes of an item.
    `chance` is the probability that a scheduled moment brings a run at all. `source` is the place
    in the templates of the job that a copy job copies from. A template that is not `listed` brings
    runs without a job, or as `part_of` a listed one (its place) another kind of run of that job.
    `status` is the word of runs that never happen and have it from the beginning. `category` is
    what sort of job it is, where the product tells apart more sorts than kinds of runs.
    """

    name: str
    kind: str
    organization: int
    repository: int
    period: float
    phase: float
    size: float
    rate: float
    item_size: float = 64 * 1024.0
    objects: int = 50
    enabled: bool = True
    listed: bool = True
    chance: float = 1.0
    source: int | None = None
    part_of: int | None = None
    status: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The product's own words for where a run stands and what held it back.

    `open` are all words of runs without a result. `detecting` is the bottleneck shown in the first
    part (`detecting_until`, 0 to 1) of a run. `foreboding` maps an outcome to the word that a run
    at work shows once it is on its way there, from `TURNING_POINT` on.
    """

    success: str
    warning: str
    failed: str
    canceled: str
    running: str
    queued: str
    open: frozenset[str]
    bottlenecks: Mapping[str, float] = field(default_factory=dict)
    detecting: str = ""
    detecting_until: float = 0.05
    foreboding: Mapping[str, str] = field(default_factory=dict)

    def outcome(self, name: str) -> str:
        """The word for `success`, `warning`, `failed` or `canceled`."""
        return str(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Profile:
    """One product's world. `session_kinds` are the kinds that its session list shows.

    `attempts` is how often a scheduled run is tried at most. `numeric_ids` makes ids of sessions
    whole numbers instead of UUIDs.

    `starts_at_creation` says which moment the product calls the start of a session. `messages`
    holds what the product says of an outcome other than success.
    """

    organizations: tuple[str, ...]
    repositories: tuple[str, ...]
    templates: tuple[JobTemplate, ...]
    words: Words
    session_kinds: frozenset[str]
    starts_at_creation: bool = True
    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attempts: int = 4
    numeric_ids: bool = False
