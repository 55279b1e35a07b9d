"""How Veeam Backup for Microsoft 365 is logged on to, and which version of its API it serves.

After the vendor's "Authorization and Security" pages of the REST API reference.
"""

from exporter.config.values import Secret
from exporter.errors import AuthenticationFailed, HttpFailed, NotFound, SourceError
from exporter.rest.client import RestClient
from exporter.rest.decode import decode_json
from exporter.rest.failures import complaint, failure
from exporter.rest.logon import Grant
from exporter.rest.oauth import bearer_grant, blames_request, read_answer, token_request
from exporter.rest.wire import Request, Response
from exporter.sources.vb365.wire import SERVICE_INSTANCE

VERSIONS = (8, 7, 6, 5)

_TOKENS_CAN_BE_REVOKED = 7
_ANTIFORGERY = 7
_SERVED = frozenset({401, 403})
_NOT_SERVED = frozenset({400, 404})

_WRONG_PRODUCT = (
    "is the url the REST address of a Veeam Backup for Microsoft 365 server, usually on port 4443 "
    "and without a path?"
)


class Vb365Dialect:
    """Password and refresh grants of one version of the API; `version` is set before the first."""

    def __init__(self, version: int) -> None:
        self.version = version

    def logon(self, username: str, password: Secret) -> Request:
        """The password grant."""
        fields = {"grant_type": "password", "username": username, "password": password.reveal()}
        return self._token(fields)

    def refresh(self, grant: Grant) -> Request | None:
        """The refresh grant, where the last answer brought a refresh token."""
        if not grant.refresh:
            return None
        return self._token({"grant_type": "refresh_token", "refresh_token": grant.refresh})

    def read(self, response: Response) -> Grant:
        """The grant of a token answer. A refused account is answered with 400, not with 401."""
        if not response.ok:
            raise _refusal(response)
        grant = bearer_grant(read_answer(response))
        if grant is None:
            raise AuthenticationFailed(
                f"{response.where} gave no access token; accounts with multi-factor "
                "authentication cannot be used, take one that is marked as a service account"
            )
        return grant

    def logoff(self, grant: Grant) -> Request | None:
        """Revoke the token; versions before 7 have no way to."""
        if self.version < _TOKENS_CAN_BE_REVOKED:
            return None
        return Request("POST", f"/v{self.version}/token/logout")

    def _token(self, fields: dict[str, str]) -> Request:
        if self.version >= _ANTIFORGERY:
            # Without it, calls need a cookie beside the token.
            fields = {**fields, "disable_antiforgery_token": "true"}
        return token_request(f"/v{self.version}/token", fields)


async def negotiate(client: RestClient) -> int:
    """The newest version of the API that the server serves, asked without a password.

    Raises NotFound when it serves none, ParseFailed when something else answers there.
    """
    for version in VERSIONS:
        response = await client.send(
            Request(
                "GET",
                f"/v{version}/ServiceInstance",
                anonymous=True,
                accepted=_SERVED | _NOT_SERVED,
            )
        )
        if response.status in _SERVED:
            return version
        if response.ok:
            decode_json(SERVICE_INSTANCE, response)
            return version
    raise NotFound(f"no known version of the API is served there; {_WRONG_PRODUCT}")


def _refusal(response: Response) -> SourceError:
    """The error of a token answer that is not 2xx."""
    if response.status == 404:
        return NotFound(f"{response.where} does not exist; {_WRONG_PRODUCT}")
    if response.status not in (400, 401):
        return failure(response)
    said = complaint(response.body)
    if blames_request(response):
        return HttpFailed(f"{response.where} does not understand the logon: {said}")
    tail = f" ({said})" if said else ""
    return AuthenticationFailed(f"{response.where} refused the user name or password{tail}")
