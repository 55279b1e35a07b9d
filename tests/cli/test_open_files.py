"""The limit of open files grows as far as the system lets it."""

import resource
import sys
from pathlib import Path

import pytest

from exporter.cli.open_files import allow_open_files
from tests.support.few_files import FEW
from tests.support.process import ExporterProcess, until
from tests.support.running import entry, write_config


class FewFiles(ExporterProcess):
    """An exporter that begins with a low limit."""

    module = "tests.support.few_files"


async def test_a_server_may_open_what_the_system_grants(tmp_path: Path) -> None:
    """A fleet's connections do not end at the limit that programs begin with."""
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most == resource.RLIM_INFINITY or most > FEW
    config = write_config(tmp_path / "c.yaml", entry("one", "https://127.0.0.1:1", password="x"))
    async with FewFiles(config, "") as exporter:
        await until(lambda: exporter.get("/-/healthy")[0] == 200, what=exporter.errors)
        allowed = float("inf") if most == resource.RLIM_INFINITY else most
        assert exporter.value("process_max_fds") == allowed


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_system_that_grants_no_more_is_no_error(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Then the limit stays what it was."""

    def refuse(_kind: int, _limits: tuple[int, int]) -> None:
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuse)
    allow_open_files()


def test_a_system_without_such_a_limit_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has none."""
    monkeypatch.setitem(sys.modules, "resource", None)
    allow_open_files()
