"""How we speak TLS to scrapers: the settings of `tls_server_config` as an OpenSSL context.

The names are those that Go's crypto/tls uses, since the files are shared between exporters:
https://pkg.go.dev/crypto/tls#pkg-constants
"""

import contextlib
import ipaddress
import os
import ssl
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSIONS: Mapping[str, ssl.TLSVersion] = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}

CURVES: Mapping[str, str] = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}

CIPHERS: Mapping[str, str | None] = {
    # TLS 1.3 has these always; there is nothing to choose and nothing to tell OpenSSL.
    "TLS_AES_128_GCM_SHA256": None,
    "TLS_AES_256_GCM_SHA384": None,
    "TLS_CHACHA20_POLY1305_SHA256": None,
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
}
"""Suites by Go's name, with OpenSSL's name of those up to TLS 1.2."""


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate or key: in a file of its own, or written into the configuration."""

    key: str
    file: Path | None = None
    inline: str = field(default="", repr=False)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """A path that OpenSSL can read while the context lasts."""
        if self.file is not None:
            yield self.file
            return
        with _memory_file() as (descriptor, path):
            os.write(descriptor, self.inline.encode())
            yield path


@contextlib.contextmanager
def _memory_file() -> Iterator[tuple[int, Path]]:
    """A file that only we can read; on Linux it never touches a disk."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem")
        try:
            yield descriptor, Path(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
    else:  # systems other than Linux
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "pem")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                yield descriptor, path
            finally:
                os.close(descriptor)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The section `tls_server_config`, checked as far as one can without reading its files.

    `ciphers` are OpenSSL's names for TLS 1.2 and below; None leaves OpenSSL its own choice, and
    an empty tuple admits TLS 1.3 alone. `allowed_sans` empty admits every verified client.
    """

    cert: Pem
    key: Pem
    client_ca: Pem | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    allowed_sans: frozenset[str] = frozenset()
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] | None = None
    curve: str | None = None
    prefer_server: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """The files whose change means a new context."""
        pems = (self.cert, self.key, self.client_ca)
        return tuple(pem.file for pem in pems if pem is not None and pem.file is not None)


class TlsRefused(Exception):
    """OpenSSL does not take the settings; `problems` are keys of the section with a sentence."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(sentence for _key, sentence in problems))
        self.problems = problems


def build_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for new connections. Raises TlsRefused when a file is unusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    problems: list[tuple[str, str]] = []
    for load in (_load_certificate, _load_client_ca, _set_ciphers):
        try:
            load(context, settings)
        except TlsRefused as refused:
            problems += refused.problems
    if problems:
        raise TlsRefused(tuple(problems))
    with warnings.catch_warnings():
        # TLS 1.0 and 1.1 as a lower bound only: OpenSSL's security level decides about them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = settings.minimum
    context.maximum_version = settings.maximum
    if settings.curve:
        context.set_ecdh_curve(settings.curve)
    if not settings.prefer_server:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal and wait.
    return ""


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    _require_readable(settings.cert, settings.key)
    with settings.cert.opened() as cert, settings.key.opened() as key:
        try:
            context.load_cert_chain(cert, key, password=_no_passphrase)
        except ssl.SSLError as error:
            raise TlsRefused((_certificate_problem(settings, error),)) from None
        except OSError as error:  # pragma: no cover -- the file went away in between
            raise TlsRefused(((settings.cert.key, f"cannot be read: {error.strerror}"),)) from None


def _certificate_problem(settings: TlsSettings, error: ssl.SSLError) -> tuple[str, str]:
    """Which of the two is at fault, in words."""
    if error.reason == "KEY_VALUES_MISMATCH":
        return settings.key.key, "this key does not belong to the certificate"
    if _is_certificate(settings.cert):
        return settings.key.key, "expected a private key in PEM form without a passphrase"
    return settings.cert.key, "expected a certificate in PEM form"


def _is_certificate(pem: Pem) -> bool:
    """Whether OpenSSL finds a certificate in it when it is asked for that alone."""
    with pem.opened() as path:
        content = path.read_text(encoding="utf-8", errors="replace")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=content)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _load_client_ca(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.client_ca is None:
        return
    _require_readable(settings.client_ca)
    with settings.client_ca.opened() as path:
        try:
            context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            message = "expected certificates in PEM form"
            raise TlsRefused(((settings.client_ca.key, message),)) from None
    context.verify_mode = settings.client_auth


def _set_ciphers(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if not settings.ciphers:
        return
    try:
        context.set_ciphers(":".join(settings.ciphers))
    except ssl.SSLError:
        message = "this system's OpenSSL offers none of these suites"
        raise TlsRefused((("cipher_suites", message),)) from None


def _require_readable(*pems: Pem) -> None:
    """Raises TlsRefused naming each file that cannot be read: OpenSSL would not say which."""
    problems = []
    for pem in pems:
        try:
            if pem.file is not None:
                pem.file.read_bytes()
        except OSError as error:
            problems.append((pem.key, f"cannot read {pem.file}: {error.strerror}"))
    if problems:
        raise TlsRefused(tuple(problems))


class CurrentContext(ssl.SSLContext):
    """Stands for the context that is current when a connection comes in.

    Every setting of a new context, not only its certificate, holds for the next handshake, while
    open connections keep what they agreed upon. asyncio asks a context for nothing but this.
    """

    _current: Callable[[], ssl.SSLContext]

    @classmethod
    def following(cls, current: Callable[[], ssl.SSLContext]) -> "CurrentContext":
        """A context that asks `current` anew at each handshake."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context._current = current
        return context

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """The TLS half of one new connection."""
        return self._current().wrap_bio(*args, **options)


def certificate_names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """The subject alternative names of a verified certificate: DNS, address, e-mail and URI."""
    return frozenset(
        canonical_name(str(value)) for _kind, value in certificate.get("subjectAltName", ())
    )


def canonical_name(name: str) -> str:
    """The name, an IP address in its usual short form: OpenSSL writes IPv6 out in full."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def admits(allowed: Collection[str], certificate: Mapping[str, Any] | None) -> bool:
    """Whether a client with this certificate may talk to us."""
    return not allowed or not certificate_names(certificate or {}).isdisjoint(allowed)
