"""The exporter as its users start it: flags, signals, restarts and secrets."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from exporter.simulator import SimulatedServer, simulate
from tests.support.process import ExporterProcess, Process, SimulatorProcess, fetch, until
from tests.support.running import entry, write_config

MAIL = {"job_name": "Mail", "result": "success"}
FINISHED = "backup_job_sessions_finished_total"
GRACE = 20.0
"""The shortest time that any of the shipped ways to run it leaves it to stop."""


def one_server(folder: Path, simulated: SimulatedServer, **keys: object) -> Path:
    """A configuration with one simulated server, its password in a file."""
    secret = folder / "password"
    secret.write_text(simulated.password, encoding="utf-8")
    secret.chmod(0o600)
    keys = {"password_file": secret, "api_version": "v8", **keys}
    return write_config(folder / "config.yaml", entry("one", simulated.url, **keys))


def finish(simulated: SimulatedServer, job_id: str, status: str = "Success") -> str:
    """A session that has just finished."""
    now = simulated.world.now()
    return simulated.world.add_session(job_id, started=now - 5, ended=now, status=status).id


async def test_sigterm_logs_off_and_leaves_a_good_ledger(tmp_path: Path) -> None:
    """Exit 0 before anybody would kill it, no logon left behind, and a ledger without faults."""
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            assert simulated.requests["POST /v8/token", 200] == 1
            began = time.monotonic()
            assert await exporter.signal(signal.SIGTERM) == 0
            assert time.monotonic() - began < GRACE
        assert simulated.requests["POST /v8/token/logout", 204] == 1
        assert "Traceback" not in exporter.errors
    code, output = await run("ledger", "check", f"--storage.path={tmp_path / 'data'}")
    assert (code, output) == (0, "ok\n")


async def run(*arguments: str) -> tuple[int, str]:
    """Run a command to its end; exit code and everything it printed."""
    process = Process(sys.executable, "-m", "exporter", *arguments)
    await process.start()
    printed = await process.read_all()
    code = await process.wait()
    return code, printed + process.errors


async def test_kill_9_and_restart_lose_and_double_nothing(tmp_path: Path) -> None:
    """What finished before, during and after the death of the exporter is counted once."""
    async with simulate("vb365", scripted=True) as simulated:
        mail = simulated.world.add_job("Mail").id
        config = one_server(tmp_path, simulated)
        for deaths in range(3):
            async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
                await exporter.until_ready()
                finish(simulated, mail)
                await exporter.until_value(2 * deaths + 1, FINISHED, **MAIL)
                await exporter.signal(signal.SIGKILL)
            finish(simulated, mail)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            await exporter.until_value(6, FINISHED, **MAIL)
            assert exporter.value(FINISHED, job_name="Mail", result="failed") == 0


async def test_sighup_reloads_and_keeps_what_did_not_change(tmp_path: Path) -> None:
    """A second server appears; the first one keeps its logon and its numbers."""
    async with simulate("vb365", scripted=True) as simulated, simulate("vb365", jobs=1) as other:
        mail = simulated.world.add_job("Mail").id
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            finish(simulated, mail)
            await exporter.until_value(1, FINISHED, **MAIL)
            more = entry("two", other.url, password=f'"{other.password}"')
            config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
            reload_once(exporter)
            await exporter.until_value(1, "backup_server_up", server="two")
            assert exporter.value(FINISHED, **MAIL) == 1
            assert exporter.value("backup_server_logons_total", server="one") == 1
            assert exporter.value("backup_exporter_config_last_reload_successful") == 1


def reload_once(exporter: ExporterProcess) -> None:
    """SIGHUP, as `systemctl reload` sends it."""
    os.kill(exporter.pid, signal.SIGHUP)


async def test_a_bad_configuration_changes_nothing(tmp_path: Path) -> None:
    """The reasons come back with 500, the old configuration goes on, a metric says so."""
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            config.write_text("servers: [{name: one, produkt: vb365}]\n", encoding="utf-8")
            status, body = fetch(f"{exporter.url}/-/reload", data=b"")
            assert status == 500
            assert 'did you mean "product"?' in body
            assert exporter.value("backup_server_up", server="one") == 1
            assert exporter.value("backup_exporter_config_last_reload_successful") == 0


async def test_no_secret_leaves_the_process(tmp_path: Path) -> None:
    """Neither pages nor logs nor errors nor the ledger hold the password, whatever goes wrong."""
    canary = "canary-9f27c1"
    async with simulate("vb365", jobs=2, password=canary) as simulated:
        config = one_server(tmp_path, simulated)
        texts = []
        flags = ("--log.level=debug",)
        async with ExporterProcess(config, str(tmp_path / "data"), *flags) as exporter:
            await exporter.until_ready()
            simulated.product.logons.password = "changed"
            simulated.product.logons.expire(completely=True)
            await exporter.until_value(0, "backup_server_up", server="one")
            for path in ("/", "/metrics", "/config", "/sd", "/probe?target=one", "/nowhere"):
                texts.append(exporter.get(path)[1])
            config.write_text(f"servers: [{{name: one, password: {canary}, x: 1}}]")
            texts.append(fetch(f"{exporter.url}/-/reload", data=b"")[1])
            command = exporter.command_line()
            await exporter.stop()
            texts += [exporter.errors, command]
        ledger = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert not [text for text in texts if canary in text]
    assert canary.encode() not in ledger
    assert "Traceback" not in exporter.errors


async def test_start_up_errors_are_one_sentence(tmp_path: Path) -> None:
    """Exit 1 and no traceback for a missing file, a taken port and a ledger in use."""
    code, output = await run("--config.file", str(tmp_path / "none.yaml"))
    assert (code, "none.yaml" in output, "Traceback" in output) == (1, True, False)
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, str(tmp_path / "data")) as exporter:
            await exporter.until_ready()
            common = (f"--config.file={config}", f"--web.listen-address=127.0.0.1:{exporter.port}")
            taken = await run(*common, "--storage.path=")
            in_use = await run(*common, f"--storage.path={tmp_path / 'data'}")
    assert taken[0] == 1
    assert "another program listens there" in taken[1]
    assert in_use[0] == 1
    assert "another exporter uses the ledger" in in_use[1]
    assert "Traceback" not in taken[1] + in_use[1]


async def test_config_check_prints_every_problem_or_ok(tmp_path: Path) -> None:
    """The same sentences as at start; exit 1 or 0."""
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        assert await run(f"--config.file={config}", "--config.check") == (0, "ok\n")
    config.write_text(config.read_text(encoding="utf-8") + "objectivs: []\n", encoding="utf-8")
    code, output = await run(f"--config.file={config}", "--config.check")
    assert code == 1
    assert 'objectivs: unknown key; did you mean "objectives"?' in output


@pytest.mark.parametrize("form", ["json", "csv", "table"])
async def test_sessions_prints_what_the_servers_tell(tmp_path: Path, form: str) -> None:
    """In every form; the ledger is not touched."""
    async with simulate("vb365", scripted=True) as simulated:
        finish(simulated, simulated.world.add_job("Mail").id, "Failed")
        config = one_server(tmp_path, simulated)
        code, output = await run(
            "sessions", f"--config.file={config}", "--format", form, "--result", "failed"
        )
    assert code == 0
    assert "Mail" in output
    if form == "json":
        assert [row["result"] for row in json.loads(output)] == ["failed"]


async def test_sessions_fails_if_a_server_fails(tmp_path: Path) -> None:
    """The others are printed, the failure is one sentence, the exit code is 1."""
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        simulated.product.logons.password = "changed"
        code, output = await run("sessions", f"--config.file={config}")
    assert code == 1
    assert output.startswith("error: one (auth):")
    assert output.count("\n") == 1, "who was not asked has not said that there are no sessions"
    assert "Traceback" not in output


async def test_simulate_announces_itself_and_ends_with_a_signal() -> None:
    """One line of JSON, then a working server; SIGTERM ends it with 0."""
    async with SimulatorProcess("vb365", "--jobs", "1", "--seed", "3") as simulator:
        assert set(simulator.facts) == {"product", "url", "username", "password"}
        url = simulator.facts["url"]
        assert await until(lambda: fetch(f"{url}/v8/ServiceInstance")[0]) == 401
        assert await simulator.signal(signal.SIGTERM) == 0


async def test_simulate_says_why_it_cannot_listen() -> None:
    """One sentence with the address, also for a port that no machine has."""
    async with SimulatorProcess("vb365", "--jobs", "1") as simulator:
        taken = simulator.facts["url"].removeprefix("http://")
        code, output = await run("simulate", "vb365", f"--listen={taken}")
    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith(f"error: cannot listen on {taken}: address already in use;")
    code, output = await run("simulate", "vb365", "--listen=127.0.0.1:80000")
    assert (code, output.count("\n")) == (1, 1)
    assert "'127.0.0.1:80000' is no host:port to listen on" in output


async def test_healthcheck_follows_the_exporter(tmp_path: Path) -> None:
    """Exit 0 while it answers, 1 with a sentence when it does not."""
    async with simulate("vb365", scripted=True) as simulated:
        config = one_server(tmp_path, simulated)
        async with ExporterProcess(config, "") as exporter:
            await exporter.until_ready()
            healthy = await run("healthcheck", "--url", f"{exporter.url}/-/healthy")
            missing = await run("healthcheck", "--url", f"{exporter.url}/nowhere")
        gone = await run("healthcheck", "--url", f"{exporter.url}/-/healthy")
    assert healthy == (0, "")
    assert (missing[0], gone[0]) == (1, 1)
    assert "answered 404" in missing[1]
    assert "does not answer" in gone[1]
