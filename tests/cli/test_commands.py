"""The command line: what it teaches, what it refuses, and what it says of a ledger."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cli import NAMES, main
from exporter.cli.commands import COMMANDS
from exporter.clock import SystemClock
from exporter.ledger.entry import Poll
from exporter.ledger.ledger import Ledger
from exporter.model import Harvest, Traffic
from tests.support.sources import server_config, session, subject


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command; its exit code and what it printed."""
    try:
        code = main(list(words))
    except SystemExit as stop:
        code = int(stop.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with one server, one finished and one running session."""
    clock = SystemClock()
    ledger = Ledger(tmp_path / "data", clock)
    ledger.register(subject(server_config("m365")))
    now = clock.now()
    harvest = Harvest((session("s1", now + 1.0), session("s2")), server_time=now)
    ledger.record("m365", Poll(now, 0.1, Traffic(), harvest))
    ledger.close()
    return tmp_path / "data"


def test_help_names_every_command_and_teaches_the_first_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Help goes to stdout, exit 0."""
    code, out, _err = run(capsys, "--help")
    assert code == 0
    assert "backup-session-exporter demo" in out
    assert [command.name for command in COMMANDS if command.name not in out] == []


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_each_command_has_help_with_its_flags(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Exit 0, and every flag of it is explained."""
    code, out, _err = run(capsys, command, "--help")
    assert code == 0
    assert "usage: backup-session-exporter " + command in out


def test_serve_flags_need_no_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without a command `serve` is meant."""
    missing = tmp_path / "none.yaml"
    code, out, _err = run(capsys, f"--config.file={missing}", "--config.check")
    assert code == 1
    assert "none.yaml" in out


def test_config_check_warns_of_what_is_unwise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It is ok all the same, so scripts that read stdout are not disturbed."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "servers:\n  - {name: m365, product: vb365, url: 'http://vb365.example.com:4443', "
        "username: u, password: p}\n"
    )
    code, out, err = run(capsys, f"--config.file={config}", "--config.check")
    assert (code, out) == (0, "ok\n")
    assert err.startswith("warning: config.yaml:2: servers[0].url: http:// sends the password")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--version",), "backup-session-exporter, version "),
        (("serve", "--version"), "backup-session-exporter, version "),
    ],
)
def test_version(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """With and without a command."""
    code, out, _err = run(capsys, *words)
    assert (code, said in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--web.listen-address=nowhere",), "is no address to listen on"),
        (("--web.max-requests=many",), "is not a whole number"),
        (("--web.telemetry-path=/config",), "cannot be the path of the metrics"),
        (("--no-such-flag",), "unknown flag --no-such-flag\n"),
        (("--confg.check",), "unknown flag --confg.check; did you mean --config.check?"),
        (("-version",), "did you mean --version?"),
        (("sessions", "--results=failed"), "unknown flag --results; did you mean --result?"),
        (("ledger", "show", "--jobs", "x"), "unknown flag --jobs; did you mean --job?"),
        (("sesions",), 'unknown command "sesions"; did you mean "sessions"?'),
        (("help",), 'unknown command "help"; it is one of serve, sessions,'),
        (("serve", "config.yaml"), '"config.yaml" belongs to no flag'),
        (("ledger", "shwo"), "choose from"),
        (("sessions", "--since", "yesterday"), "--since"),
        (("demo", "--speed", "0"), "is not a number above 0"),
        (("simulate", "vb365", "--jobs", "0"), "is not a number of at least 1"),
        (("simulate", "tape"), "invalid choice"),
    ],
)
def test_wrong_usage_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """Exit 2, what is wrong in the first line, and where to read more in the second; no page."""
    code, _out, err = run(capsys, *words)
    assert code == 2
    assert said in err
    complaint, more = err.splitlines()
    assert complaint.startswith("error: ")
    assert more.endswith(" --help shows what there is")


def test_a_value_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """It may be a password that was given to a flag that there is not."""
    _code, _out, err = run(capsys, "--web.password=hunter2-canary")
    assert "unknown flag --web.password" in err
    assert "hunter2-canary" not in err


