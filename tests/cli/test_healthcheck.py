"""`healthcheck` against the exporter's own web server, behind a password and TLS."""

import asyncio
import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest
import trustme

from exporter.cli import main
from tests.support.web import CANARY, FakeState, serving


async def check(*words: object) -> int:
    """Run the command beside the server that it asks; its exit code."""
    return await asyncio.to_thread(main, ["healthcheck", *map(str, words)])


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    """A web configuration with one user."""
    file = tmp_path / "web.yml"
    hashed = bcrypt.hashpw(CANARY.encode(), bcrypt.gensalt(4)).decode()
    file.write_text(f"basic_auth_users: {{probe: '{hashed}'}}\n")
    return file


@pytest.fixture
def password(tmp_path: Path) -> Path:
    """That user's password, as an editor would save it."""
    file = tmp_path / "password"
    file.write_text(f"{CANARY}\n")
    return file


async def test_a_password_is_needed_where_there_is_one(
    guarded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """401 is not 200, and the sentence names the flags that help."""
    async with serving(web_config=guarded) as url:
        assert await check("--url", f"{url}/-/healthy") == 1
    said = capsys.readouterr().err
    assert "--username and --password-file" in said
    assert "--accept-status=401" in said


async def test_a_wrong_password_is_told_from_a_missing_one(
    guarded: Path, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who gave one is not told to give one."""
    async with serving(web_config=guarded) as url:
        logon = ("--username=other", "--password-file", password)
        assert await check("--url", f"{url}/-/healthy", *logon) == 1
    said = capsys.readouterr().err
    assert "this user name or password is not in its --web.config.file" in said
    assert CANARY not in said


@pytest.fixture
def windows_password(tmp_path: Path) -> Path:
    """That user's password, as Notepad saves it."""
    file = tmp_path / "password.txt"
    file.write_bytes(b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n")
    return file


async def test_the_mark_in_front_of_a_windows_text_is_no_part_of_a_password(
    guarded: Path, windows_password: Path
) -> None:
    """The byte order mark and the line end are the editor's."""
    logon = ("--username=probe", "--password-file", windows_password)
    async with serving(web_config=guarded) as url:
        assert await check("--url", f"{url}/-/healthy", *logon) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--username=u", "--password-file=nowhere"], "--password-file nowhere: No such file"),
        (["--url=127.0.0.1:19741"], "--url 127.0.0.1:19741 is no http:// or https:// address"),
    ],
)
def test_a_slip_on_the_command_line_is_not_blamed_on_the_exporter(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the flag, and not an exporter that was never asked."""
    assert main(["healthcheck", *words]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "does not answer" not in told


def test_an_exporter_that_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    """In words, without the number that the system has for it."""
    assert main(["healthcheck", "--url=http://127.0.0.1:9/-/healthy"]) == 1
    told = capsys.readouterr().err
    assert "does not answer: " in told
    assert "Errno" not in told


async def test_an_answer_can_be_declared_good(guarded: Path) -> None:
    """A refusal proves that the process answers: enough for a liveness probe, and no secret."""
    async with serving(web_config=guarded) as url:
        assert await check("--url", f"{url}/-/healthy", "--accept-status=401") == 0


async def test_other_answers_stay_bad() -> None:
    """With 401 accepted, 503 is as bad as before."""
    async with serving(FakeState(is_ready=False)) as url:
        assert await check("--url", f"{url}/-/ready", "--accept-status", "401") == 1


async def test_it_logs_on_with_a_password_from_a_file(guarded: Path, password: Path) -> None:
    """Health and readiness are told apart behind a password too."""
    logon = ("--username=probe", "--password-file", password)
    async with serving(FakeState(is_ready=False), web_config=guarded) as url:
        assert await check("--url", f"{url}/-/healthy", *logon) == 0
        assert await check("--url", f"{url}/-/ready", *logon) == 1


async def test_a_self_signed_certificate_is_fine(tmp_path: Path) -> None:
    """The probe asks its own machine by an address that no certificate names."""
    certificate = trustme.CA().issue_cert("exporter.example.com")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    async with serving(web_config=web) as url:
        assert url.startswith("https://")
        assert await check("--url", f"{url}/-/healthy") == 0


@pytest.mark.parametrize("words", [["--username=probe"], ["--password-file=x"]])
def test_half_a_logon_is_a_mistake(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names both flags."""
    assert main(["healthcheck", *words]) == 1
    assert "--username and --password-file belong together" in capsys.readouterr().err


def test_a_broken_password_file_is_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the file and none of its bytes."""
    file = tmp_path / "password"
    file.write_bytes(b"\xff" + CANARY.encode())
    assert main(["healthcheck", "--username=probe", f"--password-file={file}"]) == 1
    said = capsys.readouterr().err
    assert f"{file} is not UTF-8 text" in said
    assert CANARY not in said


@pytest.mark.parametrize("status", ["4", "40x", "099", "4011", ""])
def test_an_impossible_status_is_a_usage_error(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and an example."""
    with pytest.raises(SystemExit) as stop:
        main(["healthcheck", f"--accept-status={status}"])
    assert stop.value.code == 2
    assert "is not an HTTP status like 401" in capsys.readouterr().err


def test_it_loads_nothing_of_the_exporter() -> None:
    """It runs every few seconds beside the exporter, so it must be light."""
    program = (
        "import sys; from exporter.cli import main; main(['healthcheck', '--url', 'http://[::1]:9'])"
        "; print(*sorted({'aiohttp', 'pydantic', 'msgspec', 'exporter.app'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout.split() == []
