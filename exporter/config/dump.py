"""The effective configuration as YAML: every default filled in, every secret masked.

What comes out is a configuration file again; only the secrets have to be put back.
"""

import re
from typing import Any

import yaml

from exporter.config.addresses import masked
from exporter.config.durations import format_duration
from exporter.config.schema import SETTINGS
from exporter.config.values import (
    MASK,
    Config,
    Objective,
    Password,
    Selection,
    ServerConfig,
    TlsConfig,
)


def dump_config(config: Config) -> str:
    """The configuration as a YAML document without secrets. Durations carry their units."""
    document = {
        "objectives": [_objective(objective) for objective in config.objectives],
        "servers": [_server(server) for server in config.servers],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _server(server: ServerConfig) -> dict[str, Any]:
    proxy = {} if server.proxy_url is None else {"proxy_url": masked(server.proxy_url)}
    return {
        "name": server.name,
        "product": server.product,
        "url": server.url,
        "username": server.username,
        **_password(server.password),
        "api_version": server.api_version,
        "tls_config": _tls(server.tls),
        **proxy,
        "jobs": _plain(server.jobs),
        "session_types": _plain(server.session_types),
        **{key: _plain(getattr(server, key)) for key in SETTINGS},
        **{key: _plain(value) for key, value in server.options.items()},
    }


def _password(password: Password) -> dict[str, str]:
    if password.file is not None:
        return {"password_file": str(password.file)}
    return {"password": MASK}


def _tls(tls: TlsConfig) -> dict[str, Any]:
    files = {"ca_file": tls.ca_file, "cert_file": tls.cert_file, "key_file": tls.key_file}
    texts = {key: str(path) for key, path in files.items() if path is not None}
    if tls.server_name is not None:
        texts["server_name"] = tls.server_name
    return {
        **texts,
        "insecure_skip_verify": tls.insecure_skip_verify,
        "pinned_sha256": list(tls.pinned_sha256),
    }


def _objective(objective: Objective) -> dict[str, Any]:
    keys = ("server", "job_name", "session_type")
    return {
        "match": {key: _plain(getattr(objective, key)) for key in keys},
        "max_age": format_duration(objective.max_age),
    }


def _plain(value: object) -> object:
    """A value as the file writes it; a float is always a duration here."""
    if isinstance(value, float):
        return format_duration(value)
    if isinstance(value, re.Pattern):
        return value.pattern
    if isinstance(value, Selection):
        return {
            "include": [pattern.pattern for pattern in value.include],
            "exclude": [pattern.pattern for pattern in value.exclude],
        }
    return list(value) if isinstance(value, tuple) else value
