"""What the harness knows of each product; one row more and its servers are soaked, too."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.simulator import SimulatedServer
from exporter.simulator.profile import Words
from exporter.simulator.runs import Run


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is soaked.

    `listing` is the path of its list of sessions. `windows` are attributes of the simulated
    product to set, one for each server, so that its list can be read in every documented way.
    `reports` names the figures that are summed up, `bottlenecks` turns words into label values.
    `settings` are keys of the configuration that this product needs otherwise than the others.
    """

    name: str
    api_version: str
    listing: str
    kinds: tuple[str, ...]
    windows: tuple[str, ...] = ("",)
    reports: frozenset[str] = frozenset()
    bottlenecks: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)

    def prepare(self, server: SimulatedServer, place: int) -> None:
        """Set up the simulated server in its place among the servers of a run."""
        window = self.windows[place % len(self.windows)]
        if window:
            vars(server.product)["sessions"].window_reads = window


PRODUCTS = {
    "vb365": Product(
        name="vb365",
        api_version="v8",
        listing="/v8/jobsessions",
        kinds=("Backup", "Copy"),
        windows=("end", "creation"),
        reports=frozenset({"transferred_bytes", "processed_items", "retries"}),
        bottlenecks={"Source": "source", "Target": "target", "NA": "none"},
    ),
}


def result_of(run: Run, words: Words) -> str:
    """The label value of a finished run; a run without a word of its own is a success."""
    labels = {
        words.success: "success",
        words.warning: "warning",
        words.failed: "failed",
        words.canceled: "canceled",
    }
    return labels[run.status or words.success]
