"""The file of --web.config.file: what is accepted, and the sentence for what is not.

The cases follow what the format's documentation allows and forbids; the files are our own.
"""

import ssl
from pathlib import Path

import bcrypt
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ConfigurationError
from exporter.web.access import WebConfigFile
from exporter.web.document import NO_YAML
from exporter.web.tls import CIPHERS, CURVES, VERSIONS
from exporter.web.webconfig import NO_HASH, UNVERIFIED, RateLimit, Reading, read, validate
from tests.support.web import CANARY

PAIR = "cert_file: server.pem\n  key_file: server.key"
HASH = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, another key, a client CA and rubbish."""
    made = tmp_path_factory.mktemp("web")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(made / "ca.pem")
    certificate.private_key_pem.write_to_path(made / "server.key")
    authority.issue_cert("localhost").private_key_pem.write_to_path(made / "other.key")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(made / "server.pem", append=True)
    (made / "rubbish.pem").write_text("no certificate")
    (made / "empty.pem").write_text("")
    (made / "folder.pem").mkdir()
    return made


def reading(folder: Path, text: str) -> Reading:
    """The file with this text, read."""
    file = folder / "web.yml"
    file.write_text(text)
    return read(file)


def problems(folder: Path, text: str) -> list[str]:
    """Its problems, without the folder's name."""
    return [line.replace(f"{folder}/", "") for line in reading(folder, text).problems]


