"""TLS as clients meet it: handshakes over real sockets with certificates made for the test."""

import contextlib
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from exporter.web import server as server_module
from exporter.web.tls import certificate_names
from tests.support.web import Answer, FakePages, FakeState, ask, connected, serving


@dataclass
class Identity:
    """Where a server's certificate and key lie, and who vouches for them."""

    folder: Path
    authority: trustme.CA

    def issue(self) -> None:
        """Write a new certificate with a new key, each file replaced as a rotation does it."""
        issued = self.authority.issue_cert("localhost")
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        for name, content in (("cert.pem", chain), ("key.pem", issued.private_key_pem.bytes())):
            (self.folder / "new").write_bytes(content)
            (self.folder / "new").replace(self.folder / name)

    def configured(self, more: str = "") -> Path:
        """A web configuration that names the files, relative to itself, and some keys more."""
        file = self.folder / "web.yml"
        file.write_text(f"tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n{more}")
        return file


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    """A server's first certificate."""
    made = Identity(tmp_path, trustme.CA())
    made.issue()
    return made


def client(trusted: trustme.CA, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A client that trusts one authority and may show a certificate."""
    context = ssl.create_default_context()
    trusted.configure_trust(context)
    if shown is not None:
        shown.configure_cert(context)
    return context


async def serial(url: str, tls: ssl.SSLContext) -> str:
    """The serial number of the certificate that a new connection is shown."""
    async with connected(url, tls) as (_reader, writer):
        certificate = writer.get_extra_info("peercert")
        assert certificate is not None
        return str(certificate["serialNumber"])


async def attempt(url: str, tls: ssl.SSLContext) -> Answer | None:
    """The answer, or None when the connection is refused or closed without one."""
    with contextlib.suppress(OSError, IndexError):
        return await ask(f"{url}/-/healthy", tls=tls)
    return None


async def test_metrics_come_over_tls(identity: Identity) -> None:
    """The address says https, and plain HTTP gets no answer there."""
    async with serving(web_config=identity.configured()) as url:
        assert url.startswith("https://")
        assert (await ask(f"{url}/metrics", tls=client(identity.authority))).status == 200
        with contextlib.suppress(OSError, IndexError):
            assert (await ask(f"{url}/metrics")).status == 400


async def test_behind_tls_every_request_takes_the_usual_way(identity: Identity) -> None:
    """Below TLS it is not known what of an answer has left, so none is sent beside the handlers."""
    state = FakeState(exposition=FakePages(b"page", kept=True))
    tls = client(identity.authority)
    async with (
        serving(state, web_config=identity.configured()) as url,
        connected(url, tls) as (reader, writer),
    ):
        for _ in range(2):
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"page")
    assert len(state.exposition.asked) == 2


async def test_certificate_and_key_may_be_written_into_the_file(identity: Identity) -> None:
    """Inline PEM serves as well as files do."""
    lines = ["tls_server_config:"]
    for name in ("cert", "key"):
        text = (identity.folder / f"{name}.pem").read_text()
        lines += [f"  {name}: |", *(f"    {line}" for line in text.splitlines())]
    file = identity.folder / "web.yml"
    file.write_text("\n".join(lines))
    async with serving(web_config=file) as url:
        assert (await ask(f"{url}/metrics", tls=client(identity.authority))).status == 200


async def test_a_rotated_certificate_is_shown_to_the_next_client(identity: Identity) -> None:
    """No restart is needed, and open connections go on."""
    tls = client(identity.authority)
    async with serving(web_config=identity.configured()) as url:
        first = await serial(url, tls)
        async with connected(url, tls) as (reader, writer):
            identity.issue()
            assert await serial(url, tls) != first
            writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"healthy.\n" in await reader.readuntil(b"healthy.\n")


async def test_a_broken_rotation_keeps_the_last_good_certificate(
    identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, not for each client; the mended file is taken up and logged once."""
    caplog.set_level(logging.INFO, logger="exporter.web.access")
    tls = client(identity.authority)
    async with serving(web_config=identity.configured()) as url:
        first = await serial(url, tls)
        (identity.folder / "key.pem").write_text("torn")
        for _ in range(3):
            assert await serial(url, tls) == first
        identity.issue()
        for _ in range(2):
            assert await serial(url, tls) != first
    told = [r.getMessage() for r in caplog.records if r.name == "exporter.web.access"]
    assert [message.partition(":")[0] for message in told] == [
        "web configuration refused, the last good one stays",
        "web configuration is usable again and in effect",
    ]
    assert "tls_server_config.key_file: expected a private key" in told[0]


async def test_tls_is_not_turned_off_while_running(identity: Identity) -> None:
    """Removing the section is told on the page and needs a restart."""
    tls = client(identity.authority)
    file = identity.configured()
    async with serving(web_config=file) as url:
        file.write_text("")
        page = await ask(f"{url}/", tls=tls)
        assert "TLS is turned on or off only at start" in page.text
        identity.configured()
        assert "TLS is turned" not in (await ask(f"{url}/", tls=tls)).text


async def test_tls_is_not_turned_on_while_running(identity: Identity) -> None:
    """Plain HTTP goes on, and says so."""
    file = identity.folder / "web.yml"
    file.write_text("")
    async with serving(web_config=file) as url:
        identity.configured()
        page = await ask(f"{url}/")
    assert "TLS is turned on or off only at start" in page.text


async def test_versions_below_the_bound_are_refused(identity: Identity) -> None:
    """A changed bound holds for the next handshake."""
    old = client(identity.authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(web_config=identity.configured()) as url:
        assert await attempt(url, old) is not None
        identity.configured("  min_version: TLS13\n")
        assert await attempt(url, old) is None
        assert await attempt(url, client(identity.authority)) is not None


async def test_the_named_suite_and_curve_are_agreed_upon(identity: Identity) -> None:
    """With TLS 1.2 the suite is ours; a client without the curve is refused."""
    more = (
        "  max_version: TLS12\n  curve_preferences: [CurveP384]\n"
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,"
        " TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]\n"
    )
    other = client(identity.authority)
    other.set_ecdh_curve("prime256v1")
    async with serving(web_config=identity.configured(more)) as url:
        async with connected(url, client(identity.authority)) as (_reader, writer):
            assert "CHACHA20" in writer.get_extra_info("cipher")[0]
        assert await attempt(url, other) is None


@pytest.fixture
def verifying(identity: Identity) -> tuple[Identity, trustme.CA]:
    """A server with an authority for its clients."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(identity.folder / "clients.pem")
    return identity, authority


VERIFY = "  client_ca_file: clients.pem\n  client_auth_type: RequireAndVerifyClientCert\n"


async def test_only_verified_clients_are_let_in(verifying: tuple[Identity, trustme.CA]) -> None:
    """Without a certificate, or with one of another authority, there is no answer."""
    identity, authority = verifying
    async with serving(web_config=identity.configured(VERIFY)) as url:
        known = client(identity.authority, authority.issue_cert("prometheus"))
        stranger = client(identity.authority, trustme.CA().issue_cert("prometheus"))
        assert (await ask(f"{url}/metrics", tls=known)).status == 200
        assert await attempt(url, stranger) is None
        assert await attempt(url, client(identity.authority)) is None


async def test_a_certificate_may_be_optional(verifying: tuple[Identity, trustme.CA]) -> None:
    """Who shows none is let in, who shows a wrong one is not."""
    identity, _authority = verifying
    optional = VERIFY.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    async with serving(web_config=identity.configured(optional)) as url:
        stranger = client(identity.authority, trustme.CA().issue_cert("prometheus"))
        assert await attempt(url, client(identity.authority)) is not None
        assert await attempt(url, stranger) is None


@pytest.mark.parametrize(
    ("allowed", "name", "admitted"),
    [
        ("prometheus.example.com", "prometheus.example.com", True),
        ("example.com", "prometheus.example.com", False),
        ("'*.example.com'", "prometheus.example.com", False),
        ("scraper@example.com", "scraper@example.com", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("'2001:db8::1'", "2001:db8::1", True),
        ("'2001:DB8:0:0::1'", "2001:db8::1", True),
    ],
)
async def test_clients_are_let_in_by_name(
    verifying: tuple[Identity, trustme.CA], allowed: str, name: str, admitted: bool
) -> None:
    """One alternative name of a verified certificate must be on the list, letter by letter."""
    identity, authority = verifying
    more = f"{VERIFY}  client_allowed_sans: [somebody.else, {allowed}]\n"
    async with serving(web_config=identity.configured(more)) as url:
        tls = client(identity.authority, authority.issue_cert(name))
        assert (await attempt(url, tls) is not None) is admitted


async def test_a_withdrawn_client_authority_holds_for_the_next_handshake(
    verifying: tuple[Identity, trustme.CA],
) -> None:
    """A session that was agreed upon before cannot be resumed around the new rule."""
    identity, authority = verifying
    tls = client(identity.authority, authority.issue_cert("prometheus"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(web_config=identity.configured(VERIFY)) as url:
        async with connected(url, tls) as (_reader, writer):
            session = writer.get_extra_info("ssl_object").session
            assert session is not None
        trustme.CA().cert_pem.write_to_path(identity.folder / "clients.pem")
        assert await attempt(url, tls) is None


async def test_a_handshake_that_does_not_end_is_given_up(
    identity: Identity, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A client that opens a TLS port and says nothing does not hold it."""
    monkeypatch.setattr(server_module, "HANDSHAKE_SECONDS", 0.1)
    async with serving(web_config=identity.configured()) as url:
        plain = url.replace("https://", "http://")
        async with connected(plain) as (reader, _writer):
            assert await reader.read() == b""
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_names_of_every_kind_are_read_from_a_certificate() -> None:
    """DNS, e-mail and URI as they are, addresses in their short form."""
    certificate = {
        "subjectAltName": (
            ("DNS", "a.example.com"),
            ("email", "b@example.com"),
            ("URI", "spiffe://example.com/c"),
            ("IP Address", "2001:DB8:0:0:0:0:0:1\n"),
        )
    }
    assert certificate_names(certificate) == {
        "a.example.com",
        "b@example.com",
        "spiffe://example.com/c",
        "2001:db8::1",
    }
