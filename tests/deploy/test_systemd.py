"""The systemd unit, judged by systemd itself, and what the running exporter tells it.

systemd does not run services in a test, so what a hardened process may still do is read from its
verdict and not tried.
"""

import argparse
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cli import serve
from exporter.config.load import load_config
from tests.support.dockerfile import ROOT
from tests.support.process import PATIENCE, Process, free_port
from tests.support.tools import require_tool

UNIT = ROOT / "deploy" / "systemd" / "backup-session-exporter.service"
WORST_EXPOSURE = 15
"""Tenths on systemd's scale from 0 to 10; a service without any hardening has more than 9."""


def text() -> str:
    """The unit."""
    return UNIT.read_text(encoding="utf-8")


def setting(name: str) -> str:
    """A setting that the unit has once."""
    (found,) = re.findall(rf"^{name}=(.*)$", text().replace("\\\n", ""), flags=re.MULTILINE)
    return str(found)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A copy whose program exists on this machine."""
    copy = tmp_path / UNIT.name
    program = setting("ExecStart").split()[0]
    copy.write_text(text().replace(program, sys.executable))
    return copy


def analyze(*words: object) -> subprocess.CompletedProcess[str]:
    """What systemd says of a unit."""
    command = [require_tool("systemd-analyze"), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_systemd_finds_no_mistake(unit: Path) -> None:
    """No unknown setting and no wrong value; it says so on stderr, whatever the exit code."""
    run = analyze("verify", unit)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_misspelt_setting_is_noticed(unit: Path) -> None:
    """The check can fail."""
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "ProtectHomes" in analyze("verify", unit).stderr


def test_little_is_exposed(unit: Path) -> None:
    """1.5 or less; what is left is the network that it needs."""
    run = analyze("security", "--offline=yes", f"--threshold={WORST_EXPOSURE}", unit)
    assert run.returncode == 0, run.stdout


def test_exposure_is_noticed(unit: Path) -> None:
    """The check can fail: with the system calls and privileges of root it is too much."""
    unit.write_text(re.sub(r"^(SystemCall|Capability).*\n", "", text(), flags=re.MULTILINE))
    run = analyze("security", "--offline=yes", f"--threshold={WORST_EXPOSURE}", unit)
    assert run.returncode == 1


def test_every_flag_is_known_to_the_exporter() -> None:
    """The command is `serve`, and it accepts the flags."""
    program, command, *flags = shlex.split(setting("ExecStart"))
    assert (Path(program).name, command) == ("backup-session-exporter", "serve")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    serve.add_flags(parser)
    options = parser.parse_args(flags)
    assert options.storage_path == f"%S/{setting('StateDirectory')}"


def test_a_configuration_can_name_a_credential(tmp_path: Path) -> None:
    """As the unit's comment writes it; systemd sets the variable."""
    (key,) = re.findall(r"^#\s+(password_file: .*)$", text(), flags=re.MULTILINE)
    name = setting("LoadCredential").partition(":")[0]
    assert key.endswith(f"/{name}")
    secret = tmp_path / name
    secret.write_text("secret\n")
    secret.chmod(0o400)
    file = tmp_path / "config.yaml"
    file.write_text(
        "servers:\n  - name: one\n    product: vb365\n    url: https://example.com\n"
        f"    username: u\n    {key}\n"
    )
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    config = load_config(file, serve.PRODUCTS, environ)
    assert config.servers[0].password.read().reveal() == "secret"
    assert config.warnings == ()


def test_the_watchdog_waits_longer_than_a_stop() -> None:
    """Seconds are written as such, and stopping gets the ten that the exporter may take."""
    seconds = {name: int(setting(name).rstrip("s")) for name in ("WatchdogSec", "TimeoutStopSec")}
    assert seconds["WatchdogSec"] >= 30
    assert seconds["TimeoutStopSec"] >= 15


def test_everything_works_without_writable_code() -> None:
    """MemoryDenyWriteExecute: libraries that make code while they run would fail. Linux 6.3 on."""
    program = (
        "import ctypes, mmap, os, sys\n"
        "PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1\n"
        "if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0): sys.exit(77)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    )
    inside = (
        "import bcrypt, isal.igzip, exporter.app, exporter.cli.commands, trustme\n"
        "trustme.CA()\n"
        "bcrypt.checkpw(b'x', bcrypt.hashpw(b'x', bcrypt.gensalt(4)))\n"
        "isal.igzip.compress(b'x')\n"
    )
    command = [sys.executable, "-c", program, "-c", inside]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if run.returncode == 77:
        pytest.skip("this kernel cannot refuse writable code to a single process")
    assert run.returncode == 0, run.stderr


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(PATIENCE)
        listening.bind(str(tmp_path / "notify"))
        yield listening


def heard(supervisor: socket.socket) -> set[str]:
    """The names that the next datagram assigns."""
    return {line.partition("=")[0] for line in supervisor.recv(4096).decode().splitlines()}


def heard_besides_life(supervisor: socket.socket) -> set[str]:
    """The next that is more than a sign of life, however many of those come before it."""
    while (names := heard(supervisor)) == {"WATCHDOG"}:
        pass
    return names


async def test_the_exporter_tells_how_it_is(supervisor: socket.socket, tmp_path: Path) -> None:
    """Ready, alive, reloading and ready again, stopping."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "servers: [{name: one, product: vb365, url: 'http://127.0.0.1:9', username: u, "
        "password: p}]\n"
    )
    command = [
        "env",
        f"NOTIFY_SOCKET={tmp_path / 'notify'}",
        "WATCHDOG_USEC=400000",
        *(sys.executable, "-m", "exporter", "serve", f"--config.file={config}"),
        "--storage.path=",
        f"--web.listen-address=127.0.0.1:{free_port()}",
    ]
    async with Process(*command, cwd=ROOT) as exporter:
        assert "READY" in heard(supervisor)
        assert heard(supervisor) == {"WATCHDOG"}
        os.kill(exporter.pid, signal.SIGHUP)
        assert "RELOADING" in heard_besides_life(supervisor)
        assert "READY" in heard_besides_life(supervisor)
        assert await exporter.signal(signal.SIGTERM) == 0
        supervisor.setblocking(False)
        last: set[str] = set()
        try:
            while True:
                last |= heard(supervisor)
        except BlockingIOError:
            assert "STOPPING" in last
