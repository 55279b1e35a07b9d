"""The exporter's command in a process where it sees of the system only what Windows has.

`python -m tests.support.without_posix serve …` runs a command of the exporter; `--source …` a piece
of source as if it stood in the exporter. The libraries keep the system that they were built for, so
nothing is taken from the modules themselves: the exporter's imports get views of them.
"""

import asyncio
import builtins
import ctypes
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from types import ModuleType
from typing import Any, NoReturn


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


ABSENT_MODULES = words(
    "crypt fcntl grp nis ossaudiodev posix pty pwd readline resource spwd syslog termios tty uvloop"
)
ABSENT_NAMES = {
    "asyncio": words("open_unix_connection start_unix_server"),
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
    "add_reader add_signal_handler add_writer connect_read_pipe connect_write_pipe "
    "create_unix_connection create_unix_server remove_reader remove_signal_handler remove_writer"
)
"""Methods of event loops that Windows' loop has by name only."""

USED_BY_THE_LOOP = words("remove_reader remove_writer")
"""Those that the loop of this system calls itself."""

SIGBREAK = 21
"""Windows' number of it. Linux has another signal there, so that it can be sent to the process."""


def load_library(name: str | None, *more: Any) -> Any:
    """Only a POSIX system knows the program itself as a library."""
    if name is None:
        raise TypeError("argument of type 'NoneType' is not iterable")
    return ctypes.CDLL(name, *more)


INSTEAD: Mapping[str, Mapping[str, Any]] = {
    "ctypes": {"CDLL": load_library},
    "os": {"name": "nt"},
    "signal": {"SIGBREAK": SIGBREAK},
    "sys": {"platform": "win32"},
}
"""What has the same name and is something else there."""


class AsOnWindows(ModuleType):
    """A module without the names that Windows does not have."""

    def __init__(self, real: ModuleType) -> None:
        super().__init__(real.__name__)
        self._real = real
        self._absent = ABSENT_NAMES.get(real.__name__, frozenset())
        self._instead = INSTEAD.get(real.__name__, {})

    def __getattr__(self, name: str) -> Any:
        if name in self._absent:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} on Windows")
        return self._instead[name] if name in self._instead else getattr(self._real, name)


def hide_modules() -> None:
    """Answer the exporter's imports, and only these, as Windows would."""
    really = builtins.__import__
    views = {name: AsOnWindows(really(name)) for name in {*ABSENT_NAMES, *INSTEAD}}

    def answer(name: str, globals: Any = None, *more: Any, **named: Any) -> Any:
        importer = str((globals or {}).get("__name__", "")).partition(".")[0]
        if importer != "exporter":
            return really(name, globals, *more, **named)
        if name.partition(".")[0] in ABSENT_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
        found = really(name, globals, *more, **named)
        return views.get(found.__name__, found)

    builtins.__import__ = answer


def hide_methods() -> None:
    """Let event loops refuse what Windows' loop refuses."""

    def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
        raise NotImplementedError

    for name in ABSENT_METHODS - USED_BY_THE_LOOP:
        setattr(asyncio.SelectorEventLoop, name, refuse)


def hide_proc() -> None:
    """There is no file system that tells about processes."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith("/proc/"):
            raise FileNotFoundError(f"there is no {arguments[0]} on Windows")

    sys.addaudithook(refuse)


def end_lines_with_two_characters() -> None:
    """What is printed passes through a translation of line ends."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(newline="\r\n")


def run_source(source: str) -> int:
    """Run a piece of source as a part of the exporter."""
    exec(compile(source, "<source>", "exec"), {"__name__": "exporter.source"})  # noqa: S102
    return 0


def run_command(*arguments: str) -> int:
    """Run a command of the exporter."""
    from exporter.cli import main  # noqa: PLC0415 -- not before the system is hidden

    return main(list(arguments))


def run(first: str, *more: str) -> int:
    """Hide the system and run a command, or a source after `--source`; the exit code."""
    hide_modules()
    hide_methods()
    hide_proc()
    end_lines_with_two_characters()
    act: Callable[..., int] = run_source if first == "--source" else run_command
    return act(*(more if first == "--source" else (first, *more)))


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
