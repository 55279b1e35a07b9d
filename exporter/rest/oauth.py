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
