"""The file of `--web.config.file`, in the format that Prometheus' exporters share.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
Start, `--config.check` and every later change go through `read`. What this exporter cannot do is
refused with a sentence, never ignored in silence; only `http2` is accepted without effect.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from exporter.web.document import (
    Item,
    Problems,
    Reader,
    boolean,
    choice,
    compose,
    section,
    text,
    whole_number,
    words,
)
from exporter.web.tls import (
    CIPHERS,
    CURVES,
    VERSIONS,
    Pem,
    TlsRefused,
    TlsSettings,
    build_context,
    canonical_name,
)

TLS = "tls_server_config"
UNVERIFIED = "this would accept certificates without verifying them; use RequireAndVerifyClientCert"
CLIENT_AUTH: Mapping[str, ssl.VerifyMode] = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
UNVERIFIED_CLIENT_AUTH: Mapping[str, str] = dict.fromkeys(
    ("RequestClientCert", "RequireClientCert", "RequireAnyClientCert"), UNVERIFIED
)
TOO_OLD: Mapping[str, str] = dict.fromkeys(
    ("TLS10", "TLS11"), "clients of today do not connect with this version; use TLS12 or TLS13"
)
BCRYPT_HASH = re.compile(r"\$2[abxy]?\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
NO_HASH = 'expected a bcrypt hash, as "htpasswd -nBC 10 NAME" prints it after the colon'
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+|0")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket: one token each `interval` seconds, at most `burst` of them."""

    interval: float
    burst: int


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What the file asks for. `users` are bcrypt hashes by name; none means: no password."""

    tls: TlsSettings | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the file: usable when there are no problems.

    `files` are those whose change makes another reading worthwhile.
    """

    config: WebConfig
    context: ssl.SSLContext | None
    files: tuple[Path, ...]
    problems: tuple[str, ...]


def validate(path: Path) -> tuple[str, ...]:
    """Every problem of the file, one line each; nothing when it can be used."""
    return read(path).problems


def read(path: Path) -> Reading:
    """Read the file and the certificates that it names. Never raises for what they hold."""
    problems = Problems(str(path))
    config = WebConfig()
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problems.add_line(1, f"this file cannot be read: {why}")
    else:
        config = _config(compose(content, problems), path.parent, problems)
    context = _context(config.tls, problems)
    files = (path, *(config.tls.files if config.tls else ()))
    return Reading(config, context, files, problems.told())


def _config(root: Item | None, folder: Path, problems: Problems) -> WebConfig:
    if root is None:
        return WebConfig()
    given = section(SECTIONS)(root)
    http = given.get("http_server_config") or {}
    return WebConfig(
        tls=_tls(given.get(TLS) or {}, folder, problems),
        headers={name: value for name, value in (http.get("headers") or {}).items() if value},
        users=given.get("basic_auth_users") or {},
        rate_limit=_rate_limit(given.get("rate_limit") or {}, problems),
    )


def _context(tls: TlsSettings | None, problems: Problems) -> ssl.SSLContext | None:
    if tls is None:
        return None
    try:
        return build_context(tls)
    except TlsRefused as refused:
        for key, sentence in refused.problems:
            problems.add(f"{TLS}.{key}", sentence)
        return None


def _users(item: Item) -> dict[str, str]:
    """Reads names with their hashes; neither is repeated in a message when it is refused."""
    users: dict[str, str] = {}
    for name, child in item.entries():
        hashed = child.scalar("str")
        if ":" in name:
            child.refuse("a user name cannot hold a colon")
        elif hashed is None or not BCRYPT_HASH.fullmatch(hashed):
            child.refuse(NO_HASH)
        else:
            users[name] = hashed
    return users


def _duration(item: Item) -> float | None:
    """Reads a duration as Go writes it (`500ms`, `1m30s`, 0) in seconds."""
    value = item.scalar("str") or item.scalar("int") or ""
    if not DURATION.fullmatch(value):
        item.refuse('expected a duration such as "1s", or 0')
        return None
    return sum(float(count) * SECONDS[unit] for count, unit in DURATION_PART.findall(value))


def _header(item: Item) -> str | None:
    value = text(item)
    if value and not (value.isprintable() and value.isascii()):
        item.refuse("expected one line of ASCII text")
        return None
    return value


def _header_of(*values: str) -> Reader:
    def read_header(item: Item) -> str | None:
        value = _header(item)
        if value and value.lower() not in values:
            item.refuse(f"expected {' or '.join(values)}")
            return None
        return value

    return read_header


