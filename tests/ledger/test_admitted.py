"""What the configuration no longer admits is neither shown nor waited for."""

from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.model import Harvest, Traffic
from tests.support.clock import ManualClock
from tests.support.sources import session, subject


def test_an_open_session_that_is_excluded_later_is_let_go(clock: ManualClock) -> None:
    """Nobody follows it any more, so it does not stay open for ever."""
    ledger = Ledger(None, clock)
    everything = subject()
    ledger.register(everything)
    running = Harvest((session("s1"),), server_time=clock.now())
    view = ledger.record("one", Poll(clock.now(), 0.1, Traffic(), running))
    assert view.open_sessions == 1
    ledger.register(everything._replace(admits=lambda job_name, _type: job_name != "Mail"))
    clock.advance(60.0)
    nothing = Harvest((), server_time=clock.now())
    view = ledger.record("one", Poll(clock.now(), 0.1, Traffic(), nothing))
    assert (view.open_sessions, view.jobs) == (0, ())
    ledger.close()
