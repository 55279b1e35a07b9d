"""The description of the API, generated from the tables that answer it.

https://spec.openapis.org/oas/v3.1.0
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from exporter.web.api.parameters import (
    JOB_PARAMETERS,
    NO_PARAMETERS,
    SESSION_PARAMETERS,
    Parameter,
)
from exporter.web.api.records import JobList, ServerList, SessionList

Schema = dict[str, Any]

JSON = "application/json"
ABOUT = (
    "What the exporter knows of backup servers, their jobs and sessions. Everything is answered "
    "from memory. Every error is one plain sentence as text/plain. Of each job the last 30 "
    "finished sessions are remembered."
)


class Operation(NamedTuple):
    """One address of the API."""

    path: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: type[msgspec.Struct]


SERVERS = Operation(
    "/api/v1/servers",
    "listServers",
    "Every configured server and its health.",
    NO_PARAMETERS,
    ServerList,
)
JOBS = Operation(
    "/api/v1/jobs",
    "listJobs",
    "Jobs, with their last session and what they do now.",
    JOB_PARAMETERS,
    JobList,
)
SESSIONS = Operation(
    "/api/v1/sessions", "listSessions", "Sessions, newest first.", SESSION_PARAMETERS, SessionList
)
OPERATIONS = (SERVERS, JOBS, SESSIONS)

ERRORS: Mapping[str, str] = {
    "400": "A parameter cannot be understood.",
    "401": "User name and password are needed; only where the web configuration asks for them.",
    "404": "A server of that name is not configured.",
    "429": "Too many requests; only where the web configuration limits them.",
    "503": "Too many answers are being made at this moment.",
}


def document(version: str) -> Schema:
    """The whole document, of this version of the exporter."""
    answers = [operation.answer for operation in OPERATIONS]
    _, schemas = msgspec.json.schema_components(answers, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Backup session exporter",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "..", "description": "Where this document comes from."}],
        "paths": {operation.path: {"get": _operation(operation)} for operation in OPERATIONS},
        "components": {
            "schemas": schemas,
            "responses": {code: _error(about) for code, about in ERRORS.items()},
        },
    }


def _operation(operation: Operation) -> Schema:
    errors = {code: {"$ref": f"#/components/responses/{code}"} for code in ERRORS}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {
            "200": {
                "description": (operation.answer.__doc__ or "").strip(),
                "content": {
                    JSON: {"schema": {"$ref": f"#/components/schemas/{operation.answer.__name__}"}}
                },
            },
            **errors,
        },
    }


def _parameter(parameter: Parameter) -> Schema:
    schema = dict(parameter.schema)
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "schema": schema,
        **({"style": "form", "explode": True} if parameter.many else {}),
    }


def _error(about: str) -> Schema:
    return {"description": about, "content": {"text/plain": {"schema": {"type": "string"}}}}
