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
DEFAULT_URL = f"http://127.0.0.1:{PORT}/-/healthy"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Whom to ask, how to log on, and which answers are good."""
    parser.add_argument(
        "--url",
        default=DEFAULT_URL,
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
        headers = _logon(options.username, options.password_file)
        status = _ask(options.url, headers)
    except ValueError as error:
        return _complain(f"{error}")
    except (OSError, http.client.HTTPException) as error:
        return _complain(f"{options.url} does not answer: {_why(error)}")
    if status not in (http.HTTPStatus.OK, *options.accept_status):
        return _complain(
            f"{options.url} answered {status} instead of 200{_remedy(status, bool(headers))}"
        )
    return 0


def _complain(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 1


def _why(error: Exception) -> str:
    """What happened, without the number that the system has for it."""
    return getattr(error, "strerror", None) or str(error)


def _remedy(status: int, logged_on: bool) -> str:
    """What to do about a refusal, which is the one answer that is not the exporter's health."""
    if status != http.HTTPStatus.UNAUTHORIZED:
        return ""
    if logged_on:
        return "; this user name or password is not in its --web.config.file"
    return "; log on with --username and --password-file, or let --accept-status=401 be enough"


def _status(text: str) -> int:
    if len(text) == 3 and text.isascii() and text.isdigit() and text >= "100":
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not an HTTP status like 401")


def _logon(username: str | None, password_file: Path | None) -> dict[str, str]:
    """The header that logs on. Raises ValueError."""
    if (username is None) != (password_file is None):
        raise ValueError("--username and --password-file belong together")
    if username is None or password_file is None:
        return {}
    try:
        password = password_file.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        # The decoder's own message would quote the password's bytes.
        raise ValueError(f"{password_file} is not UTF-8 text") from None
    except OSError as error:
        raise ValueError(f"--password-file {password_file}: {error.strerror}") from None
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _ask(url: str, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"--url {url} is no http:// or https:// address; write it like {DEFAULT_URL}"
        )
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
