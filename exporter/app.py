"""The composition root: builds every room, owns their lifetimes, signals and reload."""

import asyncio
import gc
import logging
import platform
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exporter import __version__, notify
from exporter.clock import Clock, SystemClock
from exporter.config.values import Config
from exporter.errors import ConfigurationError, ExporterError
from exporter.exposition import Exposition
from exporter.fleet import Fleet
from exporter.ledger.ledger import Ledger
from exporter.ledger.worker import LedgerWorker
from exporter.sources.base import Product
from exporter.surplus import give_back
from exporter.view import ExporterView, ServerView
from exporter.web.options import WebOptions
from exporter.web.server import WebServer

OWN_FACTS_EVERY = 5.0
"""Seconds between two looks at the exporter's own numbers."""

TURN = 0.001
"""Seconds that one thread may work while another one waits; Python's own choice is 0.005."""

WATCH_EVERY = 5.0
"""Seconds between two looks at the configuration file, where no signal can ask for a reload."""

STOPPING = ("SIGTERM", "SIGINT", "SIGBREAK")
"""Signals that ask for an end. The last one is Windows' own: Ctrl+Break, which unlike Ctrl+C can be
sent to a process of one's choice."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line decides. `storage` None remembers in memory only."""

    storage: Path | None
    web: WebOptions


