"""What a newcomer gets wrong at the first start: one sentence, exit code 1, nothing polled."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.dockerfile import unprivileged
from tests.support.process import ExporterProcess, Process
from tests.support.running import entry, write_config

NOBODY = 65532
UNMEASURED = ("env", "--unset=COVERAGE_PROCESS_CONFIG", "--unset=COVERAGE_PROCESS_START")
"""Who may write nowhere cannot write down what of the code ran."""


async def refusal(*words: str, before: list[str] | None = None) -> str:
    """The one sentence with which `serve` refuses to start."""
    command = [*(before or []), sys.executable, "-m", "exporter", "serve", *words]
    process = Process(*command, "--web.listen-address=127.0.0.1:0")
    await process.start()
    printed = await process.read_all()
    assert (await process.wait(), printed) == (1, ""), process.errors
    said = [line for line in process.errors.splitlines() if not line.startswith("ts=")]
    assert len(said) == 1, process.errors
    return said[0]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration without mistakes; its server is down, which is no reason not to start."""
    return write_config(
        tmp_path / "config.yaml", entry("one", "http://127.0.0.1:9", password="canary")
    )


async def test_a_missing_secret(tmp_path: Path) -> None:
    """It names the line, the key and the file."""
    one = entry("one", "http://127.0.0.1:9", password_file="secrets/m365")
    config = write_config(tmp_path / "config.yaml", one)
    said = await refusal(f"--config.file={config}", "--storage.path=")
    assert "config.yaml:" in said
    assert "servers[0].password_file: cannot read secrets/m365: No such file" in said


async def test_a_missing_variable(tmp_path: Path) -> None:
    """As when a unit's configuration is started by hand."""
    one = entry("one", "http://127.0.0.1:9", password="${NO_SUCH_PASSWORD}")
    config = write_config(tmp_path / "config.yaml", one)
    said = await refusal(f"--config.file={config}", "--storage.path=")
    assert "the environment variable NO_SUCH_PASSWORD is not set" in said


@contextmanager
def entered_by_all(folder: Path) -> Iterator[None]:
    """Meanwhile anybody may enter the folder and those around it that pytest made."""
    around = [one for one in (folder, *folder.parents) if one.owner() and "pytest" in str(one)]
    modes = {one: one.stat().st_mode for one in around}
    try:
        for one in around:
            one.chmod(0o755)
        yield
    finally:
        for one, mode in modes.items():
            one.chmod(mode)


async def test_an_unwritable_volume(tmp_path: Path, config: Path) -> None:
    """It names the flag and the directory, and what to do."""
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(0o555)
    user = unprivileged(NOBODY)
    if not user and os.geteuid() == 0:
        pytest.skip("root may write everywhere, and setpriv is not here")
    with entered_by_all(tmp_path):
        flags = (f"--config.file={config}", f"--storage.path={volume}")
        said = await refusal(*flags, before=[*UNMEASURED, *user])
    assert f"error: --storage.path {volume} cannot be written by this user; change its" in said


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ("--shard.total=3", "--shard.ordinal=3"),
            "--shard.ordinal=3 is too high for --shard.total=3; ordinals go from 0 to 2",
        ),
        (
            ("--shard.ordinal=1",),
            "--shard.ordinal=1 is too high for --shard.total=1; ordinals go from 0 to 0",
        ),
        (
            ("--shard.total=0", "--shard.ordinal=0"),
            "--shard.total=0 leaves nobody to poll; give the number of shards",
        ),
        (
            ("--shard.total=2", "--shard.ordinal=0", "--shard.address=exporter:19741"),
            "--shard.address=exporter:19741 is the same for every shard; "
            "write {ordinal} where their numbers differ",
        ),
    ],
)
async def test_a_wrong_number(config: Path, flags: tuple[str, ...], sentence: str) -> None:
    """It says which numbers there are."""
    said = await refusal(f"--config.file={config}", "--storage.path=", *flags)
    assert said == f"error: {sentence}"


async def test_two_shards_with_one_volume(tmp_path: Path, config: Path) -> None:
    """The second is told to take its own, and the first goes on."""
    volume = tmp_path / "volume"
    flags = (f"--config.file={config}", "--shard.total=2")
    async with ExporterProcess(config, str(volume), *flags[1:], "--shard.ordinal=0") as first:
        await first.until_ready()
        said = await refusal(*flags, "--shard.ordinal=1", f"--storage.path={volume}")
        assert first.get("/-/healthy")[0] == 200
    assert said == (
        f"error: another exporter uses the ledger in {volume}; stop it, "
        "or give this one its own --storage.path"
    )


async def test_a_port_in_use(config: Path) -> None:
    """It names the address and the flag that changes it."""
    async with ExporterProcess(config, "") as first:
        await first.until_ready()
        address = f"127.0.0.1:{first.port}"
        flags = (f"--config.file={config}", "--storage.path=")
        said = await refusal(*flags, f"--web.listen-address={address}")
    assert said.startswith(f"error: Cannot listen on {address}: another program listens there; ")
    assert "--web.listen-address" in said
