"""The exporter runs where Veeam's administrators are: no call that only a POSIX system has.

Nothing here runs on Windows. The source is read for what is done without a guard, and then it runs
in a process that keeps from it what Windows does not have.
"""

import ast
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
import yaml

from exporter.cli import serve
from exporter.config import surroundings
from exporter.config.load import load_config
from exporter.simulator import SimulatedServer, simulate
from tests.support.process import ExporterProcess
from tests.support.running import entry, write_config
from tests.support.without_posix import ABSENT_METHODS, ABSENT_MODULES, ABSENT_NAMES, SIGBREAK

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "exporter").rglob("*.py"))
WITHOUT_POSIX = "tests.support.without_posix"

RESCUES = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError", "NotImplementedError"})
PLATFORM = frozenset({("sys", "platform"), ("os", "name"), ("platform", "system")})


def absent(node: ast.AST) -> str | None:
    """What a node uses that Windows does not have."""
    match node:
        case ast.Import(names=names):
            return next((one.name for one in names if one.name in ABSENT_MODULES), None)
        case ast.ImportFrom(module=module, names=names):
            here = ABSENT_NAMES.get(module or "", frozenset())
            found = [f"{module}.{one.name}" for one in names if one.name in here]
            return module if module in ABSENT_MODULES else next(iter(found), None)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in ABSENT_NAMES:
            return f"{module}.{name}" if name in ABSENT_NAMES[module] else None
        case ast.Attribute(attr=name) if name in ABSENT_METHODS:
            return name
    return None


def asks_for_the_platform(test: ast.expr) -> bool:
    """Whether a condition looks at what the system has, or which one it is."""
    for node in ast.walk(test):
        match node:
            case ast.Call(func=ast.Name(id="hasattr")):
                return True
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if (module, name) in PLATFORM:
                    return True
    return False


def rescues(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether one of the handlers catches that something is missing."""
    types = [handler.type for handler in handlers if handler.type is not None]
    named = [node.id for one in types for node in ast.walk(one) if isinstance(node, ast.Name)]
    return not RESCUES.isdisjoint(named)


def unguarded(node: ast.AST, guarded: bool = False) -> Iterator[str]:
    """What a piece of source uses outside of any guard, with its line."""
    name = absent(node)
    if name and not guarded:
        yield f"line {getattr(node, 'lineno', 0)}: {name}"
    for field, value in ast.iter_fields(node):
        inside = guarded
        if isinstance(node, ast.Try) and field == "body":
            inside = guarded or rescues(node.handlers)
        if isinstance(node, ast.If | ast.IfExp) and field in ("body", "orelse"):
            inside = guarded or asks_for_the_platform(node.test)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from unguarded(child, inside)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_needs_a_posix_system(path: Path) -> None:
    """Whatever Windows does not have stands behind a question or a rescue."""
    assert list(unguarded(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.fork()",
        "import fcntl",
        "from signal import SIGHUP",
        "import signal\nsignal.signal(signal.SIGHUP, f)",
        "loop.add_signal_handler(1, f)",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "try:\n    import pwd\nexcept OSError:\n    pass",
        "if ready:\n    import os\n    os.getuid()",
        "from os import getuid",
    ],
)
def test_a_posix_call_is_noticed(source: str) -> None:
    """The reading can fail: without a guard, or with one that guards against something else."""
    assert list(unguarded(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import signal\ngetattr(signal, 'SIGHUP', None)",
        "try:\n    loop.add_signal_handler(1, f)\nexcept NotImplementedError:\n    pass",
        "import os\nif hasattr(os, 'memfd_create'):\n    os.memfd_create('x')",
        "import sys, os\nuser = os.getuid() if sys.platform != 'win32' else 0",
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "import os\nos.replace(a, b)",
    ],
)
def test_a_guarded_call_is_fine(source: str) -> None:
    """What is asked for before, or rescued after, may be used."""
    assert list(unguarded(ast.parse(source))) == []


@pytest.mark.parametrize("meaningful", [True, False])
def test_file_modes_warn_only_where_they_say_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meaningful: bool
) -> None:
    """On Windows every file looks readable for everybody, and chmod is no remedy."""
    monkeypatch.setattr(surroundings, "MODES_TELL_READERS", meaningful)
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    file = tmp_path / "config.yaml"
    file.write_text(
        "servers: [{name: one, product: vb365, url: 'https://example.com', username: u, "
        "password_file: secret}]\n"
    )
    assert bool(load_config(file, serve.PRODUCTS, {}).warnings) is meaningful


def without_posix(*words: str, **environment: str) -> tuple[int, str]:
    """Run a command of the exporter without what Windows lacks; exit code and all it printed."""
    done = subprocess.run(
        [sys.executable, "-m", WITHOUT_POSIX, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import fcntl", "ModuleNotFoundError"),
        ("from pwd import getpwuid", "ModuleNotFoundError"),
        ("import os; os.getuid()", "AttributeError"),
        ("from signal import SIGHUP", "ImportError"),
        ("import socket; socket.AF_UNIX", "AttributeError"),
        ("import ctypes; ctypes.CDLL(None)", "TypeError"),
        ("open('/proc/self/stat')", "FileNotFoundError"),
        (
            "import asyncio; asyncio.new_event_loop().add_signal_handler(2, print)",
            "NotImplementedError",
        ),
        ("import os; assert os.name == 'posix'", "AssertionError"),
    ],
)
def test_what_windows_lacks_is_really_gone(source: str, said: str) -> None:
    """The tests below can fail: whatever uses it in the exporter breaks."""
    code, printed = without_posix("--source", source)
    assert (code, said in printed) == (1, True), printed


def test_every_module_can_be_imported_without_posix() -> None:
    """None asks, while it is loaded, for what Windows does not have."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if path.name != "__main__.py"  # runs what it belongs to
    ]
    assert len(names) > 150
    source = "\n".join(f"import {name}" for name in names)
    assert without_posix("--source", source) == (0, "")