class Exporter:
    """One running exporter: what the web room asks, and everything behind it."""

    def __init__(
        self,
        options: Options,
        products: Mapping[str, Product],
        load: Callable[[], Config],
        clock: Clock | None = None,
    ) -> None:
        """Read the configuration and open the ledger.

        `load` reads the configuration anew each time. Raises ConfigurationError or LedgerError.
        """
        self.config = load()
        self._load = load
        self._options = options
        self.clock = clock or SystemClock()
        self.started = self.clock.now()
        self.version = __version__
        self.exposition = Exposition(max_series=options.web.max_series)
        ledger = Ledger(options.storage, self.clock, self.exposition.served)
        self._ledger = ledger
        self._worker = LedgerWorker(ledger)
        self._fleet = Fleet(
            products, self._worker, self.exposition.publish, self.exposition.withdraw, self.clock
        )
        self._reloaded = (True, self.clock.now())
        self._reloading = asyncio.Lock()
        self._group: asyncio.TaskGroup | None = None
        self.web = WebServer(self, options.web, self.clock)

    def servers(self) -> tuple[ServerView, ...]:
        """Every server as last published, in configured order."""
        return self._fleet.views()

    def exporter(self) -> ExporterView:
        """The exporter itself."""
        successful, when = self._reloaded
        return ExporterView(
            version=__version__,
            python_version=platform.python_version(),
            config_reload_successful=successful,
            config_reload_time=when,
            ledger_errors=self._ledger.errors,
            ledger_sessions=self._ledger.sessions,
            ledger_commits=self._ledger.commits(),
            shard_ordinal=self._options.web.shard.ordinal,
            shards=self._options.web.shard.total,
            refused_pages=self.exposition.refused_pages,
        )

    def ready(self) -> bool:
        """Whether every server was polled once, well or not."""
        return self._group is not None and self._fleet.ready()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve and poll until `stop` is set, then log off everywhere and close the ledger.

        Raises ConfigurationError or ServingError when it cannot begin.
        """
        try:
            async with asyncio.TaskGroup() as group:
                await self._serve(group, stop)
        except* ExporterError as errors:
            # A group of one: what kept us from beginning. Whoever reads it wants the sentence.
            raise errors.exceptions[0] from None
        finally:
            await self._worker.close()

    async def _serve(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        try:
            await self._fleet.apply(self._own(self.config), group)
            self._group = group
            self.exposition.publish_exporter(self.exporter())
            await self.web.start()
            self._say_started()
            tasks = [
                group.create_task(self._refresh_own_facts()),
                group.create_task(self._show_life()),
            ]
            await stop.wait()
            notify.stopping()
            for task in tasks:
                task.cancel()
        finally:
            await self.web.close()
            # A reload that is under way would start polls that nobody ends.
            async with self._reloading:
                self._group = None
                await self._fleet.close()

    def _own(self, config: Config) -> Config:
        """The configuration with the servers that this shard polls."""
        shard = self._options.web.shard
        return replace(config, servers=tuple(s for s in config.servers if shard.owns(s.name)))

    def _say_started(self) -> None:
        log.info(
            "serving",
            extra={
                "version": __version__,
                "servers": len(self.config.servers),
                "addresses": ",".join(self.web.urls),
                "storage": self._options.storage or "memory only",
            },
        )
        notify.ready(f"serving {len(self._fleet.views())} servers")
        for warning in self.config.warnings:
            log.warning("configuration", extra={"warning": warning})

    async def _show_life(self) -> None:
        """Tell a supervisor that waits for it that the event loop still turns."""
        interval = notify.watchdog_interval()
        while interval:
            notify.alive()
            await self.clock.sleep(interval)

    async def _refresh_own_facts(self) -> None:
        while True:
            await self.clock.sleep(OWN_FACTS_EVERY)
            self.exposition.publish_exporter(self.exporter())

    async def reload(self) -> tuple[str, ...]:
        """Read the configuration again and use it; the reasons when it cannot be used.

        Nothing changes then. Servers whose entry stayed the same keep logon, ledger and numbers.
        """
        async with self._reloading:
            if self._group is None:
                return ("The exporter is starting or stopping; try again.",)
            notify.reloading()
            try:
                config = await asyncio.to_thread(self._load)
                await self._fleet.apply(self._own(config), self._group)
            except ConfigurationError as error:
                self._reloaded = (False, self._reloaded[1])
                log.error("configuration was not reloaded", extra={"problem": str(error)})
                return error.problems
            finally:
                notify.ready()
                self.exposition.publish_exporter(self.exporter())
            self.config = config
            self._reloaded = (True, self.clock.now())
            self.exposition.publish_exporter(self.exporter())
            log.info("configuration reloaded", extra={"servers": len(config.servers)})
            return ()


def answer_promptly() -> None:
    """Tell the interpreter that answers matter more than throughput.

    An answer needs several turns of the event loop, and a thread that renders or counts holds each
    of them up. What is loaded by now stays for good, so the garbage collector need not look at it.
    """
    sys.setswitchinterval(TURN)
    gc.collect()
    gc.freeze()
    give_back()


async def run_until_signalled(exporter: Exporter) -> None:
    """Run until a signal of STOPPING; SIGHUP reloads, where the system has such a signal."""
    stop = asyncio.Event()
    tasks: set[asyncio.Task[tuple[str, ...]]] = set()

    def reload() -> None:
        task = asyncio.get_running_loop().create_task(exporter.reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    for name in STOPPING:
        on_signal(name, stop.set)
    on_signal("SIGHUP", reload)
    if not hasattr(signal, "SIGHUP"):  # Windows
        tasks.add(asyncio.create_task(reload_on_change(exporter)))
    try:
        await exporter.run(stop)
        log.info("stopped")
    finally:
        for task in tasks:
            task.cancel()


async def reload_on_change(exporter: Exporter, every: float = WATCH_EVERY) -> tuple[str, ...]:
    """Reload when the configuration file was changed, looking at it `every` so many seconds.

    For systems without SIGHUP. A file that is gone for a moment, as while an editor saves, is
    waited for.
    """
    path = exporter.config.path
    before = _stamp(path)
    while True:
        await exporter.clock.sleep(every)
        now = await asyncio.to_thread(_stamp, path)
        if now is not None and now != before:
            before = now
            await exporter.reload()


def _stamp(path: Path | None) -> tuple[int, int] | None:
    """What changes when a file is written: its time and size."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def on_signal(name: str, action: Callable[[], None]) -> None:
    """Call `action` in this event loop when a signal comes; nothing where there is no such one."""
    number = getattr(signal, name, None)
    if number is None:
        return
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, action)
    except NotImplementedError:  # Windows: the loop cannot, but the interpreter can
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(action))
