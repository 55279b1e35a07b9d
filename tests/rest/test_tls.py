"""Certificates: whom we trust, and that nothing is sent before we do."""

import asyncio
import datetime
import hashlib
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from exporter.config.values import TlsConfig
from exporter.errors import TlsFailed, Unreachable
from exporter.rest.tls import OneServer, client_context
from exporter.rest.wire import Request
from tests.rest.conftest import Connect
from tests.support.rest_world import Said, SmallServer, settings, small_server

TOKEN = Said('{"access_token": "t0ken", "expires_in": 3600}')


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def serving(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def fingerprint(leaf: trustme.LeafCert) -> str:
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def leaf(authority: trustme.CA) -> Iterator[trustme.LeafCert]:
    return authority.issue_cert("127.0.0.1")


@asynccontextmanager
async def tls_server(leaf: trustme.LeafCert) -> AsyncIterator[SmallServer]:
    answers: dict[str, object] = {"GET /x": Said("[]"), "POST /token": TOKEN}
    async with small_server(answers, tls=serving(leaf)) as server:
        yield server


async def refusal(connect: Connect, leaf: trustme.LeafCert, tls: TlsConfig) -> str:
    """The sentence of a refused certificate; no request may have reached the server."""
    async with tls_server(leaf) as server:
        client = connect(settings(server.url, tls=tls))
        with pytest.raises(TlsFailed) as caught:
            await client.get("/x")
        assert server.seen == []
        return str(caught.value)


async def test_an_unknown_issuer_is_refused_with_the_three_remedies(
    connect: Connect, leaf: trustme.LeafCert
) -> None:
    """Self-signed is the norm of these servers, so the sentence must help."""
    sentence = await refusal(connect, leaf, TlsConfig())
    for key in ("ca_file", "pinned_sha256", "insecure_skip_verify"):
        assert f"tls_config.{key}" in sentence


async def test_a_ca_file_makes_the_certificate_trusted(
    connect: Connect, leaf: trustme.LeafCert, ca_file: Path
) -> None:
    """Verification and expiry are noted."""
    async with tls_server(leaf) as server:
        client = connect(settings(server.url, tls=TlsConfig(ca_file=ca_file)))
        await client.get("/x")
        traffic = client.traffic()
    assert traffic.tls_verified is True
    assert traffic.certificate_expiry is not None
    assert traffic.certificate_expiry > 1_700_000_000


async def test_plain_http_to_a_port_with_tls_is_recognized(
    connect: Connect, leaf: trustme.LeafCert
) -> None:
    """The likeliest slip in a url is told, instead of a connection that broke for no reason."""
    async with tls_server(leaf) as server:
        plain = server.url.replace("https://", "http://")
        with pytest.raises(Unreachable, match=r"speaks https, write https:// in the url$"):
            await connect(plain).send(Request("GET", "/x", anonymous=True, tries=1))


def foreign_authority(folder: Path) -> Path:
    """The certificate of an authority that signed nothing here."""
    file = folder / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return file


def replace_with(file: Path, other: Path) -> None:
    """Give a file another one's content, and a time at which it surely was not written before."""
    shutil.copyfile(other, file)
    os.utime(file, (1_700_000_000.0, 1_700_000_000.0))


async def test_a_ca_file_that_is_replaced_is_read_anew(
    connect: Connect, leaf: trustme.LeafCert, ca_file: Path, tmp_path: Path
) -> None:
    """Whoever gives the new certificate under the old name needs no restart."""
    file = foreign_authority(tmp_path)
    async with tls_server(leaf) as server:
        client = connect(settings(server.url, tls=TlsConfig(ca_file=file)))
        with pytest.raises(TlsFailed):
            await client.get("/x")
        replace_with(file, ca_file)
        await client.get("/x")
        assert client.traffic().tls_verified is True


async def test_many_calls_at_once_outlive_a_certificate_that_fails(
    connect: Connect, leaf: trustme.LeafCert, ca_file: Path, tmp_path: Path
) -> None:
    """More than there are connections: each call has its own error, none is cancelled."""
    file = foreign_authority(tmp_path)
    async with tls_server(leaf) as server:
        client = connect(settings(server.url, tls=TlsConfig(ca_file=file)))
        calls = Request("GET", "/x", anonymous=True, tries=1)
        for _ in range(3):
            failed = await asyncio.gather(
                *(client.send(calls) for _ in range(12)), return_exceptions=True
            )
            assert {type(one) for one in failed} == {TlsFailed}
        replace_with(file, ca_file)
        answers = await asyncio.gather(*(client.send(calls) for _ in range(12)))
        assert {one.status for one in answers} == {200}


async def test_a_pin_alone_is_trust_enough(connect: Connect, leaf: trustme.LeafCert) -> None:
    """Colons and capitals, as other tools print fingerprints, do not matter."""
    pin = fingerprint(leaf).upper()
    spaced = ":".join(pin[i : i + 2] for i in range(0, 64, 2))
    async with tls_server(leaf) as server:
        entry = settings(server.url, tls=TlsConfig(pinned_sha256=("00" * 32, spaced)))
        client = connect(entry)
        await client.get("/x")
        assert client.traffic().tls_verified is True


async def test_a_wrong_pin_is_refused_before_the_password_leaves(
    connect: Connect, leaf: trustme.LeafCert
) -> None:
    """The sentence shows the fingerprint that was met, to compare and pin."""
    sentence = await refusal(connect, leaf, TlsConfig(pinned_sha256=("00" * 32,)))
    assert fingerprint(leaf) in sentence


async def test_a_pin_holds_when_verification_is_off(
    connect: Connect, leaf: trustme.LeafCert
) -> None:
    """A pin is never ignored."""
    tls = TlsConfig(pinned_sha256=("00" * 32,), insecure_skip_verify=True)
    assert "pinned_sha256" in await refusal(connect, leaf, tls)


async def test_a_pin_with_a_ca_file_needs_both(
    connect: Connect, leaf: trustme.LeafCert, tmp_path: Path
) -> None:
    """The right pin does not replace a CA file that was asked for."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    tls = TlsConfig(ca_file=other, pinned_sha256=(fingerprint(leaf),))
    assert "unknown issuer" in await refusal(connect, leaf, tls)


async def test_skipping_verification_is_noted_as_unverified(
    connect: Connect, leaf: trustme.LeafCert
) -> None:
    """It works, and the metric says so."""
    async with tls_server(leaf) as server:
        client = connect(settings(server.url, tls=TlsConfig(insecure_skip_verify=True)))
        await client.get("/x")
        assert client.traffic().tls_verified is False


async def test_another_host_name_is_refused_and_server_name_mends_it(
    connect: Connect, authority: trustme.CA, ca_file: Path
) -> None:
    """A server reached by its address may have a certificate for its name."""
    named = authority.issue_cert("vb365.example.com")
    sentence = await refusal(connect, named, TlsConfig(ca_file=ca_file))
    assert "another host name" in sentence
    async with tls_server(named) as server:
        tls = TlsConfig(ca_file=ca_file, server_name="vb365.example.com")
        assert (await connect(settings(server.url, tls=tls)).get("/x")).ok


async def test_an_expired_certificate_is_told_as_such(
    connect: Connect, authority: trustme.CA, ca_file: Path
) -> None:
    """The remedy for it is another one."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    expired = authority.issue_cert("127.0.0.1", not_before=past, not_after=past)
    assert "period of validity" in await refusal(connect, expired, TlsConfig(ca_file=ca_file))


async def test_https_to_a_plain_port_is_a_tls_failure(connect: Connect) -> None:
    """The sentence asks whether the port speaks https."""
    async with small_server() as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(TlsFailed, match="does this port speak https"):
            await connect(url).send(Request("GET", "/x", anonymous=True))


async def test_a_client_certificate_is_shown(
    connect: Connect, authority: trustme.CA, leaf: trustme.LeafCert, ca_file: Path, tmp_path: Path
) -> None:
    """A server that demands one lets us in with ours only."""
    ours = authority.issue_cert("monitor@example.com")
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    ours.cert_chain_pems[0].write_to_path(str(cert))
    ours.private_key_pem.write_to_path(str(key))
    context = serving(leaf)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    async with small_server({"GET /x": Said("[]"), "POST /token": TOKEN}, tls=context) as server:
        tls = TlsConfig(ca_file=ca_file, cert_file=cert, key_file=key)
        assert (await connect(settings(server.url, tls=tls)).get("/x")).ok


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
@pytest.mark.parametrize("content", [None, "not PEM"])
async def test_an_unusable_file_is_named(
    connect: Connect, tmp_path: Path, key: str, content: str | None
) -> None:
    """A missing file and a file of something else are told with key and path."""
    path = tmp_path / "broken.pem"
    if content is not None:
        path.write_text(content)
    entry = settings("https://127.0.0.1:9", tls=TlsConfig(**{key: path}))  # type: ignore[arg-type]
    with pytest.raises(TlsFailed, match=f"tls_config.{key} .*broken.pem"):
        await connect(entry).send(Request("GET", "/x", anonymous=True))


def test_servers_with_equal_settings_share_what_was_loaded(ca_file: Path) -> None:
    """The authorities are loaded once for a fleet, and anew for other settings or a new file."""
    tls = TlsConfig(ca_file=ca_file)
    first, second = (client_context(tls, lambda _expiry, _verified: None) for _ in range(2))
    other = client_context(TlsConfig(), lambda _expiry, _verified: None)
    assert isinstance(first, OneServer)
    assert isinstance(second, OneServer)
    assert isinstance(other, OneServer)
    assert first is not second
    assert first.settings is second.settings
    assert other.settings is not first.settings
    os.utime(ca_file, (1, 1))
    renewed = client_context(tls, lambda _expiry, _verified: None)
    assert isinstance(renewed, OneServer)
    assert renewed.settings is not first.settings


async def test_servers_that_share_are_judged_each_on_its_own(
    connect: Connect, leaf: trustme.LeafCert, authority: trustme.CA
) -> None:
    """A pin of one server is not asked of another one, and each hears of its own certificate."""
    other = authority.issue_cert("127.0.0.1")
    async with tls_server(leaf) as one, tls_server(other) as two:
        tls = TlsConfig(pinned_sha256=(fingerprint(leaf), fingerprint(other)))
        clients = [connect(settings(server.url, tls=tls)) for server in (one, two)]
        await asyncio.gather(*(client.get("/x") for client in clients))
        told = [client.traffic() for client in clients]
    assert [traffic.tls_verified for traffic in told] == [True, True]
    assert all(traffic.certificate_expiry for traffic in told)
