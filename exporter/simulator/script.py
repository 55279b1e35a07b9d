"""The runs that a script wrote, kept newest first and by job, sorted when somebody asks."""

from collections import defaultdict
from collections.abc import Iterator

from exporter.simulator.profile import Words
from exporter.simulator.runs import Run


class ScriptedRuns:
    """Runs by id, in order of creation."""

    def __init__(self) -> None:
        self._by_id: dict[str, Run] = {}
        self._ordered: list[Run] | None = []
        self._by_job: dict[str, list[Run]] = {}

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._by_id

    def get(self, run_id: str) -> Run | None:
        """The run with that id."""
        return self._by_id.get(run_id)

    def put(self, run: Run) -> None:
        """Add a run, or put it in the place of the one with its id."""
        self._by_id[run.id] = run
        self._ordered = None

    def remove(self, run_id: str) -> None:
        """Forget a run, if it is one of these."""
        if self._by_id.pop(run_id, None) is not None:
            self._ordered = None

    def newest_first(self, now: float) -> Iterator[Run]:
        """All runs created by `now`."""
        return (run for run in self._sorted() if run.created <= now)

    def of_job(self, job_id: str, now: float) -> Iterator[Run]:
        """The runs of one job created by `now`, newest first."""
        self._sorted()
        return (run for run in self._by_job.get(job_id, ()) if run.created <= now)

    def next_moment(self, now: float, words: Words) -> float:
        """When the next of these starts, goes to work, ends or becomes visible."""
        return min(
            (
                moment
                for run in self._by_id.values()
                for moment in (*run.turns(words), run.visible_from)
                if moment > now
            ),
            default=float("inf"),
        )

    def _sorted(self) -> list[Run]:
        if self._ordered is None:
            self._ordered = sorted(self._by_id.values(), key=_created, reverse=True)
            by_job: dict[str, list[Run]] = defaultdict(list)
            for run in self._ordered:
                by_job[run.job_id].append(run)
            self._by_job = dict(by_job)
        return self._ordered


def _created(run: Run) -> float:
    return run.created
