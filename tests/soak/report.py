"""What a run has shown, for people and for the exit code."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.soak.judge import Finding

KINDS = (
    "missed",
    "double",
    "wrong sum",
    "wrong increase",
    "decrease",
    "born above zero",
    "shown twice",
)
SHOWN = 20


@dataclass
class Part:
    """What happened at the servers of one product; `sessions` have finished."""

    sessions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lived: Counter[str] = field(default_factory=Counter)


@dataclass
class Report:
    """The numbers of one run; `parts` by product. `left_out` says what could not be tried here."""

    seed: str
    seconds: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    parts: defaultdict[str, Part] = field(default_factory=lambda: defaultdict(Part))
    series: int = 0
    samples: int = 0
    lives: int = 0
    findings: Sequence[Finding] = ()
    errors: Sequence[str] = ()
    left_out: Sequence[str] = ()

    @property
    def good(self) -> bool:
        """Whether every session was counted exactly once and nothing else was wrong."""
        lived = [part.sessions > 0 for part in self.parts.values()]
        return not self.findings and not self.errors and bool(lived) and all(lived)

    @property
    def kills(self) -> int:
        """How often the exporter was killed."""
        return self.done["kill -9"]

    def total(self, kind: str) -> float:
        """How much of one kind of wrong was found; sessions are added up, the rest is counted."""
        amounts = [finding.amount for finding in self.findings if finding.kind == kind]
        return sum(amounts) if kind in ("missed", "double") else len(amounts)

    def lines(self) -> Iterable[str]:
        """The report as text."""
        yield f"seed {self.seed}, {self.seconds:.0f} s, lives of the ledger: {self.lives}"
        yield f"exporter: {_listed(self.done)}"
        for product, part in self.parts.items():
            yield f"{product}: faults: {part.faults.total()} ({_listed(part.faults)})"
            yield f"{product}: sessions finished: {part.sessions} ({_listed(part.lived)})"
        yield f"judged: {self.series} series of counters, {self.samples} samples"
        yield ", ".join(f"{kind}: {self.total(kind):g}" for kind in KINDS)
        for what in self.left_out:
            yield f"left out: {what}"
        for finding in self.findings[:SHOWN]:
            yield f"WRONG {finding.kind}: {finding.key}: {finding.words}"
        if len(self.findings) > SHOWN:
            yield f"... and {len(self.findings) - SHOWN} more"
        yield from (f"ERROR {error}" for error in self.errors)
        yield "exactly once" if self.good else "NOT exactly once"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
