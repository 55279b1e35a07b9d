"""What systemd hears: real datagrams on real sockets, and silence everywhere else."""

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter import notify

needs_unix_sockets = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets"
)


class Supervisor:
    """The receiving end of `NOTIFY_SOCKET`."""

    def __init__(self, name: str, place: str) -> None:
        self.environ = {"NOTIFY_SOCKET": name}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.bind(place)

    def heard(self) -> list[str]:
        """The lines of the next datagram."""
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture(params=["file", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor, once with a socket in a directory and once with one in Linux' name space."""
    if request.param == "abstract":
        name = f"backup-session-exporter-{os.getpid()}"
        listening = Supervisor(f"@{name}", f"\0{name}")
    else:
        listening = Supervisor(str(tmp_path / "notify"), str(tmp_path / "notify"))
    yield listening
    listening.socket.close()


@needs_unix_sockets
def test_ready_is_heard_with_a_status(supervisor: Supervisor) -> None:
    """One datagram with both lines."""
    assert notify.ready("3 servers", supervisor.environ)
    assert supervisor.heard() == ["READY=1", "STATUS=3 servers"]


@needs_unix_sockets
def test_a_status_cannot_smuggle_an_assignment(supervisor: Supervisor) -> None:
    """Line breaks become spaces, and the length has an end."""
    notify.ready("a\nSTOPPING=1\r\n" + "x" * 1000, supervisor.environ)
    _ready, status = supervisor.heard()
    assert status.startswith("STATUS=a STOPPING=1 x")
    assert len(status) == len("STATUS=") + notify.STATUS_LENGTH


@needs_unix_sockets
def test_without_a_status_only_ready_is_said(supervisor: Supervisor) -> None:
    """An empty status would clear the one that is shown."""
    notify.ready("", supervisor.environ)
    assert supervisor.heard() == ["READY=1"]


@needs_unix_sockets
def test_reloading_carries_the_moment(supervisor: Supervisor) -> None:
    """systemd takes it only with the monotonic time in microseconds."""
    before = time.monotonic_ns() // 1000
    assert notify.reloading(supervisor.environ)
    first, second = supervisor.heard()
    assert first == "RELOADING=1"
    name, _, stamp = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


@needs_unix_sockets
@pytest.mark.parametrize(
    ("say", "line"), [(notify.stopping, "STOPPING=1"), (notify.alive, "WATCHDOG=1")]
)
def test_stopping_and_signs_of_life(supervisor: Supervisor, say: object, line: str) -> None:
    """One line each."""
    assert callable(say)
    assert say(supervisor.environ)
    assert supervisor.heard() == [line]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_socket_nothing_happens(environ: dict[str, str]) -> None:
    """Other supervisors, and forms of address that are not meant for services, hear nothing."""
    assert not notify.ready("up", environ)
    assert not notify.reloading(environ)
    assert not notify.stopping(environ)
    assert not notify.alive(environ)


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions need no argument in the program itself."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert not notify.ready()
    assert notify.watchdog_interval() == 10.0


def test_a_system_without_unix_sockets_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the variable, should somebody set it, is left alone."""
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    assert not notify.ready("", {"NOTIFY_SOCKET": "/run/notify"})


def test_a_supervisor_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The exporter goes on without it."""
    with caplog.at_level(logging.WARNING, logger="exporter.notify"):
        assert not notify.ready("", {"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert "systemd was not told" in caplog.text


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({"WATCHDOG_USEC": "-5"}, 0.0),
        ({"WATCHDOG_USEC": "0"}, 0.0),
    ],
)
def test_signs_of_life_come_twice_as_often_as_needed(
    environ: dict[str, str], seconds: float
) -> None:
    """Half of what is allowed; never for another process, and never when nobody asks."""
    assert notify.watchdog_interval(environ, pid=42) == seconds