SECTIONS: Mapping[str, Reader] = {
    TLS: section(
        {
            "cert": text,
            "key": text,
            "client_ca": text,
            "cert_file": text,
            "key_file": text,
            "client_ca_file": text,
            "client_auth_type": choice(CLIENT_AUTH, UNVERIFIED_CLIENT_AUTH),
            "client_allowed_sans": words(text),
            "min_version": choice(VERSIONS),
            "max_version": choice(VERSIONS, TOO_OLD),
            "cipher_suites": words(choice({name: name for name in CIPHERS})),
            "curve_preferences": words(choice(CURVES)),
            "prefer_server_cipher_suites": boolean,
        }
    ),
    "http_server_config": section(
        {
            "http2": boolean,
            "headers": section(
                {
                    "Content-Security-Policy": _header,
                    "X-Frame-Options": _header_of("deny", "sameorigin"),
                    "X-Content-Type-Options": _header_of("nosniff"),
                    "X-XSS-Protection": _header,
                    "Strict-Transport-Security": _header,
                }
            ),
        }
    ),
    "basic_auth_users": _users,
    "rate_limit": section({"interval": _duration, "burst": whole_number}),
}
"""The whole format: sections, keys, and how the value of each is read."""


def _rate_limit(given: Mapping[str, Any], problems: Problems) -> RateLimit | None:
    if not given.get("interval"):
        return None
    if not given.get("burst"):
        problems.add("rate_limit.burst", "expected at least 1, or nothing would be answered")
        return None
    return RateLimit(given["interval"], given["burst"])


def _tls(given: Mapping[str, Any], folder: Path, problems: Problems) -> TlsSettings | None:
    """The settings, or None when the section is absent, empty or lacks a certificate."""
    if not given:
        return None
    cert, key = (_pem(given, name, folder, problems) for name in ("cert", "key"))
    for name, pem in (("cert", cert), ("key", key)):
        if pem is None:
            problems.add(f"{TLS}.{name}_file", f"missing: TLS needs {name}_file or {name}")
    client_ca = _pem(given, "client_ca", folder, problems)
    _check_clients(given, client_ca, problems)
    if cert is None or key is None:
        return None
    settings = TlsSettings(cert, key, client_ca, given.get("client_auth_type") or ssl.CERT_NONE)
    names = frozenset(map(canonical_name, given.get("client_allowed_sans") or ()))
    return _agreement(replace(settings, allowed_sans=names), given, problems)


def _pem(given: Mapping[str, Any], name: str, folder: Path, problems: Problems) -> Pem | None:
    """The inline text or the file of this name; relative paths count from the file's folder."""
    inline, file = given.get(name), given.get(f"{name}_file")
    if inline and file:
        problems.add(f"{TLS}.{name}", f"give {name} or {name}_file, not both")
    if file:
        return Pem(f"{name}_file", file=folder / file)
    return Pem(name, inline=inline) if inline else None


def _check_clients(given: Mapping[str, Any], client_ca: Pem | None, problems: Problems) -> None:
    """Which clients are verified must be said completely, or nobody is verified by accident."""
    if "client_auth_type" in given and given["client_auth_type"] is None:
        return  # refused already
    mode = given.get("client_auth_type") or ssl.CERT_NONE
    if client_ca is not None and mode == ssl.CERT_NONE:
        message = "a client CA has no effect without it; use RequireAndVerifyClientCert"
        problems.add(f"{TLS}.client_auth_type", message)
    if client_ca is None and mode != ssl.CERT_NONE:
        problems.add(f"{TLS}.client_ca_file", "missing: verifying clients needs their CA")
    if given.get("client_allowed_sans") and mode != ssl.CERT_REQUIRED:
        message = "this needs client_auth_type RequireAndVerifyClientCert"
        problems.add(f"{TLS}.client_allowed_sans", message)


def _agreement(settings: TlsSettings, given: Mapping[str, Any], problems: Problems) -> TlsSettings:
    """The settings with versions, suites and curve: what client and server agree upon."""
    minimum = given.get("min_version") or settings.minimum
    maximum = given.get("max_version") or settings.maximum
    if minimum > maximum:
        problems.add(f"{TLS}.max_version", "this is older than min_version")
        minimum = maximum
    ciphers = [CIPHERS[name] for name in given.get("cipher_suites") or ()]
    legacy = tuple(dict.fromkeys(name for name in ciphers if name))
    if ciphers and not legacy:
        # Only suites of TLS 1.3 were named: older versions are left without any.
        minimum = ssl.TLSVersion.TLSv1_3
        if maximum < minimum:
            problems.add(f"{TLS}.cipher_suites", "none of these works with max_version")
    curves = given.get("curve_preferences") or ()
    if len(curves) > 1:
        message = "Python's TLS takes one curve; name one, or leave the key out to allow all"
        problems.add(f"{TLS}.curve_preferences", message)
    return replace(
        settings,
        minimum=minimum,
        maximum=maximum,
        ciphers=legacy or None,
        curve=curves[0] if curves else None,
        prefer_server=given.get("prefer_server_cipher_suites", True) is not False,
    )
