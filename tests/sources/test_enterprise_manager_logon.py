"""How Enterprise Manager's logon is asked for and how its answers are judged."""

from base64 import b64encode

import pytest
from multidict import CIMultiDict

from exporter.config.values import Secret
from exporter.errors import AuthenticationFailed, Forbidden, HttpFailed, NotFound, ParseFailed
from exporter.rest.logon import Grant
from exporter.rest.wire import Response
from exporter.sources.enterprise_manager.logon import EnterpriseManagerDialect
from tests.support.enterprise_manager_answers import LOGON_ID, NAMESPACE, TOKEN, v12, v13

DIALECT = EnterpriseManagerDialect("auto")
JSON_BODY = {"UserName": "LAB\\svc", "SessionId": LOGON_ID, "Links": None, "Type": "LogonSession"}
XML_BODY = (
    f'<LogonSession xmlns="{NAMESPACE}" Type="LogonSession"><Links />'
    f"<UserName>LAB\\svc</UserName><SessionId>{LOGON_ID}</SessionId></LogonSession>"
).encode()
BODIES = [v12(JSON_BODY), v13(JSON_BODY), XML_BODY, b"\xef\xbb\xbf" + v12(JSON_BODY)]


def answer(status: int, body: bytes = b"", token: str = "") -> Response:
    headers = CIMultiDict({"X-RestSvcSessionId": token} if token else {})
    return Response("POST /api/sessionMngr/", status, headers, body)


def test_the_password_goes_once_by_basic_authentication() -> None:
    """In UTF-8, with an empty body, for the newest version of the API."""
    request = DIALECT.logon("LAB\\svc", Secret("pä:ss"))
    encoded = b64encode("LAB\\svc:pä:ss".encode()).decode()
    assert request.headers == {"Authorization": f"Basic {encoded}"}
    assert (request.method, request.path, request.query) == (
        "POST",
        "/api/sessionMngr/",
        "v=latest",
    )
    assert request.body == b""
    assert "Basic" not in repr(request)


@pytest.mark.parametrize(("version", "sent"), [("v1.5", "v=v1_5"), ("v1.7", "v=v1_7")])
def test_a_version_is_chosen_at_the_logon(version: str, sent: str) -> None:
    """It holds for the session."""
    assert EnterpriseManagerDialect(version).logon("a", Secret("b")).query == sent


@pytest.mark.parametrize("body", BODIES)
def test_the_header_is_the_token(body: bytes) -> None:
    """And the body tells by which id the session is deleted."""
    grant = DIALECT.read(answer(201, body, "another-token"))
    assert grant == Grant({"X-RestSvcSessionId": "another-token"}, session=LOGON_ID)
    assert grant.lifetime is None


@pytest.mark.parametrize("body", BODIES)
def test_without_the_header_the_body_gives_the_token(body: bytes) -> None:
    """It is the id in base64."""
    assert DIALECT.read(answer(201, body)) == Grant({"X-RestSvcSessionId": TOKEN}, session=LOGON_ID)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"{}", b'{"SessionId": "../jobs"}'])
def test_without_a_body_the_header_gives_the_id(body: bytes) -> None:
    """What is no id of a session is none: it becomes part of a path."""
    assert DIALECT.read(answer(201, body, TOKEN)).session == LOGON_ID


@pytest.mark.parametrize("token", ["not base64!", b64encode(b"\xff").decode(), "YWJj"])
def test_a_token_that_tells_no_id_is_used_all_the_same(token: str) -> None:
    """The session then ends by itself after 15 minutes."""
    grant = DIALECT.read(answer(201, b"", token))
    assert grant.headers == {"X-RestSvcSessionId": token}
    assert DIALECT.logoff(grant) is None


def test_an_answer_without_a_session_is_no_logon() -> None:
    """Something else answers there."""
    with pytest.raises(ParseFailed, match="gave no session; is the url"):
        DIALECT.read(answer(200, b"<html/>"))


def test_there_is_no_renewal_but_a_new_logon() -> None:
    """And the log-off deletes the own session."""
    grant = Grant({}, session=LOGON_ID)
    assert DIALECT.refresh(grant) is None
    request = DIALECT.logoff(grant)
    assert request is not None
    assert (request.method, request.path) == ("DELETE", f"/api/logonSessions/{LOGON_ID}")


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, b"", AuthenticationFailed, "refused the user name or password$"),
        (401, b'{"Message": "bad logon"}', AuthenticationFailed, r"password \(bad logon\)$"),
        (401, b'{"message": "bad logon"}', AuthenticationFailed, r"password \(bad logon\)$"),
        (401, b"<html/>", AuthenticationFailed, "password$"),
        (403, b"", Forbidden, "403"),
        (404, b"", NotFound, "usually https on port 9398"),
        (500, b'{"Message": "broken"}', HttpFailed, "500 Internal Server Error: broken"),
        (503, b"", HttpFailed, "503"),
    ],
)
def test_a_logon_that_fails(status: int, body: bytes, error: type[Exception], said: str) -> None:
    """Only 401 means that the password is wrong."""
    with pytest.raises(error, match=said):
        DIALECT.read(answer(status, body))
