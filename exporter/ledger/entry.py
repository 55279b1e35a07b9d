"""One server in the ledger's memory, and one poll as it is handed over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from exporter.errors import SourceError
from exporter.ledger.jobs import Policy
from exporter.ledger.news import Moment
from exporter.ledger.publish import Subject, server_series, server_view
from exporter.ledger.reading import Stored
from exporter.ledger.state import Key, Observed, Operations, ServerState
from exporter.ledger.store import Write
from exporter.model import Harvest, Traffic
from exporter.view import ServerView

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Poll:
    """One attempt to poll a server: a harvest, or the error that prevented it.

    `started` is by our clock, `duration` in seconds, `next_poll` when the next one is planned.
    """

    started: float
    duration: float
    traffic: Traffic
    harvest: Harvest | None = None
    error: SourceError | None = None
    next_poll: float | None = None

    def operations(self) -> Operations:
        """What it adds to the counters of polling."""
        return Operations(
            polls=1,
            logons=self.traffic.logons,
            requests=self.traffic.requests,
            failures={} if self.error is None else {self.error.reason: 1},
        )

    def moment(self) -> Moment:
        """When it took place by both clocks. Only for a complete poll."""
        assert self.harvest is not None
        server_time, offset = self.harvest.server_time, self.traffic.clock_offset
        if offset is None:
            offset = 0.0 if server_time is None else server_time - self.started
        if server_time is None:
            server_time = self.started + offset
        return Moment(self.started, server_time, offset)

    def observed(self, before: Observed) -> Observed:
        """What is seen of the server after it; facts that this poll did not tell stay."""
        traffic, harvest = self.traffic, self.harvest
        common = msgspec.structs.replace(
            before,
            up=harvest is not None,
            last_poll=self.started,
            next_poll=self.next_poll,
            poll_duration=self.duration,
            clock_offset=_newer(traffic.clock_offset, before.clock_offset),
            tls_verified=_newer(traffic.tls_verified, before.tls_verified),
            certificate_expiry=_newer(traffic.certificate_expiry, before.certificate_expiry),
            last_error="" if self.error is None else str(self.error),
        )
        if harvest is None:
            return msgspec.structs.replace(
                common, endpoints={**before.endpoints, "sessions": False}
            )
        return msgspec.structs.replace(
            common,
            last_successful_poll=self.started,
            data_time=_newer(harvest.data_time, before.data_time),
            info=harvest.info,
            endpoints=dict(harvest.endpoints),
        )


def _newer(now: Value | None, before: Value | None) -> Value | None:
    return before if now is None else now


class Entry:
    """A server while the exporter runs: what is remembered, and what has been published of it."""

    def __init__(self, subject: Subject, stored: Stored, generation: int) -> None:
        """`generation` is the last one that was published under this server's name."""
        self.subject = subject
        self.number, self.state, self.jobs = stored
        self.deferred = Operations()
        self.dropped_jobs = self.state.observed.dropped_jobs
        self.planned = True  # False: a poll that is under way was planned for a ledger that is lost
        self.pruned = 0.0  # what the process before left over is pruned with the first poll
        self.generation = generation
        self._zeros: dict[Key | str, tuple[int, float]] = {}

    def policy(self) -> Policy:
        """What the rules need of the configuration."""
        config = self.subject.config
        return Policy(config.overlap, config.forget_after, config.max_jobs, self.subject.reports)

    def followed(self) -> ServerState:
        """The state without open sessions that the configuration no longer admits.

        No source asks for them any more, so they would stay open for ever.
        """
        admits = self.subject.admits
        kept = {
            id_: item
            for id_, item in self.state.open.items()
            if admits(item.session.job_name, item.session.session_type)
        }
        if len(kept) == len(self.state.open):
            return self.state
        return msgspec.structs.replace(self.state, open=kept)

    def ready(
        self, served: Callable[[str], int], now: float, held: float
    ) -> tuple[set[Key], set[str]]:
        """Series whose 0 has been read by somebody, or was held for its time."""
        newest = served(self.subject.config.name)
        seen = {
            series
            for series, (generation, since) in self._zeros.items()
            if generation <= newest or now - since >= held
        }
        return (
            {series for series in seen if isinstance(series, Key)},
            {series for series in seen if isinstance(series, str)},
        )

    def take(self, write: Write) -> None:
        """Remember what has just been committed."""
        self.state = write.state
        self.jobs.update(write.jobs)
        for key in write.dropped:
            self.jobs.pop(key, None)
        if write.forget_before is not None:
            self.pruned = write.forget_before
        self.deferred = Operations()

    def publish(self, now: float, monotonic: float) -> ServerView:
        """The next generation of this server's view; new series start to be held at 0."""
        self.generation += 1
        view = server_view(self.subject, self.state, self.jobs, self.generation, now)
        silent: set[Key | str] = {key for key, job in self.jobs.items() if not job.announced}
        silent |= server_series(self.state) - self.state.announced
        begun = (self.generation, monotonic)  # one for all
        self._zeros = {series: self._zeros.get(series, begun) for series in silent}
        return view
