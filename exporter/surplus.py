"""Memory that a piece of work took and left: much of it, for a short time, with gaps in between."""

import ctypes
from collections.abc import Callable
from functools import cache


@cache
def trimmer() -> Callable[[int], int] | None:
    """What gives it back; only the C library of GNU can be asked, others do it by themselves."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; TypeError: Windows
        return None


def give_back() -> None:
    """Return what is free to the system: after loading modules 4 MB, after a big page 20 MB.

    Other threads may work meanwhile.
    """
    trim = trimmer()
    if trim is not None:
        trim(0)
