"""The user's file as a table: every key, its type and its meaning.

Checking, `docs/configuration.md` and the test of `config.example.yaml` all read it from here.
Fields are optional for the type checker alone: None says that a key was not written (or was wrong
and already reported). General defaults live in `values.ServerConfig`, nowhere else.
"""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from exporter.config.fields import (
    AnyCaseRegex,
    Boolean,
    FileName,
    Fingerprint,
    Interval,
    JobCount,
    Name,
    Overlap,
    PageSize,
    Product,
    Regex,
    Results,
    SecretText,
    Span,
    Text,
    Timeout,
    Url,
    Version,
    wrong,
)


class Block(BaseModel):
    """A mapping of the file; keys that it does not name are errors."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _has_a_value(cls, value: object) -> object:
        """A key with nothing behind it is a slip; leaving the key out is how to get a default."""
        if value is None:
            raise wrong("has no value; write one, or remove the key")
        return value


class JobsBlock(Block):
    """Which jobs are looked at, by `job_name`. What is not included, or is excluded, has no
    series and is not counted."""

    include: list[Regex] | None = Field(
        default=None, description="What is looked at; empty: everything."
    )
    exclude: list[Regex] | None = Field(
        default=None, description="What is left out, also when `include` matches it."
    )


class SessionTypesBlock(Block):
    """Which types of session are looked at, by the product's own word and without regard to
    case."""

    include: list[AnyCaseRegex] | None = Field(
        default=None, description="What is looked at; empty: the product's default set."
    )
    exclude: list[AnyCaseRegex] | None = Field(
        default=None, description="What is left out, also when `include` matches it."
    )


class TlsBlock(Block):
    """How the server's certificate is judged, and which certificate we show."""

    ca_file: FileName | None = Field(
        default=None, description="PEM file with the authorities to trust instead of the system's."
    )
    cert_file: FileName | None = Field(
        default=None, description="PEM file with the certificate we show; goes with `key_file`."
    )
    key_file: FileName | None = Field(
        default=None,
        description="PEM file with the key of `cert_file`; keep it unreadable for others.",
    )
    server_name: Text | None = Field(
        default=None,
        description="The name that the certificate must be for, when it is not the URL's host.",
    )
    insecure_skip_verify: Boolean | None = Field(
        default=None,
        description="Accept any certificate. Goes with neither `ca_file` nor `pinned_sha256`; "
        "pinning is the better way to accept a self-signed certificate.",
    )
    pinned_sha256: list[Fingerprint] | None = Field(
        default=None,
        description="SHA-256 fingerprints of the certificates to accept, as 64 hexadecimal digits "
        "with or without colons.",
    )


class MatchBlock(Block):
    """Which jobs an objective is for. Regular expressions are anchored at both ends."""

    server: Regex | None = Field(default=None, description="The server's name.")
    job_name: Regex | None = Field(default=None, description="The job's name.")
    session_type: AnyCaseRegex | None = Field(
        default=None,
        description="The product's word for the type of session, without regard to case. Left out, "
        "the objective is for all types but those that run on demand or leave no new copy: "
        "archives, checks, deletions, downloads, imports, manual runs, changes of repositories, "
        "rescans, restores, retention, retrievals.",
    )


class ObjectiveBlock(Block):
    """How old the last success of a job may be. The first objective that matches wins."""

    match: MatchBlock | None = Field(
        default=None, description="Which jobs it is for; all without it."
    )
    max_age: Span | None = Field(
        default=None, description="How old the last success may be. Required."
    )


class GlobalBlock(Block):
    """Settings for every server. Each may also stand on a server, which then wins; what neither
    says has the product's default or, without one, the default given here."""

    poll_interval: Interval | None = Field(
        default=None, description="How often a server is asked; from 1s to 1d."
    )
    request_timeout: Timeout | None = Field(
        default=None, description="How long one request may take; up to 1h."
    )
    lookback: Span | None = Field(default=None, description="How far back the first poll reads.")
    overlap: Overlap | None = Field(
        default=None,
        description="How far each later poll reads back again; shorter than `lookback` "
        "(and half of it at most, when not written).",
    )
    stale_after: Span | None = Field(
        default=None,
        description="After so long without a complete poll, claims about now are withdrawn; "
        "choose it longer than `poll_interval`.",
    )
    forget_after: Span | None = Field(
        default=None, description="A job that is gone or silent for so long loses its series."
    )
    page_size: PageSize | None = Field(
        default=None,
        description="How many sessions one page may hold; each product keeps to its own maximum.",
    )
    max_jobs: JobCount | None = Field(
        default=None,
        description="How many jobs of one server are kept; those beyond are counted as dropped.",
    )
    success_results: Results | None = Field(
        default=None,
        description="Which results leave something to restore from: any of `success`, `warning`, "
        "`failed`, `canceled`, `unknown`.",
    )


class ServerBlock(GlobalBlock):
    """One backup server. The keys of `global` may stand here too, and some products have keys of
    their own."""

    name: Name | None = Field(
        default=None,
        description="Unique; becomes the label `server`. Up to 200 characters. Required.",
    )
    product: Product | None = Field(
        default=None, description="What kind of server it is, such as `vb365`. Required."
    )
    url: Url | None = Field(
        default=None,
        description="Where its REST API listens: `http` or `https`, host and port, without user "
        "name, query or fragment; a path only where a proxy in front of it wants one. Required.",
    )
    username: Text | None = Field(default=None, description="The account to log on with. Required.")
    password: SecretText | None = Field(
        default=None,
        description="Its password, best as `${VARIABLE}`. Either this or `password_file`.",
    )
    password_file: FileName | None = Field(
        default=None,
        description="File that holds nothing but the password; read again at each logon, so that "
        "it can be changed without a restart. Either this or `password`.",
    )
    api_version: Version | None = Field(
        default=None, description="`auto`, or the version of the API to speak, such as `v8`."
    )
    tls_config: TlsBlock | None = Field(default=None, description="How its certificate is judged.")
    proxy_url: SecretText | None = Field(
        default=None,
        description="HTTP proxy to reach it through, such as `http://proxy.example.com:3128`; may "
        "hold `user:password@`.",
    )
    jobs: JobsBlock | None = Field(default=None, description="Which jobs are looked at.")
    session_types: SessionTypesBlock | None = Field(
        default=None, description="Which types of session are looked at."
    )


class FileBlock(Block):
    """The whole file."""

    global_: GlobalBlock | None = Field(
        default=None, alias="global", description="Settings for every server."
    )
    objectives: list[ObjectiveBlock] | None = Field(
        default=None, description="How old the last success of a job may be."
    )
    servers: list[ServerBlock] | None = Field(
        default=None, description="The backup servers; at least one."
    )


REQUIRED = ("name", "product", "url", "username")
SETTINGS = tuple(GlobalBlock.model_fields)
