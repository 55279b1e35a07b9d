"""How Enterprise Manager is logged on to: one session of the API, kept alive by use.

After the vendor's pages "HTTP Authentication", "POST /sessionMngr" and
"DELETE /logonSessions/{ID}". A session ends after 15 minutes without a request; nothing renews it
but a new logon. The version of the API is chosen at the logon and holds for the session.
"""

import binascii
import re
from base64 import b64decode, b64encode
from urllib.parse import quote

from exporter.config.values import Secret
from exporter.errors import AuthenticationFailed, NotFound, ParseFailed, SourceError
from exporter.rest.failures import complaint, failure
from exporter.rest.logon import Grant
from exporter.rest.wire import Request, Response
from exporter.sources.enterprise_manager.answers import LOGON, read_entity

VERSIONS = ("v1.5", "v1.6", "v1.7")
SESSION_HEADER = "X-RestSvcSessionId"

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_WRONG_PRODUCT = (
    "is the url the REST address of a Veeam Backup Enterprise Manager, usually https on port 9398 "
    "and without a path?"
)


class EnterpriseManagerDialect:
    """Basic authentication once, a header afterwards; `version` is `auto` or one of VERSIONS."""

    def __init__(self, version: str) -> None:
        self._version = "latest" if version == "auto" else version.replace(".", "_")

    def logon(self, username: str, password: Secret) -> Request:
        """The one request that carries the password."""
        account = f"{username}:{password.reveal()}".encode()
        return Request(
            "POST",
            "/api/sessionMngr/",
            f"v={self._version}",
            headers={"Authorization": f"Basic {b64encode(account).decode('ascii')}"},
            body=b"",
        )

    def refresh(self, _grant: Grant) -> Request | None:
        """There is no way but the password."""
        return None

    def read(self, response: Response) -> Grant:
        """The session of a logon's answer: its header, or where a proxy lost that, its body."""
        if not response.ok:
            raise _refusal(response)
        session = _session_id(response)
        token = response.headers.get(SESSION_HEADER, "").strip()
        if not token:
            if not session:
                raise ParseFailed(f"{response.where} gave no session; {_WRONG_PRODUCT}")
            token = b64encode(session.encode()).decode("ascii")
        # The header is the session's id in base64; by its id the session is logged off.
        return Grant({SESSION_HEADER: token}, session=session or _decoded(token))

    def logoff(self, grant: Grant) -> Request | None:
        """Delete this session and no other: the list of sessions shows everybody's."""
        if not grant.session:
            return None
        return Request("DELETE", f"/api/logonSessions/{quote(grant.session, safe='')}")


def _session_id(response: Response) -> str:
    """The id in the body; empty where the body is empty or tells none."""
    try:
        session = read_entity(LOGON, response).session_id or ""
    except ParseFailed:
        return ""
    return session.strip() if _GUID.fullmatch(session.strip()) else ""


def _decoded(token: str) -> str:
    try:
        text = b64decode(token, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if _GUID.fullmatch(text) else ""


def _refusal(response: Response) -> SourceError:
    """The error of a logon's answer that is not 2xx."""
    if response.status == 404:
        return NotFound(f"{response.where} does not exist; {_WRONG_PRODUCT}")
    if response.status != 401:
        return failure(response)
    said = complaint(response.body)
    tail = f" ({said})" if said else ""
    return AuthenticationFailed(f"{response.where} refused the user name or password{tail}")
