"""`healthcheck`: for containers and probes without a shell."""

import argparse
import base64
import http.client
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

from exporter.cli.flags import PORT, Command

TIMEOUT = 5.0


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Whom to ask, how to log on, and which answers are good."""
    parser.add_argument(
        "--url",
        default=f"http://127.0.0.1:{PORT}/-/healthy",
        help="address to ask (default: %(default)s); a self-signed certificate is accepted here, "
        "so with a password ask an address of this machine only",
    )
    parser.add_argument(
        "--accept-status",
        type=_status,
        action="append",
        default=[],
        metavar="STATUS",
        help="an answer that is good beside 200; 401 says that the exporter is alive behind its "
        "password; may be given several times",
    )
    parser.add_argument("--username", help="user of --web.config.file to log on as")
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file with that user's password"
    )


def run(options: argparse.Namespace) -> int:
    """Exit 0 if the answer is good, else 1 and one sentence."""
    try:
        status = _ask(options.url, _logon(options.username, options.password_file))
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"error: {options.url} does not answer: {error}", file=sys.stderr)
        return 1
    if status not in (http.HTTPStatus.OK, *options.accept_status):
        print(f"error: {options.url} answered {status} instead of 200", file=sys.stderr)
        return 1
    return 0


def _status(text: str) -> int:
    if len(text) == 3 and text.isascii() and text.isdigit() and text >= "100":
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not an HTTP status like 401")


def _logon(username: str | None, password_file: Path | None) -> dict[str, str]:
    """The header that logs on. Raises OSError or ValueError."""
    if (username is None) != (password_file is None):
        raise ValueError("--username and --password-file belong together")
    if username is None or password_file is None:
        return {}
    try:
        password = password_file.read_bytes().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        # The decoder's own message would quote the password's bytes.
        raise ValueError(f"{password_file} is not UTF-8 text") from None
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _ask(url: str, headers: dict[str, str]) -> int:
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
        connection.request("GET", parts.path or "/-/healthy", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


COMMAND = Command("healthcheck", "Exit 0 if a running exporter is healthy.", add_flags, run)
