"""What the harness knows of each product; one row more and its servers are soaked, too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import reduce
from math import inf

from exporter.simulator import SimulatedServer
from exporter.simulator.azure_rows import AzureHabits
from exporter.simulator.profile import Words
from exporter.simulator.runs import Run
from exporter.simulator.server import Seen

SERVERS_EACH = 2
"""How many servers of each product are on stage: one of them can leave."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is soaked. Requests are told by patterns of path and query in lower case.

    `listing` is the path, or how it begins, on which faults of the list of sessions happen. `page`
    is a request for a page of sessions, `last` one after which a poll is soon written down.
    `kinds` are the types of its sessions; the first is what a job of the simulator has by itself.

    `ways` are attributes of the simulated product to set, for one server after another, so that
    it is met in every documented manner. `faults` are those that only this product knows, by their
    names. `settings` are keys of the configuration that it needs otherwise than the others.

    `reports` names the figures that are summed up, `most_retries` what a session says at most of
    its retries, and `bottlenecks` turns words into label values.
    """

    name: str
    listing: str
    page: str
    last: str
    kinds: tuple[str, ...]
    ways: tuple[Mapping[str, object], ...] = ({},)
    api_version: str = "auto"
    reports: frozenset[str] = frozenset()
    most_retries: float = inf
    bottlenecks: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)

    def prepare(self, server: SimulatedServer, place: int) -> None:
        """Set up the simulated server in its place among the servers of this product.

        Raises AttributeError for an attribute that it does not have.
        """
        for attribute, value in self.ways[place % len(self.ways)].items():
            *owners, name = attribute.split(".")
            owner = reduce(getattr, owners, server.product)
            getattr(owner, name)
            setattr(owner, name, value)


VB365 = Product(
    name="vb365",
    api_version="v8",
    listing="/v8/jobsessions",
    page="/v8/jobsessions[?]*",
    last="/v8/jobsessions[?]*status=running*",
    kinds=("Backup", "Copy"),
    ways=({"sessions.window_reads": "end"}, {"sessions.window_reads": "creation"}),
    reports=frozenset({"transferred_bytes", "processed_items", "retries"}),
    bottlenecks={"Source": "source", "Target": "target", "NA": "none"},
)

# Which version is spoken is left to the negotiation, so that faults meet that, too. What a session
# transferred is an extra that is not asked for again after a failure: no truth follows from it.
AZURE = Product(
    name="azure",
    listing="/api/v8.1/jobsessions",
    page="/api/v8.1/jobsessions[?]*fromutc=*",
    last="/api/v8.1/polic*",
    kinds=("PolicyBackup", "SqlPolicyBackup", "FileSharePolicySnapshot"),
    ways=({}, {"habits": AzureHabits(durations="milliseconds", open_stop="year_9999")}),
    faults={"licence agreement": "licence"},
)

# One server shows everything at once and in JSON; the other writes XML, and shows what it has
# collected from its backup servers, as late as a quick run allows.
ENTERPRISE_MANAGER = Product(
    name="enterprise_manager",
    listing="/api/query",
    page="/api/query[?]type=*jobsession&*",
    last="/api/query[?]type=replicajobsession&*endtime*",
    kinds=("Backup", "Replica", "NasBackup"),
    ways=({}, {"habits.answers_xml": True, "habits.collect_every": 2.0}),
    reports=frozenset({"retries"}),
    most_retries=1,
)

PRODUCTS = {product.name: product for product in (VB365, AZURE, ENTERPRISE_MANAGER)}


def asks(seen: Seen, pattern: str) -> bool:
    """Whether a request is of a kind."""
    return fnmatchcase(f"{seen.path}?{seen.query}".lower(), pattern)


def result_of(run: Run, words: Words) -> str:
    """The label value of a finished run; a run without a word of its own is a success.

    Where one word means that it failed or was canceled, it failed.
    """
    labels = {
        words.canceled: "canceled",
        words.success: "success",
        words.warning: "warning",
        words.failed: "failed",
    }
    return labels[run.status or words.success]
