"""How Veeam Backup for Microsoft Azure is logged on to, and which versions of its API it serves.

After the "Authorization" and "Overview" sections of the vendor's REST API reference.
"""

from collections.abc import Iterator

import msgspec

from exporter.config.values import Secret
from exporter.errors import (
    AuthenticationFailed,
    Forbidden,
    HttpFailed,
    NotFound,
    ParseFailed,
    SourceError,
)
from exporter.rest.client import RestClient
from exporter.rest.decode import BYTE_ORDER_MARK, UNREADABLE, decode_json
from exporter.rest.failures import complaint
from exporter.rest.failures import failure as plain_failure
from exporter.rest.logon import Grant
from exporter.rest.oauth import bearer_grant, blames_request, read_answer, token_request
from exporter.rest.wire import Request, Response
from exporter.sources.azure.wire import ABOUT

VERSIONS = ("v8.1", "v8", "v7", "v6", "v5", "v4", "v3", "v2", "v1")
"""Newest first."""

TOKEN = "/api/oauth2/token"  # noqa: S105  # an address without a version, not a password

_SERVED = frozenset({401, 403})
_NOT_SERVED = frozenset({400, 404})

_WRONG_PRODUCT = (
    "is the url that of a Veeam Backup for Microsoft Azure appliance, usually on port 443 "
    "and without a path?"
)


class _Agreement(msgspec.Struct):
    """What a 403 adds after an upgrade, until somebody has accepted the licence agreement."""

    acceptance_required: bool = msgspec.field(
        default=False, name="licenseAgreementAcceptanceRequired"
    )


_AGREEMENT = msgspec.json.Decoder(_Agreement)


class AzureDialect:
    """Password and refresh grants. The token endpoint is the same for all versions."""

    def logon(self, username: str, password: Secret) -> Request:
        """The password grant."""
        return token_request(
            TOKEN,
            {"grant_type": "Password", "username": username, "password": password.reveal()},
        )

    def refresh(self, grant: Grant) -> Request | None:
        """The refresh grant, where the last answer brought a refresh token."""
        if not grant.refresh:
            return None
        return token_request(TOKEN, {"grant_type": "Refresh_token", "refresh_token": grant.refresh})

    def read(self, response: Response) -> Grant:
        """The grant of a token answer.

        An account with multi-factor authentication is answered with 200 and without a token.
        """
        if not response.ok:
            raise _refusal(response)
        grant = bearer_grant(read_answer(response))
        if grant is None:
            raise AuthenticationFailed(
                f"{response.where} gave no access token; accounts with multi-factor "
                "authentication cannot be used, take one for which it is disabled"
            )
        return grant

    def logoff(self, grant: Grant) -> Request | None:
        """Revoke the token that the request carries."""
        return Request("DELETE", TOKEN)


def failure(response: Response) -> SourceError:
    """The error of an answer beyond 2xx; a licence agreement to accept has a sentence of its own.

    After an upgrade every call is answered so until somebody has logged on to the web console.
    """
    if response.status == 403 and _awaits_agreement(response.body):
        return Forbidden(
            f"{response.where} is forbidden until the licence agreement is accepted; log on to the "
            "web console of the appliance as an administrator and accept it"
        )
    return plain_failure(response)


def _awaits_agreement(body: bytes) -> bool:
    try:
        return _AGREEMENT.decode(body.removeprefix(BYTE_ORDER_MARK)).acceptance_required
    except UNREADABLE:
        return False


async def negotiate(client: RestClient) -> str:
    """The newest version of the API that the appliance serves, asked without a password.

    Raises NotFound when it serves none, ParseFailed when something else answers there.
    """
    stranger: ParseFailed | None = None
    for version, path in _probes():
        accepted = _SERVED | _NOT_SERVED
        response = await client.send(Request("GET", path, anonymous=True, accepted=accepted))
        if response.status in _SERVED:
            return version
        if response.ok:
            # A web console may answer an address that it does not know with its start page.
            try:
                decode_json(ABOUT, response)
            except ParseFailed as error:
                stranger = stranger or error
            else:
                return version
    raise stranger or NotFound(f"no known version of the API is served there; {_WRONG_PRODUCT}")


def _probes() -> Iterator[tuple[str, str]]:
    """What to ask in turn; v1 documents its sessions, and /system/about only later versions."""
    yield from ((version, f"/api/{version}/system/about") for version in VERSIONS)
    yield VERSIONS[-1], f"/api/{VERSIONS[-1]}/jobSessions"


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
