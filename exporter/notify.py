"""Telling systemd how the service is: ready, reloading, stopping, still alive.

The protocol is one datagram of `KEY=value` lines to the socket that `NOTIFY_SOCKET` names. Without
that variable, as under any other supervisor and on Windows, every function does nothing.
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import logging
import os
import socket
import time
from collections.abc import Mapping

MICROSECONDS = 1_000_000
STATUS_LENGTH = 200

log = logging.getLogger(__name__)


def ready(status: str = "", environ: Mapping[str, str] = os.environ) -> bool:
    """The service is up, or up again after `reloading`. Whether anybody was told."""
    return _tell(environ, "READY=1", _status(status))


def reloading(environ: Mapping[str, str] = os.environ) -> bool:
    """The configuration is being read again; `ready` must follow, whatever comes of it."""
    # systemd compares this stamp with its own monotonic clock.
    stamp = time.monotonic_ns() // 1000
    return _tell(environ, "RELOADING=1", f"MONOTONIC_USEC={stamp}")


def stopping(environ: Mapping[str, str] = os.environ) -> bool:
    """The service goes down because it was asked to."""
    return _tell(environ, "STOPPING=1")


def alive(environ: Mapping[str, str] = os.environ) -> bool:
    """The sign of life that `watchdog_interval` asks for."""
    return _tell(environ, "WATCHDOG=1")


def watchdog_interval(environ: Mapping[str, str] = os.environ, pid: int | None = None) -> float:
    """Seconds between two signs of life, 0 when nobody waits for them.

    Half of what systemd allows, as its manual advises. `WATCHDOG_PID` names the process that is
    meant: a child that inherited the variables must not answer for it.
    """
    meant = environ.get("WATCHDOG_PID") or str(pid or os.getpid())
    allowed = environ.get("WATCHDOG_USEC", "")
    if meant != str(pid or os.getpid()) or not (allowed.isascii() and allowed.isdigit()):
        return 0.0
    return int(allowed) / MICROSECONDS / 2


def _status(text: str) -> str:
    """One line for `systemctl status`; a line break would begin another assignment."""
    return f"STATUS={' '.join(text.split())[:STATUS_LENGTH]}" if text else ""


def _tell(environ: Mapping[str, str], *assignments: str) -> bool:
    """Send the assignments, if somebody listens. A supervisor that is gone is no reason to end."""
    address = environ.get("NOTIFY_SOCKET", "")
    family = getattr(socket, "AF_UNIX", None)
    if family is None or not address.startswith(("/", "@")):
        return False
    # "@" stands for the NUL that begins a name in Linux' abstract namespace.
    place = "\0" + address[1:] if address.startswith("@") else address
    message = "\n".join(line for line in assignments if line).encode()
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(message, place)
    except OSError as error:
        log.warning("systemd was not told", extra={"problem": str(error)})
        return False
    return True
