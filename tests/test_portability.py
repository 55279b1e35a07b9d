"""The exporter runs where Veeam's administrators are: no call that only a POSIX system has.

Nothing here runs on Windows; this is a reading of the source, and of what is done without a guard.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cli import serve
from exporter.config import surroundings
from exporter.config.load import load_config

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "exporter").rglob("*.py"))


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


ABSENT_MODULES = words(
    "crypt fcntl grp posix pty pwd readline resource spwd syslog termios tty uvloop"
)
ABSENT_NAMES = {
    "os": words(
        "chown chroot fchmod fchown fork forkpty geteuid getegid getgid getgroups "
        "getloadavg getpgid getpgrp getuid initgroups killpg lchown memfd_create mkfifo "
        "mknod nice openpty pipe2 posix_spawn pread pwrite readv sched_getaffinity "
        "sched_setaffinity sendfile setegid seteuid setgid setpgid setsid setuid statvfs "
        "sync sysconf tcgetpgrp uname wait wait3 wait4 waitid writev O_CLOEXEC "
        "O_DIRECTORY O_DSYNC O_NOFOLLOW O_NONBLOCK O_SYNC"
    ),
    "signal": words(
        "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGTSTP "
        "SIGUSR1 SIGUSR2 alarm pause pthread_kill pthread_sigmask setitimer sigpending "
        "sigwait"
    ),
    "socket": words("AF_NETLINK AF_UNIX MSG_DONTWAIT SO_REUSEPORT fromfd send_fds"),
    "time": words("clock_gettime clock_gettime_ns tzset"),
}
ABSENT_METHODS = words(
    "add_signal_handler create_unix_connection create_unix_server "
    "open_unix_connection remove_signal_handler start_unix_server connect_read_pipe "
    "connect_write_pipe"
)
"""Methods that event loops and asyncio have everywhere, and that work on POSIX systems only."""

RESCUES = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError", "NotImplementedError"})
PLATFORM = frozenset({("sys", "platform"), ("os", "name"), ("platform", "system")})


def absent(node: ast.AST) -> str | None:
    """What a node uses that Windows does not have."""
    match node:
        case ast.Import(names=names):
            return next((one.name for one in names if one.name in ABSENT_MODULES), None)
        case ast.ImportFrom(module=module, names=names):
            here = ABSENT_NAMES.get(module or "", frozenset())
            found = [f"{module}.{one.name}" for one in names if one.name in here]
            return module if module in ABSENT_MODULES else next(iter(found), None)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in ABSENT_NAMES:
            return f"{module}.{name}" if name in ABSENT_NAMES[module] else None
        case ast.Attribute(attr=name) if name in ABSENT_METHODS:
            return name
    return None


def asks_for_the_platform(test: ast.expr) -> bool:
    """Whether a condition looks at what the system has, or which one it is."""
    for node in ast.walk(test):
        match node:
            case ast.Call(func=ast.Name(id="hasattr")):
                return True
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if (module, name) in PLATFORM:
                    return True
    return False


def rescues(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether one of the handlers catches that something is missing."""
    types = [handler.type for handler in handlers if handler.type is not None]
    named = [node.id for one in types for node in ast.walk(one) if isinstance(node, ast.Name)]
    return not RESCUES.isdisjoint(named)


def unguarded(node: ast.AST, guarded: bool = False) -> Iterator[str]:
    """What a piece of source uses outside of any guard, with its line."""
    name = absent(node)
    if name and not guarded:
        yield f"line {getattr(node, 'lineno', 0)}: {name}"
    for field, value in ast.iter_fields(node):
        inside = guarded
        if isinstance(node, ast.Try) and field == "body":
            inside = guarded or rescues(node.handlers)
        if isinstance(node, ast.If | ast.IfExp) and field in ("body", "orelse"):
            inside = guarded or asks_for_the_platform(node.test)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from unguarded(child, inside)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_needs_a_posix_system(path: Path) -> None:
    """Whatever Windows does not have stands behind a question or a rescue."""
    assert list(unguarded(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.fork()",
        "import fcntl",
        "from signal import SIGHUP",
        "import signal\nsignal.signal(signal.SIGHUP, f)",
        "loop.add_signal_handler(1, f)",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "try:\n    import pwd\nexcept OSError:\n    pass",
        "if ready:\n    import os\n    os.getuid()",
        "from os import getuid",
    ],
)
def test_a_posix_call_is_noticed(source: str) -> None:
    """The reading can fail: without a guard, or with one that guards against something else."""
    assert list(unguarded(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import signal\ngetattr(signal, 'SIGHUP', None)",
        "try:\n    loop.add_signal_handler(1, f)\nexcept NotImplementedError:\n    pass",
        "import os\nif hasattr(os, 'memfd_create'):\n    os.memfd_create('x')",
        "import sys, os\nuser = os.getuid() if sys.platform != 'win32' else 0",
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "import os\nos.replace(a, b)",
    ],
)
def test_a_guarded_call_is_fine(source: str) -> None:
    """What is asked for before, or rescued after, may be used."""
    assert list(unguarded(ast.parse(source))) == []


@pytest.mark.parametrize("meaningful", [True, False])
def test_file_modes_warn_only_where_they_say_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meaningful: bool
) -> None:
    """On Windows every file looks readable for everybody, and chmod is no remedy."""
    monkeypatch.setattr(surroundings, "MODES_TELL_READERS", meaningful)
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    file = tmp_path / "config.yaml"
    file.write_text(
        "servers: [{name: one, product: vb365, url: 'https://example.com', username: u, "
        "password_file: secret}]\n"
    )
    assert bool(load_config(file, serve.PRODUCTS, {}).warnings) is meaningful
