"""Memory that is free goes back to the system, where the system can be asked."""

import ctypes
import platform

import psutil
import pytest

from exporter.surplus import give_back, trimmer


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this C library can be asked")
def test_what_starting_leaves_is_given_back() -> None:
    """Gaps below something that stays would count as this process's memory for ever."""
    blocks = [bytes(5000) for _ in range(10_000)]
    stays = bytes(5000)
    before = psutil.Process().memory_info().rss
    blocks.clear()
    give_back()
    assert before - psutil.Process().memory_info().rss > 40e6
    assert len(stays) == 5000


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_systems_keep_their_memory(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A C library that cannot be asked is no reason not to start."""

    def refuse(_name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    trimmer.cache_clear()
    give_back()
    assert trimmer() is None
    trimmer.cache_clear()
