"""How a server's certificate is judged, before a single byte of ours is sent.

The judgement sits in the handshake itself, so it holds for direct connections and through a proxy
alike, and for every new connection of a long-lived session.
"""

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from exporter.config.values import TlsConfig
from exporter.errors import TlsFailed

Noticed = Callable[[float | None, bool], None]
"""Told after each good handshake: when the certificate expires, and whether it was verified."""

REMEDIES = (
    "name its issuer in tls_config.ca_file, or its fingerprint in tls_config.pinned_sha256, "
    "or set tls_config.insecure_skip_verify if you accept any certificate"
)

_SELF_SIGNED = (18, 19, 20, 21)  # OpenSSL's verify codes for chains that end in nothing we trust
_EXPIRED = 10
_NOT_YET_VALID = 9
_NAME_MISMATCH = (62, 64)


class PinMismatch(ssl.SSLError):
    """The server showed a certificate that is none of the pinned ones."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__(1, "certificate is not pinned")
        self.fingerprint = fingerprint


def client_context(tls: TlsConfig, noticed: Noticed) -> ssl.SSLContext:
    """The context for all connections to one server. Raises TlsFailed for unusable files.

    A pinned fingerprint alone is trust enough; together with a CA file both must agree.
    """
    key = (tls, *map(_modified, (tls.ca_file, tls.cert_file, tls.key_file)))
    with _loading:
        settings = _loaded.get(key)
        if settings is None:
            settings = _loaded[key] = _load(tls)
    context = OneServer(ssl.PROTOCOL_TLS_CLIENT)
    pins = frozenset(pin.replace(":", "").lower() for pin in tls.pinned_sha256)
    context.settings, context.judged = settings, _judging(pins, noticed)
    return context


class OneServer(ssl.SSLContext):
    """Judges the connections to one server with settings that it shares with others.

    The authorities of a system take 20 ms and nearly a megabyte; a fleet must not load them for
    each of its servers.
    """

    settings: ssl.SSLContext
    judged: type[ssl.SSLObject]

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """A connection that will be judged for this server."""
        self.settings.sslobject_class = self.judged
        return self.settings.wrap_bio(*args, **options)


_loading = Lock()
_loaded: WeakValueDictionary[tuple[object, ...], ssl.SSLContext] = WeakValueDictionary()
"""Settings in use, by configuration and age of the files."""


def _modified(path: Path | None) -> float | None:
    """When a file was changed; None where there is none, which loading it will tell."""
    try:
        return None if path is None else path.stat().st_mtime
    except OSError:
        return None


def _load(tls: TlsConfig) -> ssl.SSLContext:
    context = _load_authorities(tls)
    if tls.insecure_skip_verify or (tls.pinned_sha256 and tls.ca_file is None):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_identity(context, tls)
    return context


def explain(error: ssl.SSLError) -> str:
    """Why TLS failed and what to do, as the end of a sentence."""
    if isinstance(error, PinMismatch):
        return (
            f"its certificate has the SHA-256 fingerprint {error.fingerprint}, which is not in "
            "tls_config.pinned_sha256; if the certificate was renewed, pin the new one"
        )
    code = getattr(error, "verify_code", None)
    if code in _SELF_SIGNED:
        return f"its certificate is self-signed or of an unknown issuer; {REMEDIES}"
    if code in _NAME_MISMATCH:
        return (
            "its certificate is for another host name; use that name in the url or in "
            "tls_config.server_name"
        )
    if code in (_EXPIRED, _NOT_YET_VALID):
        return "its certificate is outside its period of validity; renew it, or check the clocks"
    if code is not None:
        return f"its certificate is not trusted ({error.verify_message}); {REMEDIES}"  # type: ignore[attr-defined]  # code and message come together
    reason = (error.reason or "no reason given").replace("_", " ").lower()
    return f"TLS could not be agreed upon ({reason}); does this port speak https?"


def _load_authorities(tls: TlsConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise TlsFailed(f"tls_config.ca_file {tls.ca_file}: {_file_problem(error)}") from None


def _load_identity(context: ssl.SSLContext, tls: TlsConfig) -> None:
    if tls.cert_file is None:
        return
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise TlsFailed(
            f"tls_config.cert_file {tls.cert_file} with its key: {_file_problem(error)}"
        ) from None


def _file_problem(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "it cannot be used; it must be PEM text, and a key must fit and have no passphrase"
    return f"{error.strerror}"


def _judging(pins: frozenset[str], noticed: Noticed) -> type[ssl.SSLObject]:
    """A connection class that checks the pins as the last step of each handshake."""

    class JudgedConnection(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            leaf = self.getpeercert(binary_form=True) or b""
            fingerprint = hashlib.sha256(leaf).hexdigest()
            if pins and fingerprint not in pins:
                raise PinMismatch(fingerprint)
            verified = bool(pins) or self.context.verify_mode is ssl.CERT_REQUIRED
            noticed(_expiry(leaf), verified)

    return JudgedConnection


def _expiry(leaf: bytes) -> float | None:
    # Loaded with the first certificate: it takes 10 MB that an exporter without TLS can do without.
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.load_der_x509_certificate(leaf).not_valid_after_utc.timestamp()
    except ValueError:
        return None
