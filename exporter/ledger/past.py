"""The remembered runs of a job in a few bytes each, turned into runs when somebody looks.

A thousand jobs remember thirty thousand runs, which as objects with their own texts and numbers
would take most of the exporter's memory, while few of them are ever shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import isnan, nan
from struct import Struct
from typing import Any, overload

from exporter.model import NO_STATISTICS, Result
from exporter.view import Run

RESULTS = tuple(Result)
NUMBERS = {result: number for number, result in enumerate(RESULTS)}

RECORD = Struct("<BB16sddd")
"""Number of the result, whether kept whole, id, end, start, duration; NaN stands for None."""

END = Struct("<d")
END_AT = 18
"""Where in a record the end stands."""

UUID_LENGTH = 36


class Past(Sequence[Run]):
    """Runs, oldest first. Never changed; equal to any sequence of the same runs.

    What has no room in a record (statistics, a message, an id that is no UUID) is kept as it came.
    """

    __slots__ = ("_records", "_whole")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        """`runs` are in order already."""
        whole: list[Run] = []
        self._records = b"".join([_record(run, whole) for run in runs])
        self._whole = tuple(whole)

    def results(self) -> bytes:
        """The number of each run's result in `RESULTS`."""
        return self._records[:: RECORD.size]

    def ended(self, index: int) -> float:
        """When a run ended, counted from the oldest, 0."""
        end: float = END.unpack_from(self._records, index * RECORD.size + END_AT)[0]
        return end

    def __len__(self) -> int:
        return len(self._records) // RECORD.size

    def __iter__(self) -> Iterator[Run]:
        return map(self._run, RECORD.iter_unpack(self._records))

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Run, ...]: ...
    def __getitem__(self, index: int | slice) -> Run | tuple[Run, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        position = range(len(self))[index]  # raises IndexError as a tuple would
        return self._run(RECORD.unpack_from(self._records, position * RECORD.size))

    def _run(self, fields: tuple[Any, ...]) -> Run:
        result, whole, key, ended, started, duration = fields
        if whole:
            return self._whole[int.from_bytes(key)]
        return Run(_uuid(key), ended, RESULTS[result], _told(started), _told(duration))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Past):
            return self._records == other._records and self._whole == other._whole
        return isinstance(other, tuple) and tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Past({list(self)!r})"


def _record(run: Run, whole: list[Run]) -> bytes:
    """A run as bytes; one that has no room there is appended to `whole` and its place told."""
    key = None
    if run.statistics is NO_STATISTICS and not run.message:
        key = _key(run.id)
    kept_whole = key is None
    if key is None:
        key = len(whole).to_bytes(16)
        whole.append(run)
    started = nan if run.started is None else run.started
    duration = nan if run.duration is None else run.duration
    return RECORD.pack(NUMBERS[run.result], kept_whole, key, run.ended, started, duration)


def _key(id_: str) -> bytes | None:
    """The bytes of an id that is a UUID and written as UUIDs are."""
    if len(id_) != UUID_LENGTH:
        return None
    try:
        key = bytes.fromhex(id_.replace("-", ""))
    except ValueError:
        return None
    return key if _uuid(key) == id_ else None


def _uuid(key: bytes) -> str:
    digits = key.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _told(value: float) -> float | None:
    return None if isnan(value) else value
