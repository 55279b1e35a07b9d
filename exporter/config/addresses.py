"""Addresses of servers and proxies: what is allowed, and in which form they are kept.

The sentences never repeat an address, which may hold a password by mistake.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from exporter.config.values import MASK

_SCHEMES = ("http", "https")
_HOST = re.compile(r"[\w.-]+")
_HIGH_PORT = re.compile(r":[0-9]{5,}(/|$)")
_FORBIDDEN = re.compile(r"[\s\\<>\"{}|^`\x00-\x1f\x7f]")


def server_url(text: str) -> str:
    """The base address of a REST API without a trailing slash. Raises ValueError."""
    parts = _split(text, "https://backup.example.com:4443")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; use username and password_file")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def proxy_address(text: str) -> str:
    """The address of a proxy, with the credentials it may hold. Raises ValueError."""
    parts = _split(text, "http://proxy.example.com:3128")
    if parts.path.strip("/"):
        raise ValueError("must not hold a path; a proxy is a host and a port")
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))


def is_encrypted(url: str) -> bool:
    """Whether what is sent there is protected by TLS."""
    return urlsplit(url).scheme == "https"


def is_loopback(url: str) -> bool:
    """Whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def masked(url: str) -> str:
    """The address with its credentials hidden."""
    parts = urlsplit(url)
    credentials, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{MASK}{at}{host}" if credentials else host))


def _split(text: str, example: str) -> SplitResult:
    if _FORBIDDEN.search(text):
        raise ValueError("must not hold spaces, quotes, brackets or other special characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, 0
    if host is None or port == 0 or not _is_host(host, "[" in parts.netloc):
        raise ValueError(f'must be an address such as "{example}"{_why(text, example)}')
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with https:// or http://")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("must not hold a query or fragment; remove everything from ? or # on")
    return parts


def _why(text: str, example: str) -> str:
    """The likeliest slip, if there is one."""
    if "//" not in text:
        return f"; it lacks its {example.partition('//')[0]}//"
    return "; its port is above 65535" if _HIGH_PORT.search(text) else ""


def _is_host(host: str, bracketed: bool) -> bool:
    if not bracketed:
        return bool(_HOST.fullmatch(host))
    try:
        return bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False
