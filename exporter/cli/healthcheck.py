"""`healthcheck`: for containers without a shell."""

import argparse
import http.client
import ssl
import sys
from urllib.parse import urlsplit

from exporter.cli.flags import PORT, Command

TIMEOUT = 5.0


def add_flags(parser: argparse.ArgumentParser) -> None:
    """`--url`"""
    parser.add_argument(
        "--url",
        default=f"http://127.0.0.1:{PORT}/-/healthy",
        help="address to ask (default: %(default)s); a self-signed certificate is accepted here, "
        "because nothing is sent that needs protection",
    )


def run(options: argparse.Namespace) -> int:
    """Exit 0 if the address answers 200, else 1 and one sentence."""
    try:
        status = _status(options.url)
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"error: {options.url} does not answer: {error}", file=sys.stderr)
        return 1
    if status != http.HTTPStatus.OK:
        print(f"error: {options.url} answered {status} instead of 200", file=sys.stderr)
        return 1
    return 0


def _status(url: str) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an http:// or https:// address is needed")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", parts.path or "/-/healthy")
        return connection.getresponse().status
    finally:
        connection.close()


COMMAND = Command("healthcheck", "Exit 0 if a running exporter is healthy.", add_flags, run)