GOOD = {
    "empty": "",
    "comment": "# nothing yet\n",
    "null sections": "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n",
    "empty sections": "tls_server_config: {}\nhttp_server_config: {headers: {}}\nrate_limit: {}\n",
    "pair": f"tls_server_config:\n  {PAIR}\n",
    "absent clients": f"tls_server_config:\n  {PAIR}\n  client_auth_type: NoClientCert\n",
    "verified clients": f"tls_server_config:\n  {PAIR}\n  client_ca_file: ca.pem\n"
    "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [a, 'b@c.d', 10.0.0.1]",
    "optional clients": f"tls_server_config:\n  {PAIR}\n  client_ca_file: ca.pem\n"
    "  client_auth_type: VerifyClientCertIfGiven\n",
    "every cipher": f"tls_server_config:\n  {PAIR}\n  cipher_suites: [{', '.join(CIPHERS)}]\n",
    "versions": f"tls_server_config:\n  {PAIR}\n  min_version: TLS13\n  max_version: TLS13\n",
    "old lower bound": f"tls_server_config:\n  {PAIR}\n  min_version: TLS10\n",
    "client's order": f"tls_server_config:\n  {PAIR}\n  prefer_server_cipher_suites: no\n",
    "blank lists": f"tls_server_config:\n  {PAIR}\n  client_allowed_sans:\n  cipher_suites: []\n",
    "no http2": "http_server_config: {http2: false}\n",
    "headers": "http_server_config:\n  headers:\n    Content-Security-Policy: default-src 'self'\n"
    "    X-Frame-Options: SAMEORIGIN\n    X-Content-Type-Options: nosniff\n"
    "    X-XSS-Protection: '0'\n    Strict-Transport-Security: max-age=31536000\n",
    "blank header": "http_server_config: {headers: {X-Frame-Options: ''}}\n",
    "users": f"basic_auth_users:\n  alice: {HASH}\n  bob: {HASH.replace('$2b$', '$2y$')}\n",
    "rate limit": "rate_limit: {interval: 1s, burst: 20}\n",
    "no rate limit": "rate_limit: {interval: 0, burst: 0}\n",
    **{
        f"curve {name}": f"tls_server_config:\n  {PAIR}\n  curve_preferences: [{name}]"
        for name in CURVES
    },
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_the_format_allows_is_accepted(folder: Path, text: str) -> None:
    """No problem is found, and TLS is on exactly when the section asks for it."""
    found = reading(folder, text)
    assert found.problems == ()
    assert (found.context is not None) == ("cert_file" in text)


TLS_BAD = {
    "certificate alone": (
        "cert_file: server.pem",
        ["web.yml:1: tls_server_config.key_file: missing: TLS needs key_file or key"],
    ),
    "key alone": (
        "key_file: server.key",
        ["web.yml:1: tls_server_config.cert_file: missing: TLS needs cert_file or cert"],
    ),
    "empty names": (
        'cert_file: ""\n  key_file: ""',
        [
            "web.yml:2: tls_server_config.cert_file: missing: TLS needs cert_file or cert",
            "web.yml:3: tls_server_config.key_file: missing: TLS needs key_file or key",
        ],
    ),
    "no certificate at all": (
        "min_version: TLS13",
        [
            "web.yml:1: tls_server_config.cert_file: missing: TLS needs cert_file or cert",
            "web.yml:1: tls_server_config.key_file: missing: TLS needs key_file or key",
        ],
    ),
    "both forms": (
        f"{PAIR}\n  cert: text",
        ["web.yml:4: tls_server_config.cert: give cert or cert_file, not both"],
    ),
    "absent files": (
        "cert_file: no.pem\n  key_file: no.key",
        [
            "web.yml:2: tls_server_config.cert_file: cannot read no.pem: No such file or directory",
            "web.yml:3: tls_server_config.key_file: cannot read no.key: No such file or directory",
        ],
    ),
    "a folder": (
        "cert_file: folder.pem\n  key_file: server.key",
        ["web.yml:2: tls_server_config.cert_file: cannot read folder.pem: Is a directory"],
    ),
    "rubbish for a certificate": (
        "cert_file: rubbish.pem\n  key_file: server.key",
        ["web.yml:2: tls_server_config.cert_file: expected a certificate in PEM form"],
    ),
    "nothing for a certificate": (
        "cert_file: empty.pem\n  key_file: server.key",
        ["web.yml:2: tls_server_config.cert_file: expected a certificate in PEM form"],
    ),
    "rubbish for a key": (
        "cert_file: server.pem\n  key_file: rubbish.pem",
        [
            "web.yml:3: tls_server_config.key_file: "
            "expected a private key in PEM form without a passphrase"
        ],
    ),
    "another's key": (
        "cert_file: server.pem\n  key_file: other.key",
        ["web.yml:3: tls_server_config.key_file: this key does not belong to the certificate"],
    ),
    "rubbish for a client CA": (
        f"{PAIR}\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: rubbish.pem",
        ["web.yml:5: tls_server_config.client_ca_file: expected certificates in PEM form"],
    ),
    "absent client CA": (
        f"{PAIR}\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: no.pem",
        [
            "web.yml:5: tls_server_config.client_ca_file: "
            "cannot read no.pem: No such file or directory"
        ],
    ),
    "no client CA": (
        f"{PAIR}\n  client_auth_type: VerifyClientCertIfGiven",
        ["web.yml:1: tls_server_config.client_ca_file: missing: verifying clients needs their CA"],
    ),
    "client CA without effect": (
        f"{PAIR}\n  client_ca_file: ca.pem",
        [
            "web.yml:1: tls_server_config.client_auth_type: a client CA has no effect without it; "
            "use RequireAndVerifyClientCert"
        ],
    ),
    "names that a client may leave out": (
        f"{PAIR}\n  client_ca_file: ca.pem\n  client_auth_type: VerifyClientCertIfGiven\n"
        "  client_allowed_sans: [prometheus]",
        [
            "web.yml:6: tls_server_config.client_allowed_sans: "
            "this needs client_auth_type RequireAndVerifyClientCert"
        ],
    ),
    "client CA with a blank type": (
        f"{PAIR}\n  client_ca_file: ca.pem\n  client_auth_type:",
        [
            "web.yml:5: tls_server_config.client_auth_type: a client CA has no effect without it; "
            "use RequireAndVerifyClientCert"
        ],
    ),
    "a blank name": (
        f"{PAIR}\n  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
        "  client_allowed_sans: ['', 7]",
        [
            "web.yml:6: tls_server_config.client_allowed_sans[0]: nothing is written here",
            "web.yml:6: tls_server_config.client_allowed_sans[1]: "
            "expected a text; put it in quotes",
        ],
    ),
    "invented client type": (
        f"{PAIR}\n  client_auth_type: RequireAndVerifyClientCerts",
        [
            "web.yml:4: tls_server_config.client_auth_type: unknown word; did you mean "
            '"RequireAndVerifyClientCert"?; known are NoClientCert, VerifyClientCertIfGiven, '
            "RequireAndVerifyClientCert"
        ],
    ),
    **{
        word: (
            f"{PAIR}\n  client_auth_type: {word}",
            [f"web.yml:4: tls_server_config.client_auth_type: {UNVERIFIED}"],
        )
        for word in ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
    },
    "invented version": (
        f"{PAIR}\n  min_version: TLS14",
        [
            'web.yml:4: tls_server_config.min_version: unknown word; did you mean "TLS13"?; '
            "known are TLS10, TLS11, TLS12, TLS13"
        ],
    ),
    "old upper bound": (
        f"{PAIR}\n  max_version: TLS11",
        [
            "web.yml:4: tls_server_config.max_version: clients of today do not connect with this "
            "version; use TLS12 or TLS13"
        ],
    ),
    "bounds the wrong way round": (
        f"{PAIR}\n  min_version: TLS13\n  max_version: TLS12",
        ["web.yml:5: tls_server_config.max_version: this is older than min_version"],
    ),
    "suites that the version lacks": (
        f"{PAIR}\n  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]",
        ["web.yml:5: tls_server_config.cipher_suites: none of these works with max_version"],
    ),
    "several curves": (
        f"{PAIR}\n  curve_preferences: [X25519, CurveP256]",
        [
            "web.yml:4: tls_server_config.curve_preferences: Python's TLS takes one curve; "
            "name one, or leave the key out to allow all"
        ],
    ),
}


@pytest.mark.parametrize(("section", "told"), TLS_BAD.values(), ids=TLS_BAD)
def test_mistakes_in_the_tls_section_are_told(folder: Path, section: str, told: list[str]) -> None:
    """Each with its line, its key and what would be right; nothing of it is used."""
    found = problems(folder, f"tls_server_config:\n  {section}\n")
    assert found == told


OTHER_BAD = {
    "no YAML": ("tls_server_config: [\n  x", [f"web.yml:2: {NO_YAML}"]),
    "a tab": ("a:\n\tb: c", [f"web.yml:2: {NO_YAML}"]),
    "an odd character": ("a: \x07", [f"web.yml:1: {NO_YAML}"]),
    "an alias of nothing": (f"basic_auth_users: {{a: *{CANARY}}}", [f"web.yml:1: {NO_YAML}"]),
    "two documents": ("a: 1\n---\nb: 2", [f"web.yml:2: {NO_YAML}"]),
    "nesting without end": ("[" * 10_000, [f"web.yml:1: {NO_YAML}"]),
    "a list": ("- a", ["web.yml:1: expected keys and values"]),
    "a word": ("nonsense", ["web.yml:1: expected keys and values"]),
    "an unknown section": (
        "tls_config: {}",
        ['web.yml:1: tls_config: unknown key; did you mean "tls_server_config"?'],
    ),
    "an unknown key": (
        "http_server_config:\n  http3: true",
        ['web.yml:2: http_server_config.http3: unknown key; did you mean "http2"?'],
    ),
    "a key that is nothing": ("? [a]\n: b", ["web.yml:1: a key must be a word"]),
    "a key that is there twice": (
        "rate_limit: {interval: 0}\nrate_limit: {interval: 0}",
        ["web.yml:2: rate_limit: this key is there twice"],
    ),
    "no boolean": (
        "http_server_config: {http2: maybe}",
        ["web.yml:1: http_server_config.http2: expected true or false"],
    ),
    "a header that is not allowed": (
        "http_server_config:\n  headers:\n    X-Powered-By: us",
        ["web.yml:3: http_server_config.headers.X-Powered-By: unknown key"],
    ),
    "a header's value": (
        "http_server_config:\n  headers:\n    X-Frame-Options: allow\n"
        "    X-Content-Type-Options: sniff",
        [
            "web.yml:3: http_server_config.headers.X-Frame-Options: expected deny or sameorigin",
            "web.yml:4: http_server_config.headers.X-Content-Type-Options: expected nosniff",
        ],
    ),
    "a header of two lines": (
        'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a=b"}}',
        ["web.yml:1: http_server_config.headers.X-XSS-Protection: expected one line of ASCII text"],
    ),
    "a header that is a number": (
        "http_server_config: {headers: {X-XSS-Protection: 1}}",
        [
            "web.yml:1: http_server_config.headers.X-XSS-Protection: "
            "expected a text; put it in quotes"
        ],
    ),
    "passwords for hashes": (
        f"basic_auth_users:\n  alice: {CANARY}\n  bob: 12\n  carol: $2y$03${'x' * 53}\n"
        f"  'd:e': {HASH}",
        [
            f"web.yml:2: basic_auth_users.alice: {NO_HASH}",
            f"web.yml:3: basic_auth_users.bob: {NO_HASH}",
            f"web.yml:4: basic_auth_users.carol: {NO_HASH}",
            "web.yml:5: basic_auth_users.d:e: a user name cannot hold a colon",
        ],
    ),
    "users as a list": (
        f"basic_auth_users: [{CANARY}]",
        ["web.yml:1: basic_auth_users: expected keys and values"],
    ),
    "no list": (
        "tls_server_config:\n  cert: a\n  key: b\n  cipher_suites: TLS_AES_128_GCM_SHA256",
        [
            "web.yml:2: tls_server_config.cert: expected a certificate in PEM form",
            "web.yml:4: tls_server_config.cipher_suites: expected a list",
        ],
    ),
    "no duration": (
        "rate_limit: {interval: soon, burst: many}",
        [
            "web.yml:1: rate_limit.burst: expected a whole number from 0",
            'web.yml:1: rate_limit.interval: expected a duration such as "1s", or 0',
        ],
    ),
    "no burst": (
        "rate_limit:\n  interval: 1s",
        ["web.yml:1: rate_limit.burst: expected at least 1, or nothing would be answered"],
    ),
    "many at once": (
        "tls_server_config:\n  cert_fil: server.pem\nbasic_auth_users: {a: b}\nrate_limits: {}\n",
        [
            'web.yml:2: tls_server_config.cert_fil: unknown key; did you mean "cert_file"?',
            f"web.yml:3: basic_auth_users.a: {NO_HASH}",
            'web.yml:4: rate_limits: unknown key; did you mean "rate_limit"?',
        ],
    ),
}


@pytest.mark.parametrize(("text", "told"), OTHER_BAD.values(), ids=OTHER_BAD)
def test_mistakes_are_told_all_at_once(folder: Path, text: str, told: list[str]) -> None:
    """Each on a line of its own; values that might be secrets are not repeated."""
    found = problems(folder, text)
    assert found == told
    assert CANARY not in "".join(found)


def test_an_invented_cipher_is_told(folder: Path) -> None:
    """The closest name is suggested."""
    text = f"tls_server_config:\n  {PAIR}\n  cipher_suites:\n  - TLS_RSA_WITH_AES_256_GCM_SHA385\n"
    (told,) = problems(folder, text)
    assert told.startswith(
        "web.yml:5: tls_server_config.cipher_suites[0]: unknown word; "
        'did you mean "TLS_RSA_WITH_AES_256_GCM_SHA384"?'
    )


def test_ciphers_keep_their_order_and_openssl_knows_each(folder: Path) -> None:
    """Go's names become OpenSSL's; what is not named is not offered below TLS 1.3."""
    names = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
    context = reading(
        folder, f"tls_server_config:\n  {PAIR}\n  cipher_suites: [{', '.join(names)}]\n"
    ).context
    assert context is not None
    offered = [c["name"] for c in context.get_ciphers() if c["protocol"] != "TLSv1.3"]
    assert offered == [CIPHERS[name] for name in names]
    known = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    known.set_ciphers("ALL")
    all_names = {cipher["name"] for cipher in known.get_ciphers()}
    assert {name for name in CIPHERS.values() if name} <= all_names


def test_suites_of_tls_13_alone_mean_tls_13_alone(folder: Path) -> None:
    """Older versions would be left without a suite."""
    text = f"tls_server_config:\n  {PAIR}\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
    context = reading(folder, text).context
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lower_bound_is_applied(folder: Path, version: str) -> None:
    """TLS 1.2 when nothing is said, else what is said; the server's order of suites wins."""
    said = reading(folder, f"tls_server_config:\n  {PAIR}\n  min_version: {version}\n").context
    silent = reading(folder, f"tls_server_config:\n  {PAIR}\n").context
    assert said is not None
    assert silent is not None
    assert said.minimum_version is VERSIONS[version]
    assert silent.minimum_version is ssl.TLSVersion.TLSv1_2
    assert silent.maximum_version is ssl.TLSVersion.TLSv1_3
    assert silent.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_the_clients_order_of_suites_can_win(folder: Path) -> None:
    """`prefer_server_cipher_suites: false` clears the option."""
    text = f"tls_server_config:\n  {PAIR}\n  prefer_server_cipher_suites: false\n"
    context = reading(folder, text).context
    assert context is not None
    assert not context.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_suites_that_openssl_lacks_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without any of the named suites says so at the check, not at a handshake."""
    monkeypatch.setitem(CIPHERS, "TLS_RSA_WITH_AES_128_CBC_SHA", "NO-SUCH-SUITE")
    text = f"tls_server_config:\n  {PAIR}\n  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]\n"
    assert problems(folder, text) == [
        "web.yml:4: tls_server_config.cipher_suites: "
        "this system's OpenSSL offers none of these suites"
    ]


def test_an_encrypted_key_is_told_and_nobody_is_asked_for_a_passphrase(folder: Path) -> None:
    """OpenSSL's prompt on the terminal would hang a service."""
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    (folder / "encrypted.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    text = "tls_server_config: {cert_file: server.pem, key_file: encrypted.key}"
    (told,) = problems(folder, text)
    assert "without a passphrase" in told


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [("500ms", 0.5), ("1s", 1.0), ("1.5s", 1.5), ("1m30s", 90.0), ("2h", 7200.0)],
)
def test_durations_are_those_of_go(folder: Path, interval: str, seconds: float) -> None:
    """Units may be joined and have decimals."""
    found = reading(folder, f"rate_limit: {{interval: {interval}, burst: 1}}")
    assert found.config.rate_limit == RateLimit(seconds, 1)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes | None) -> None:
    """Absent files and other encodings are told in a sentence; a start is refused."""
    file = tmp_path / "web.yml"
    if content is not None:
        file.write_bytes(content)
    (told,) = validate(file)
    assert told.startswith(f"{file}:1: this file cannot be read: ")
    with pytest.raises(ConfigurationError) as refused:
        WebConfigFile(file)
    assert refused.value.problems == (told,)


def test_the_representation_of_a_reading_holds_no_secret(folder: Path) -> None:
    """Neither hashes nor keys written into the file show up in a log or traceback."""
    key = (folder / "server.key").read_text()
    inline = "\n".join(f"    {line}" for line in key.splitlines())
    text = (
        f"tls_server_config:\n  cert_file: server.pem\n  key: |\n{inline}\n"
        f"basic_auth_users: {{alice: {HASH}}}\n"
    )
    found = reading(folder, text)
    assert found.problems == ()
    assert HASH not in repr(found)
    assert key.splitlines()[1] not in repr(found)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(folder: Path, text: str) -> None:
    """No file makes the reader fail."""
    file = folder / "any.yml"
    file.write_bytes(text.encode("utf-8", "replace"))
    assert all(line.startswith(f"{file}:") for line in validate(file))
