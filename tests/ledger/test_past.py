"""Runs in records: nothing of them is lost, and they take little room."""

import sys
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.past import Past
from exporter.ledger.reading import decode_job
from exporter.ledger.state import JobState
from exporter.ledger.store import _json as json
from exporter.model import Bottleneck, Job, Result, Statistics
from exporter.view import Run, Totals

seconds = st.floats(allow_nan=False, allow_infinity=False)
ids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda value: str(value).upper()),
    st.uuids().map(lambda value: value.hex),
    st.text(max_size=40),
    st.just("00000000-0000-0000-0000-000000000000"),
    st.just("  345678-1234-1234-1234-123456789abc"),
    st.just("1234567812-34-1234-1234-123456789abc"),
)
runs = st.builds(
    Run,
    id=ids,
    ended=seconds,
    result=st.sampled_from(Result),
    started=st.none() | seconds,
    duration=st.none() | seconds,
    statistics=st.sampled_from([Statistics(), Statistics(1.0, bottleneck=Bottleneck.PROXY)]),
    message=st.sampled_from(["", "", "It was dark."]),
)


def simple(number: int) -> Run:
    """A run as most are: a UUID, times, and nothing to tell."""
    return Run(str(uuid.UUID(int=number)), 100.0 + number, Result.SUCCESS, 90.0, 10.0)


@given(st.lists(runs, max_size=8))
def test_what_goes_in_comes_out(told: list[Run]) -> None:
    """Every field of every run, one by one, from either end, in slices and all together."""
    past = Past(told)
    assert list(past) == told
    assert len(past) == len(told)
    assert [past[index] for index in range(-len(told), len(told))] == told * 2
    assert past[1:-1] == tuple(told[1:-1])
    assert [past.ended(index) for index in range(len(told))] == [run.ended for run in told]
    assert list(reversed(past)) == told[::-1]


@given(st.lists(runs, max_size=5))
def test_the_file_holds_run_by_run(told: list[Run]) -> None:
    """A ledger can be read by any version, and by people: runs stand in it as objects."""
    state = JobState(Job("j", "Job"), 1.0, 2.0, Totals(finished={}), Past(told))
    assert decode_job(json(state)) == state
    assert msgspec.json.decode(json(state)).get("runs", []) == msgspec.to_builtins(told)


@pytest.mark.parametrize("written", ["5", "{}", '"text"', '[{"id":"a"}]', '[{"ended":"x"}]', "[1]"])
def test_what_are_no_runs_is_told(written: str) -> None:
    """A damaged row is refused when it is read, not when somebody looks at it."""
    state = JobState(Job("j", "Job"), 1.0, 2.0, Totals(finished={}), Past([simple(1)]))
    row = json(state).replace(json(Past([simple(1)])), written)
    with pytest.raises(msgspec.ValidationError):
        decode_job(row)


def test_equal_is_what_holds_the_same_runs() -> None:
    """Whether in records or in a tuple; a list is something else, as it is to a tuple."""
    told = (simple(1), Run("no uuid", 5.0, Result.FAILED, message="no"))
    assert Past(told) == Past(list(told)) == told
    assert hash(Past(told)) == hash(told)
    assert Past(told) not in (Past(told[:1]), told[:1], list(told))


def test_beyond_the_ends_is_nothing() -> None:
    """As with a tuple."""
    for index in (1, -2):
        with pytest.raises(IndexError):
            Past([simple(1)])[index]
    assert repr(Past([simple(1)])) == f"Past([{simple(1)!r}])"


def test_thirty_runs_take_less_than_fourteen_hundred_bytes() -> None:
    """What a job remembers is what the memory of a large fleet consists of."""
    past = Past(simple(number) for number in range(30))
    assert sys.getsizeof(past) + sys.getsizeof(past._records) < 1400
    assert past._whole == ()
