"""The exporter as a process that dies and comes back: on one port, in any zone of time."""

import asyncio
import random
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.soak.life import Life
from tests.soak.storage import Storage
from tests.support.process import Process, fetch, free_port, until
from tests.support.running import entry, write_config

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "")
SETTINGS = {"page_size": 25, "overlap": "2m", "lookback": "14d"}
"""Small pages, so that there are several; the overlap is longer than anything is late."""

READY_WITHIN = 2.5


class Stage:
    """Configuration, ledger and process of the exporter, and what was noticed of its deaths."""

    def __init__(self, folder: Path, storage: Storage, chance: random.Random) -> None:
        self.folder, self.storage, self.chance = folder, storage, chance
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "config.yaml"
        self.errors: list[str] = []
        self.starts = 0
        self._process: Process | None = None

    def secret(self, name: str) -> Path:
        """The file with the password of a server."""
        return self.folder / f"password-{name}"

    def configure(self, lives: Iterable[Life]) -> None:
        """Write the configuration with these servers."""
        entries = [
            entry(
                life.name,
                life.server.url,
                product=life.product.name,
                api_version=life.product.api_version,
                password_file=self.secret(life.name),
                **life.product.settings,
            )
            for life in lives
        ]
        write_config(self.config, *entries, **SETTINGS)

    def command(self, port: int, zone: str) -> list[str]:
        """How the exporter is started; `env` becomes the exporter, so that its id is the same."""
        return [
            "env",
            f"TZ={zone}",
            sys.executable,
            "-m",
            "exporter",
            f"--config.file={self.config}",
            f"--storage.path={self.storage.path}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]

    async def start(self, *, patient: bool = True) -> None:
        """Start the exporter; with patience, wait some seconds for it to be ready.

        It need not come to that: a server that hangs is not polled so soon.
        """
        self._process = Process(*self.command(self.port, self.chance.choice(ZONES)))
        self.starts += 1
        await self._process.start()
        if patient:
            with suppress(AssertionError):
                await until(self._ready_or_dead, READY_WITHIN)

    async def serves(self) -> None:
        """Wait until the exporter answers, whatever its servers do, or note that it does not."""
        try:
            await until(lambda: fetch(f"{self.url}/-/healthy")[0] == 200)
        except AssertionError as error:
            self.errors.append(f"the exporter does not serve: {error}")

    def _ready_or_dead(self) -> bool:
        assert self._process is not None
        return not self._process.alive or fetch(f"{self.url}/-/ready")[0] == 200

    @property
    def log(self) -> str:
        """What the process that was started last has said."""
        return "" if self._process is None else self._process.errors

    @property
    def pid(self) -> int:
        """The id of the running exporter."""
        assert self._process is not None
        return self._process.pid

    async def end(self, number: int = signal.SIGKILL) -> None:
        """End the exporter by a signal, and note whatever it should not have said or done."""
        if self._process is None:
            return
        alive = self._process.alive
        code = await self._process.signal(number)
        if not alive:
            self.errors.append(f"the exporter ended by itself with {code}: {self.log[-500:]}")
        elif number == signal.SIGTERM and code != 0:
            self.errors.append(f"SIGTERM ended the exporter with {code}: {self.log[-500:]}")
        if "Traceback" in self.log:
            self.errors.append(f"the exporter told a traceback: {self.log[-3000:]}")
        self._process = None

    async def is_refused(self, sentence: str) -> None:
        """Start another exporter on the same ledger: it ends with 1 and a sentence."""
        process = Process(*self.command(free_port(), "UTC"))
        await process.start()
        try:
            code = await process.wait()
        except TimeoutError:
            code = await process.signal(signal.SIGKILL)
        if code != 1 or sentence not in process.errors or "Traceback" in process.errors:
            self.errors.append(f"no refusal ({sentence!r}) but {code}: {process.errors[-1000:]}")

    async def pause(self, shortest: float, longest: float) -> None:
        """Let time pass, the exporter dead or alive."""
        await asyncio.sleep(self.chance.uniform(shortest, longest))
