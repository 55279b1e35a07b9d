"""Memory that a rendering took and left: much of it, for a short time, with gaps in between."""

import ctypes
from collections.abc import Callable


def _trimmer() -> Callable[[int], int] | None:
    """Only the C library of GNU can be asked; others do it by themselves, or never."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; TypeError: Windows
        return None


_TRIM = _trimmer()


def give_back() -> None:
    """Return what is free to the system. Other threads may work meanwhile."""
    if _TRIM is not None:
        _TRIM(0)
