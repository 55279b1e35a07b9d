"""One checked server entry → one `ServerConfig` with every default filled in."""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from exporter.config.addresses import is_encrypted, is_loopback, proxy_address, server_url
from exporter.config.checking import Entry
from exporter.config.durations import format_duration
from exporter.config.problems import Findings, Location, one_of, shown
from exporter.config.schema import (
    REQUIRED,
    SETTINGS,
    GlobalBlock,
    JobsBlock,
    ServerBlock,
    SessionTypesBlock,
    TlsBlock,
)
from exporter.config.surroundings import Surroundings
from exporter.config.values import (
    Password,
    ProductFacts,
    Secret,
    Selection,
    ServerConfig,
    TlsConfig,
)

GENERAL_DEFAULTS: Mapping[str, Any] = {
    field.name: field.default for field in fields(ServerConfig) if field.name in SETTINGS
}
NO_FACTS = ProductFacts(name="", title="", api_versions=())


def server_config(
    entry: Entry[ServerBlock],
    defaults: Entry[GlobalBlock],
    facts: ProductFacts,
    around: Surroundings,
) -> ServerConfig:
    """The server of `entry`. What is wrong goes to the findings and is blank in the result.

    An explicit key of the server wins over one of `global`, that over the product's default, and
    that over the general default.
    """
    block = entry.block
    _miss(entry, around.findings)
    url = _url(entry, around)
    return ServerConfig(
        name=block.name or "",
        product=block.product or "",
        url=url,
        username=_username(entry, around),
        password=_password(entry, around),
        api_version=_api_version(entry, facts, around.findings),
        tls=_tls(entry, url, around),
        proxy_url=_proxy_url(entry, around),
        jobs=selection(block.jobs),
        session_types=selection(block.session_types),
        options=MappingProxyType(_options(block, facts)),
        **_settings(entry, defaults, facts, around.findings),
    )


def selection(block: JobsBlock | SessionTypesBlock | None) -> Selection:
    """The patterns of a block, or those that admit everything."""
    if block is None:
        return Selection()
    return Selection(tuple(block.include or ()), tuple(block.exclude or ()))


def _miss(entry: Entry[ServerBlock], findings: Findings) -> None:
    """Say which required keys are missing."""
    for key in REQUIRED:
        if key not in entry.written:
            findings.add((*entry.location, key), "is required")


def _url(entry: Entry[ServerBlock], around: Surroundings) -> str:
    location = (*entry.location, "url")
    text = around.expanded(entry.block.url, location) if entry.block.url else None
    if text is None:
        return ""
    try:
        url = server_url(text)
    except ValueError as error:
        around.findings.add(location, str(error))
        return ""
    if not is_encrypted(url) and not is_loopback(url):
        around.findings.warn(location, "http:// sends the password unencrypted; use https://")
    return url


def _proxy_url(entry: Entry[ServerBlock], around: Surroundings) -> str | None:
    location = (*entry.location, "proxy_url")
    text = around.expanded(entry.block.proxy_url, location) if entry.block.proxy_url else None
    if text is None:
        return None
    try:
        return proxy_address(text)
    except ValueError as error:
        around.findings.add(location, str(error))
        return None


def _username(entry: Entry[ServerBlock], around: Surroundings) -> str:
    location = (*entry.location, "username")
    text = around.expanded(entry.block.username, location) if entry.block.username else None
    if text is not None and not text.isprintable():
        around.findings.add(location, "must not hold control characters")
    return text or ""


def _password(entry: Entry[ServerBlock], around: Surroundings) -> Password:
    """Where the password comes from: exactly one of the two keys."""
    given = entry.written & {"password", "password_file"}
    at_value = (*entry.location, "password")
    at_file = (*entry.location, "password_file")
    if not given:
        around.findings.add(at_value, "is required, or password_file in its place")
    if len(given) > 1:
        around.findings.add(at_file, "stands beside password; keep one of them")
    if entry.block.password is not None:
        value = around.expanded(entry.block.password, at_value)
        return Password(value=Secret(value or ""))
    written = entry.block.password_file
    text = around.expanded(written, at_file) if written else None
    if written is None or text is None:
        return Password(value=Secret(""))
    path = around.secret_file(text, at_file, written)
    return around.password_in(path, at_file) if path else Password(value=Secret(""))


