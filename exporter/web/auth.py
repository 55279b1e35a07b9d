"""Basic authentication with bcrypt: `basic_auth_users` of the web configuration file.

bcrypt is slow on purpose. It runs in a thread, one at a time, and a password that was right once is
remembered by a keyed digest, so that scrapes every few seconds cost nothing.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping

REMEMBERED = 100
WAITING = 200
DUMMY_COST = 10
DUMMY_TAIL = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde"
"""Salt and digest, in the form of a bcrypt hash, of no password that anybody knows."""


class TooBusy(Exception):
    """More unknown passwords wait to be checked than is good for anybody."""


class BasicAuth:
    """Judges Authorization headers against the users of the moment."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._checks: dict[bytes, asyncio.Task[bool]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def admits(self, users: Mapping[str, str], authorization: str | None) -> bool:
        """Whether the header names a user with the right password; malformed ones never do.

        Raises TooBusy when too many different passwords are being checked already.
        """
        given = credentials(authorization)
        if given is None:
            return False
        name, password = given
        hashed = users.get(name)
        digest = self._digest(name, hashed or "", password)
        if digest in self._right:
            self._right.move_to_end(digest)
            return True
        # An unknown user costs as much time as a known one: who is known cannot be measured.
        check = self._check(digest, password, hashed or dummy_hash(users))
        # One client that goes away must not take the answer from others with the same password.
        right = await asyncio.shield(check) and hashed is not None
        if right:
            self._remember(digest)
        return right

    def _check(self, digest: bytes, password: bytes, hashed: str) -> asyncio.Task[bool]:
        """The check of these credentials, shared by all who ask for it at the same time."""
        check = self._checks.get(digest)
        if check is None:
            if len(self._checks) >= WAITING:
                raise TooBusy
            check = asyncio.create_task(self._compare(password, hashed))
            self._checks[digest] = check
            check.add_done_callback(lambda _: self._checks.pop(digest, None))
        return check

    async def _compare(self, password: bytes, hashed: str) -> bool:
        async with self._one_at_a_time:
            return await asyncio.to_thread(password_matches, password, hashed)

    def _digest(self, name: str, hashed: str, password: bytes) -> bytes:
        """What is remembered instead of the password; a changed hash makes another digest."""
        parts = (name.encode(), hashed.encode(), password)
        # Lengths keep the parts apart: no name and password can be cut to look like others.
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)

    def _remember(self, digest: bytes) -> None:
        self._right[digest] = None
        while len(self._right) > REMEMBERED:
            self._right.popitem(last=False)


def credentials(authorization: str | None) -> tuple[str, bytes] | None:
    """Name and password of a Basic header; None when it is absent or malformed."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        name, colon, password = decoded.partition(b":")
        return (name.decode("utf-8"), password) if colon else None
    except (binascii.Error, ValueError):
        return None


def password_matches(password: bytes, hashed: str) -> bool:
    """Whether the hash was made of this password. Takes as long as the hash's cost says."""
    # Only an exporter that asks for passwords needs the library.
    import bcrypt  # noqa: PLC0415

    try:
        return bcrypt.checkpw(password, hashed.encode())
    except ValueError:
        # More than 72 bytes, or a salt outside bcrypt's range: nobody's password.
        return False


def dummy_hash(users: Mapping[str, str]) -> str:
    """A hash that nothing matches, as costly as the costliest of the users'."""
    cost = max((int(hashed.split("$")[2]) for hashed in users.values()), default=DUMMY_COST)
    return f"$2b${cost:02}${DUMMY_TAIL}"
