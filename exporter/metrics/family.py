"""What a metric family is: one row of data.

A row names itself, says what it means, on which subject it is read and how. Everything else follows
from the rows: the exposition, the reference page, the golden files and the lint of names. A row
knows no text format.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from exporter.view import ExporterView, HistogramView, JobIdentity, JobView, ServerView

Source = TypeVar("Source")
Read = TypeVar("Read")


class Kind(StrEnum):
    """The type of a family, in the words of a `# TYPE` line."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Shape(StrEnum):
    """What a family's value function returns for one subject. None always means: no series.

    ONE: a number. EACH: a mapping from the one further label's value to a number. TEXT: the values
    of the further labels, the sample being 1. DISTRIBUTION: one histogram. DISTRIBUTIONS: a mapping
    from the one further label's value to a histogram.
    """

    ONE = "one"
    EACH = "each"
    TEXT = "text"
    DISTRIBUTION = "distribution"
    DISTRIBUTIONS = "distributions"


Value: TypeAlias = (
    float
    | Mapping[str, float]
    | tuple[str, ...]
    | HistogramView
    | Mapping[str, HistogramView]
    | None
)


class ListedJob(NamedTuple):
    """A job apart from its runs, with the product of the server that knows it."""

    product: str
    identity: JobIdentity


@dataclass(frozen=True, slots=True)
class Subject(Generic[Source, Read]):
    """What a family speaks of: its labels, and how to find all such subjects in a view.

    `of` gives the values of `labels` with each subject, in the view's order.
    """

    title: str
    labels: tuple[str, ...]
    of: Callable[[Source], Iterable[tuple[tuple[str, ...], Read]]]


JOB: Subject[ServerView, JobView] = Subject(
    "job and session type",
    ("server", "job_id", "job_name", "session_type"),
    lambda view: (
        ((view.name, job.job_id, job.job_name, job.session_type), job) for job in view.jobs
    ),
)
LISTED_JOB: Subject[ServerView, ListedJob] = Subject(
    "job",
    ("server", "job_id", "job_name"),
    lambda view: (
        ((view.name, job.job_id, job.job_name), ListedJob(view.product, job))
        for job in view.identities
    ),
)
SERVER: Subject[ServerView, ServerView] = Subject(
    "server", ("server",), lambda view: (((view.name,), view),)
)
EXPORTER: Subject[ExporterView, ExporterView] = Subject("exporter", (), lambda view: (((), view),))


@dataclass(frozen=True, slots=True)
class Family(Generic[Source, Read]):
    """One row: a family's full name (a counter's with `_total`), help, subject and value.

    `extra` names the labels beyond those of the subject.
    """

    name: str
    kind: Kind
    help: str
    subject: Subject[Source, Read]
    value: Callable[[Read], Value]
    shape: Shape = Shape.ONE
    extra: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The name without a counter's `_total`: what OpenMetrics calls the family."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name

    @property
    def unit(self) -> str:
        """The base unit that the name ends with, or nothing."""
        return next((unit for unit in UNITS if self.base.endswith(f"_{unit}")), "")

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of the family's series but `le`."""
        return self.subject.labels + self.extra

    @property
    def sample_names(self) -> frozenset[str]:
        """Every name by which somebody may ask for this family."""
        suffixes = ("_bucket", "_count", "_sum") if self.kind is Kind.HISTOGRAM else ()
        return frozenset((self.name, self.base, *(self.name + suffix for suffix in suffixes)))


AnyFamily: TypeAlias = Family[Any, Any]

UNITS = ("seconds", "bytes", "ratio")
"""The base units that OpenMetrics wants to hear of in a `# UNIT` line."""