def _api_version(entry: Entry[ServerBlock], facts: ProductFacts, findings: Findings) -> str:
    """`auto`, or the version as the product's facts write it (`8`, `v8` and `V8` alike)."""
    written = entry.block.api_version
    if written is None or written.lower() == "auto" or facts is NO_FACTS:
        return "auto"
    known = {_bare(version): version for version in facts.api_versions}
    if _bare(written) not in known:
        there = one_of(written, ("auto", *facts.api_versions))
        sentence = f"{facts.title} has no API version {shown(written)}; {there}"
        findings.add((*entry.location, "api_version"), sentence)
        return "auto"
    return known[_bare(written)]


def _bare(version: str) -> str:
    return version.lower().removeprefix("v")


def _tls(entry: Entry[ServerBlock], url: str, around: Surroundings) -> TlsConfig:
    block = entry.block.tls_config
    if block is None:
        return TlsConfig()
    location = (*entry.location, "tls_config")
    _tls_conflicts(block, location, around.findings)
    if url and not is_encrypted(url):
        around.findings.warn(location, "has no effect on an http:// address")
    certificate = around.certificate_file
    names = {"ca_file": certificate, "cert_file": certificate, "key_file": around.key_file}
    files = {
        key: read(name, (*location, key), name)
        for key, read in names.items()
        if (name := getattr(block, key)) is not None
    }
    return TlsConfig(
        **files,
        server_name=block.server_name,
        insecure_skip_verify=block.insecure_skip_verify or False,
        pinned_sha256=tuple(block.pinned_sha256 or ()),
    )


def _tls_conflicts(block: TlsBlock, location: Location, findings: Findings) -> None:
    """Keys that need each other, and keys that contradict each other."""
    if (block.cert_file is None) != (block.key_file is None):
        there, lacking = ("cert_file", "key_file") if block.cert_file else ("key_file", "cert_file")
        findings.add((*location, there), f"needs {lacking} beside it")
    if not block.insecure_skip_verify:
        return
    for key in ("ca_file", "pinned_sha256"):
        if getattr(block, key):
            sentence = f"contradicts {key}; remove one of them"
            findings.add((*location, "insecure_skip_verify"), sentence)


def _options(block: ServerBlock, facts: ProductFacts) -> dict[str, object]:
    """The keys that only this product has, each with its value or default."""
    options: dict[str, object] = {}
    for key, (_, default) in facts.options.items():
        value = getattr(block, key)
        options[key] = selection(value) if isinstance(value, JobsBlock) else value
        if value is None:
            options[key] = default
    return options


def _settings(
    entry: Entry[ServerBlock], defaults: Entry[GlobalBlock], facts: ProductFacts, findings: Findings
) -> dict[str, Any]:
    """The keys that may stand on a server and in `global`."""
    below = {**GENERAL_DEFAULTS, **facts.defaults}
    above = _written(defaults.block) | _written(entry.block)
    settings = {**below, **above}
    settings["success_results"] = tuple(settings["success_results"])
    settings["page_size"] = min(settings["page_size"], facts.max_page_size)
    if "overlap" not in above:
        settings["overlap"] = min(settings["overlap"], settings["lookback"] // 2)
    _compare_settings(entry, defaults, settings, findings)
    return settings


def _written(block: GlobalBlock) -> dict[str, Any]:
    values = {key: getattr(block, key) for key in SETTINGS}
    return {key: value for key, value in values.items() if value is not None}


def _compare_settings(
    entry: Entry[ServerBlock],
    defaults: Entry[GlobalBlock],
    settings: Mapping[str, Any],
    findings: Findings,
) -> None:
    """Durations that only make sense in one order."""

    def where(key: str) -> Location:
        return (*(entry if key in entry.written else defaults).location, key)

    overlap, lookback = settings["overlap"], settings["lookback"]
    if overlap >= lookback:
        sentence = f"{format_duration(overlap)} must be shorter than lookback"
        findings.add(where("overlap"), f"{sentence}, which is {format_duration(lookback)}")
    stale_after, interval = settings["stale_after"], settings["poll_interval"]
    if stale_after <= interval:
        key = (
            "stale_after" if "stale_after" in entry.written | defaults.written else "poll_interval"
        )
        sentence = f"stale_after ({format_duration(stale_after)}) should be longer than"
        sentence += f" poll_interval ({format_duration(interval)}), or claims about now flap"
        findings.warn(where(key), sentence)
