"""The password and refresh grants of OAuth 2.0, as Veeam's products speak them."""

from collections.abc import Mapping

import msgspec

from exporter.rest.decode import decode_json
from exporter.rest.logon import Grant
from exporter.rest.wire import FORM, Request, Response, form


class TokenAnswer(msgspec.Struct, frozen=True):
    """The fields of a token answer that matter; all may be null when more is asked for (MFA)."""

    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: float | None = None
    mfa_token: str | None = None


_DECODER = msgspec.json.Decoder(TokenAnswer)

_OUR_FAULT = (
    b"unsupported_grant_type",
    b"invalid_request",
    b"unauthorized_client",
    b"invalid_scope",
    b"parametervalidationfailure",
)


def token_request(path: str, fields: Mapping[str, str]) -> Request:
    """A request to the token endpoint."""
    return Request("POST", path, headers=FORM, body=form(fields))


def read_answer(response: Response) -> TokenAnswer:
    """The token answer in a 200. Raises ParseFailed for anything else."""
    return decode_json(_DECODER, response)


def bearer_grant(answer: TokenAnswer) -> Grant | None:
    """The grant of an answer; None when the answer brought no access token."""
    if not answer.access_token:
        return None
    lifetime = answer.expires_in if answer.expires_in and answer.expires_in > 0 else None
    return Grant(
        headers={"Authorization": f"Bearer {answer.access_token}"},
        lifetime=lifetime,
        refresh=answer.refresh_token or "",
    )


def blames_request(response: Response) -> bool:
    """Whether a 400 says that the request was at fault: then the password was not refused."""
    body = response.body[:4096].lower()
    return any(word in body for word in _OUR_FAULT)