def test_an_interrupt_while_loading_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the first second ends as quietly as later."""

    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exporter.cli.import_module", interrupted)
    assert run(capsys, "demo") == (130, "", "")


def test_ledger_show_tells_what_is_counted(
    capsys: pytest.CaptureFixture[str], ledger: Path
) -> None:
    """As a table and as JSON, limited to a server or a job."""
    flag = f"--storage.path={ledger}"
    code, out, _err = run(capsys, "ledger", "show", flag)
    assert code == 0
    assert "m365" in out
    assert "Mail" in out
    code, out, _err = run(capsys, "ledger", "show", flag, "--job", "j1", "--format", "json")
    assert code == 0
    assert json.loads(out)["servers"][0]["name"] == "m365"
    code, _out, err = run(capsys, "ledger", "show", flag, "--server", "m356")
    assert code == 1
    assert "m365" in err


def test_only_serve_can_remember_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    """So only its help says how."""
    assert "in memory only" in " ".join(run(capsys, "serve", "--help")[1].split())
    assert "in memory only" not in " ".join(run(capsys, "ledger", "show", "--help")[1].split())


def test_ledger_check_and_forget(capsys: pytest.CaptureFixture[str], ledger: Path) -> None:
    """A good file is ok; what was forgotten is said and gone."""
    flag = f"--storage.path={ledger}"
    assert run(capsys, "ledger", "check", flag) == (0, "ok\n", "")
    code, out, _err = run(capsys, "ledger", "forget", flag, "--server", "m365", "--job", "j1")
    assert code == 0
    assert out == "forgot m365: 1 job with 1 session type and 1 open session\n"
    code, out, _err = run(capsys, "ledger", "show", flag)
    assert "Mail" not in out
    (ledger / "ledger.db").write_bytes(b"not a ledger at all, but some other kind of file")
    code, _out, err = run(capsys, "ledger", "check", flag)
    assert (code, "damaged" in err) == (1, True)


def test_a_ledger_in_memory_cannot_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence instead of an empty table."""
    code, _out, err = run(capsys, "ledger", "show", "--storage.path=")
    assert code == 1
    assert "name a --storage.path" in err


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/-/healthy" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[str]:
    """A server that is healthy on one path."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_healthcheck(capsys: pytest.CaptureFixture[str], page: str) -> None:
    """Exit 0 for 200; anything else is 1 and a sentence."""
    assert run(capsys, "healthcheck", "--url", f"{page}/-/healthy") == (0, "", "")
    code, _out, err = run(capsys, "healthcheck", "--url", f"{page}/x")
    assert (code, "answered 503" in err) == (1, True)
    code, _out, err = run(capsys, "healthcheck", "--url", "ftp://x")
    assert (code, "http:// or https://" in err) == (1, True)
    code, _out, err = run(capsys, "healthcheck", "--url", page.replace("http", "https"))
    assert (code, "does not answer" in err) == (1, True)


def test_sessions_of_an_unknown_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The configured names are told."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "servers: [{name: m365, product: vb365, url: 'http://127.0.0.1:1', username: u, "
        "password: p}]\n"
    )
    code, _out, err = run(capsys, "sessions", f"--config.file={config}", "--server", "m356")
    assert code == 1
    assert 'no server "m356" is configured; there are m365' in err


def test_the_names_are_those_of_the_commands() -> None:
    """A command that is not named in the short list could never be run."""
    assert tuple(command.name for command in COMMANDS) == NAMES


IDLE_WITHOUT = {
    "exporter.simulator": "only demo and simulate play servers",
    "rich": "only commands draw tables",
    "cryptography": "loaded with the first certificate",
    "bcrypt": "loaded with the first password",
    "jinja2": "loaded with the first person",
    "exporter.web.page.model": "loaded with the first person",
    "defusedxml": "loaded with the first answer in XML",
    "xml.etree.ElementTree": "loaded with the first answer in XML",
    "difflib": "loaded with the first slip in a file",
    "frozenlist._frozenlist": "written in C++, whose library is 1 MB",
    "prometheus_client": "only the tests' judge",
    "http.server": "loaded by that library",
    "statistics": "a median needs no library",
}
"""What a service must not have loaded before it is needed: memory of every idle exporter."""


def test_serving_loads_only_what_it_needs() -> None:
    """A service starts with what it needs; the rest is loaded when it is met."""
    program = (
        "import sys; from exporter.cli import main; main(['--config.check']); "
        f"print(*sorted({set(IDLE_WITHOUT)!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1:] == [""]