def test_a_certificate_in_the_configuration_needs_no_posix(tmp_path: Path) -> None:
    """OpenSSL reads files only, and Windows has none in memory; nothing of it stays behind."""
    issued = trustme.CA().issue_cert("localhost")
    web, config, temporary = tmp_path / "web.yml", tmp_path / "config.yaml", tmp_path / "temporary"
    temporary.mkdir()
    tls = {
        "cert": issued.cert_chain_pems[0].bytes().decode(),
        "key": issued.private_key_pem.bytes().decode(),
    }
    web.write_text(yaml.safe_dump({"tls_server_config": tls}), encoding="utf-8")
    write_config(config, entry("one", "https://192.0.2.1", password="p"))
    flags = (f"--config.file={config}", f"--web.config.file={web}", "--config.check")
    assert without_posix(*flags, TMPDIR=str(temporary)) == (0, "ok\r\n")
    assert list(temporary.iterdir()) == []


class WindowsProcess(ExporterProcess):
    """The exporter as its own process without what Windows lacks."""

    module = WITHOUT_POSIX


def watched(folder: Path, *servers: SimulatedServer) -> Path:
    """A configuration of these servers, called one, two, …; written anew if it is there."""
    names = ("one", "two")
    entries = [
        entry(name, server.url, password=f'"{server.password}"', api_version="v8")
        for name, server in zip(names, servers, strict=False)
    ]
    return write_config(folder / "config.yaml", *entries)


@pytest.mark.parametrize("stop", [signal.SIGINT, SIGBREAK], ids=["Ctrl+C", "Ctrl+Break"])
async def test_it_serves_reloads_and_stops_as_on_windows(tmp_path: Path, stop: int) -> None:
    """Polled and scraped; a changed file is read by itself; a key's signal lets it log off."""
    async with simulate("vb365", jobs=1) as one, simulate("vb365", jobs=1) as two:
        config = watched(tmp_path, one)
        async with WindowsProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            assert exporter.value("backup_server_up", server="one") == 1
            assert exporter.value("process_resident_memory_bytes") is None
            watched(tmp_path, one, two)
            await exporter.until_value(1, "backup_server_up", server="two")
            assert await exporter.signal(stop) == 0, exporter.errors
    assert "Traceback" not in exporter.errors
    assert [server.requests["POST /v8/token/logout", 204] for server in (one, two)] == [1, 1]
    assert without_posix("ledger", "check", f"--storage.path={tmp_path / 'data'}") == (0, "ok\r\n")


@pytest.mark.parametrize("form", ["json", "csv", "table"])
async def test_names_of_any_script_are_printed_where_the_system_has_few(
    tmp_path: Path, form: str
) -> None:
    """Into a file or pipe as UTF-8, whatever Windows' code page is, with one end for each line."""
    async with simulate("vb365", scripted=True) as simulated:
        now = simulated.world.now()
        job = simulated.world.add_job("Łódź 東京 😀").id
        simulated.world.add_session(job, started=now - 9, ended=now - 5, status="Failed")
        flags = ("sessions", f"--config.file={watched(tmp_path, simulated)}", "--format", form)
        code, printed = await asyncio.to_thread(without_posix, *flags, PYTHONIOENCODING="cp1252")
    assert (code, "Łódź 東京 😀" in printed) == (0, True), printed
    assert "\r\r" not in printed
    assert printed.count("\n") == printed.count("\r\n")


def test_a_terminal_with_few_letters_shows_question_marks_for_the_others() -> None:
    """It keeps its encoding, and printing does not fail."""
    source = "from exporter.cli import print_every_script as p; p(); print('Łódź')"
    ours, theirs = os.openpty()
    try:
        environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
        subprocess.run(
            [sys.executable, "-c", source], cwd=ROOT, env=environment, stdout=theirs, check=True
        )
        assert os.read(ours, 100).decode("latin-1").strip() == "?ód?"
    finally:
        os.close(ours)
        os.close(theirs)
