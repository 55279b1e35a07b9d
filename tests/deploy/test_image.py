"""The container image: what its Dockerfile promises, and its steps carried out without an engine.

No engine and no base image is needed here, so what stays untested is the base image itself.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dockerfile import DOCKERFILE, ROOT, Builder, parse, stages, unprivileged
from tests.support.process import Process, fetch, free_port, until
from tests.support.tools import require_command

USER = 65532
BUILD, RUNTIME = stages(parse(DOCKERFILE.read_text(encoding="utf-8")))

pytestmark = pytest.mark.timeout(900)
"""Packages are fetched and built, which takes as long as the network does."""


def only(keyword: str) -> str:
    """The arguments of an instruction that the runtime stage has once."""
    (found,) = [one.arguments for one in RUNTIME if one.keyword == keyword]
    return found


def test_hadolint_has_nothing_to_say() -> None:
    """No finding of any severity."""
    run = subprocess.run(
        [require_command("hadolint"), "--no-fail", DOCKERFILE], check=True, capture_output=True
    )
    assert run.stdout.decode() == ""


def test_hadolint_would_notice(tmp_path: Path) -> None:
    """The check can fail."""
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nRUN apt-get install curl\n")
    run = subprocess.run([require_command("hadolint"), bad], check=False, capture_output=True)
    assert run.returncode == 1


def test_it_runs_as_a_number_that_is_not_root() -> None:
    """Kubernetes' runAsNonRoot can only judge a number."""
    assert only("USER") == f"{USER}:{USER}"


def test_it_asks_about_its_health_without_a_shell() -> None:
    """Health check, entry point and arguments are lists, so that no shell need be there."""
    _options, _, check = only("HEALTHCHECK").partition("CMD ")
    assert json.loads(check)[:2] == ["backup-session-exporter", "healthcheck"]
    assert json.loads(only("ENTRYPOINT")) == ["backup-session-exporter"]
    assert all(word.startswith("--") for word in json.loads(only("CMD")))


def test_the_ledger_has_a_volume_and_the_flag_points_to_it() -> None:
    """What is counted outlives the container."""
    (volume,) = json.loads(only("VOLUME"))
    assert f"--storage.path={volume}" in json.loads(only("CMD"))
    assert any(f"--owner={USER}" in one.arguments and volume in one.arguments for one in RUNTIME)


def test_the_base_has_a_version_and_both_stages_share_it() -> None:
    """Never `latest`; the environment of one stage fits the Python of the other."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", text, flags=re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-[a-z]+", base)
    assert [stage[0].arguments.split()[0] for stage in (BUILD, RUNTIME)] == ["${BASE}"] * 2


def test_nothing_is_fetched_but_hash_pinned_packages() -> None:
    """Each installation names a lock with hashes, or no index at all; nothing is added by URL."""
    commands = [part for one in BUILD if one.keyword == "RUN" for part in one.arguments.split("&&")]
    installing = [command for command in commands if " install " in command or " wheel " in command]
    assert len(installing) == 4
    assert all("--require-hashes" in one or "--no-index" in one for one in installing)
    assert not [one for one in (*BUILD, *RUNTIME) if one.keyword == "ADD"]


def test_what_is_copied_is_not_ignored() -> None:
    """The build context holds what COPY asks for and little else."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {word for one in BUILD if one.keyword == "COPY" for word in one.arguments.split()[:-1]}
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The environment of the image, built by the Dockerfile's own lines."""
    # Not below pytest's folder, into which another user must not look.
    folder = Path(tempfile.mkdtemp(prefix="image-"))
    folder.chmod(0o755)
    try:
        Builder(folder).carry_out(BUILD)
        yield folder / "opt" / "backup-session-exporter"
    finally:
        shutil.rmtree(folder)


def command(image: Path, *words: str) -> list[str]:
    """The image's entry point as the image's user."""
    return [*unprivileged(USER), str(image / "bin" / "backup-session-exporter"), *words]


def run(image: Path, *words: str, folder: Path | None = None) -> tuple[int, str]:
    """Exit code and output of the entry point, without any variable of this test's environment."""
    done = subprocess.run(
        command(image, *words),
        cwd=folder or image,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def configuration(image: Path) -> Path:
    """A folder that the image's user may read, with a configuration, and one it may write."""
    folder = Path(tempfile.mkdtemp(prefix="etc-", dir=image.parent))
    folder.chmod(0o755)
    (folder / "config.yaml").write_text(
        "servers: [{name: one, product: vb365, url: 'https://127.0.0.1:9', username: u, "
        "password: p}]\n"
    )
    data = folder / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, USER, USER)
    return folder


def test_the_built_environment_knows_its_version(image: Path) -> None:
    """The wheel and every locked package are there, and no pip is."""
    code, said = run(image, "--version")
    assert (code, "backup-session-exporter, version " in said) == (0, True), said
    assert not list((image / "bin").glob("pip*"))


@pytest.mark.skipif(not unprivileged(USER), reason="only root can become another user")
def test_the_user_of_the_image_can_change_nothing_of_it(image: Path) -> None:
    """What the other tests prove, they prove about a user who cannot write there."""
    touch = [*unprivileged(USER), "touch", str(image / "bin" / "x")]
    assert subprocess.run(touch, check=False, capture_output=True).returncode == 1


def test_it_checks_a_configuration(image: Path, configuration: Path) -> None:
    """As a user who owns nothing."""
    file = configuration / "config.yaml"
    assert run(image, f"--config.file={file}", "--config.check") == (0, "ok\n")


def files(folder: Path) -> dict[str, int]:
    """Every file below a folder with its time of change."""
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


async def test_it_serves_and_is_found_healthy_and_writes_only_its_ledger(
    image: Path, configuration: Path
) -> None:
    """Served, asked by the image's own health check, stopped by its stop signal."""
    port = free_port()
    before = files(image)
    serve = command(
        image,
        f"--config.file={configuration / 'config.yaml'}",
        f"--storage.path={configuration / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    check = json.loads(only("HEALTHCHECK").partition("CMD ")[2])[1:]
    async with Process("env", "PYTHONDONTWRITEBYTECODE=1", *serve) as exporter:
        url = f"http://127.0.0.1:{port}/-/healthy"
        await until(lambda: fetch(url)[0] == 200, what="healthy")
        assert await asyncio.to_thread(run, image, *check, f"--url={url}") == (0, "")
        stop = getattr(signal, only("STOPSIGNAL"))
        assert await exporter.signal(stop) == 0, exporter.errors
    assert (configuration / "data" / "ledger.db").is_file()
    assert files(image) == before
