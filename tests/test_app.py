"""The running whole: reload, change and removal of servers, and its own numbers."""

import asyncio
from pathlib import Path

from exporter.app import Exporter, Options, reload_on_change
from exporter.clock import Clock
from exporter.config.values import Config, ProductFacts, ServerConfig
from exporter.model import Harvest
from exporter.simulator import Fault, simulate
from exporter.sources.base import Product
from exporter.web.options import WebOptions
from tests.support.running import (
    ANY_PORT,
    PATIENCE,
    entry,
    job,
    polled,
    reaches,
    running,
    scrape,
    server,
    write_config,
)
from tests.support.sources import REPORTS, ScriptedSource, server_config


async def test_a_removed_server_is_logged_off_and_gone(tmp_path: Path) -> None:
    """Its series vanish, its logon ends; the other one does not notice."""
    async with simulate("vb365", jobs=1) as one, simulate("vb365", jobs=1) as two:
        entries = [
            entry(name, simulated.url, password=f'"{simulated.password}"', api_version="v8")
            for name, simulated in (("one", one), ("two", two))
        ]
        path = tmp_path / "config.yaml"
        async with running(write_config(path, *entries), tmp_path / "data") as exporter:
            await polled(exporter)
            write_config(path, entries[0])
            assert await exporter.reload() == ()
            assert [view.name for view in exporter.servers()] == ["one"]
            assert 'server="two"' not in scrape(exporter)
            assert two.requests["POST /v8/token/logout", 204] == 1
            assert server(exporter, "one").logons == 1


async def test_a_changed_server_is_polled_anew_with_its_old_numbers(tmp_path: Path) -> None:
    """Another interval is another conversation; what was counted stays."""
    async with simulate("vb365", scripted=True) as simulated:
        world = simulated.world
        mail = world.add_job("Mail")
        one = entry("one", simulated.url, password=f'"{simulated.password}"', api_version="v8")
        path = tmp_path / "config.yaml"
        async with running(write_config(path, one), tmp_path / "data") as exporter:
            await polled(exporter)
            scrape(exporter)
            world.add_session(mail, started=world.now() - 9, ended=world.now(), status="Failed")
            await reaches(
                exporter,
                1,
                lambda exporter: job(server(exporter, "one"), "Mail").totals.finished["failed"],
            )
            write_config(path, one, poll_interval="2s")
            assert await exporter.reload() == ()
            assert job(server(exporter, "one"), "Mail").totals.finished["failed"] == 1
            assert server(exporter, "one").poll_interval == 2.0
            await reaches(exporter, 2, lambda exporter: server(exporter, "one").logons)


async def test_objectives_change_without_a_new_conversation(tmp_path: Path) -> None:
    """They belong to the configuration as a whole and appear at once."""
    async with simulate("vb365", scripted=True) as simulated:
        simulated.world.add_job("Mail")
        one = entry("one", simulated.url, password=f'"{simulated.password}"')
        path = write_config(tmp_path / "config.yaml", one)
        async with running(path) as exporter:
            await polled(exporter)
            assert job(server(exporter, "one"), "Mail").objective_max_age is None
            text = path.read_text(encoding="utf-8")
            path.write_text(text + "objectives: [{match: {job_name: Mail}, max_age: 26h}]\n")
            assert await exporter.reload() == ()
            assert job(server(exporter, "one"), "Mail").objective_max_age == 26 * 3600.0
            assert server(exporter, "one").logons == 1


async def test_reloads_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    """SIGHUP and POST may come together."""
    async with simulate("vb365", jobs=1) as simulated:
        one = entry("one", simulated.url, password=f'"{simulated.password}"')
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await polled(exporter)
            assert await asyncio.gather(*(exporter.reload() for _ in range(5))) == [()] * 5
            assert server(exporter, "one").up


class SlowGoodbye(ScriptedSource):
    """A server that says when a log-off has begun, and ends it when it is told to."""

    def __init__(self) -> None:
        super().__init__([Harvest(sessions=())])
        self.leaving, self.left = asyncio.Event(), asyncio.Event()

    async def close(self) -> None:
        """Wait for the test."""
        self.leaving.set()
        await self.left.wait()


async def test_a_reload_under_way_does_not_keep_a_stop_waiting() -> None:
    """Nothing is polled after the end, whichever of the two was first at the log-off."""
    source = SlowGoodbye()

    def create(_config: ServerConfig, _clock: Clock) -> SlowGoodbye:
        return source

    product = Product(ProductFacts("scripted", "Scripted", ()), create, lambda _type: REPORTS)
    configs = iter([Config((server_config(),)), Config((server_config(poll_interval=2.0),))])
    options = Options(None, WebOptions(listen_addresses=(ANY_PORT,)))
    exporter, stop = (
        Exporter(options, {"scripted": product}, lambda: next(configs)),
        asyncio.Event(),
    )
    running_task = asyncio.create_task(exporter.run(stop))
    async with asyncio.timeout(PATIENCE):
        while not exporter.ready():
            await exporter.clock.sleep(0.01)
        reload = asyncio.create_task(exporter.reload())
        await source.leaving.wait()
        stop.set()
        await exporter.clock.sleep(0.1)
        source.left.set()
        await running_task
        assert await reload == ()
    assert await exporter.reload() == ("The exporter is starting or stopping; try again.",)


async def test_a_large_fleet_starts_spread_out_and_stops_quickly(tmp_path: Path) -> None:
    """Sixty servers of one machine: all are polled, and closing waits for none of them."""
    async with simulate("vb365", jobs=1) as simulated:
        simulated.product.logons.quota = 0.0
        entries = [
            entry(f"s{number}", simulated.url, password=f'"{simulated.password}"')
            for number in range(60)
        ]
        async with running(write_config(tmp_path / "config.yaml", *entries)) as exporter:
            await polled(exporter)
            assert {view.up for view in exporter.servers()} == {True}
            await simulated.inject(Fault("hang"))
            began = exporter.clock.monotonic()
        assert exporter.clock.monotonic() - began < 8.0


async def test_a_changed_file_is_reloaded_where_no_signal_can_ask_for_it(tmp_path: Path) -> None:
    """A new server appears by itself; a file that cannot be used changes nothing."""
    async with simulate("vb365", jobs=1) as simulated:
        entries = [
            entry(name, simulated.url, password=f'"{simulated.password}"') for name in ("a", "b")
        ]
        path = write_config(tmp_path / "config.yaml", entries[0])
        async with running(path) as exporter:
            await polled(exporter)
            watch = asyncio.create_task(reload_on_change(exporter, every=0.05))
            await exporter.clock.sleep(0.01)  # it has looked at the file once
            write_config(path, *entries)
            await reaches(
                exporter, ["a", "b"], lambda exporter: [view.name for view in exporter.servers()]
            )
            path.write_text("servers: nonsense\n", encoding="utf-8")
            await reaches(
                exporter, False, lambda exporter: exporter.exporter().config_reload_successful
            )
            assert [view.name for view in exporter.servers()] == ["a", "b"]
            watch.cancel()


async def test_the_exporter_tells_of_itself(tmp_path: Path) -> None:
    """Build, reload, ledger and shard are on the page."""
    async with simulate("vb365", jobs=1) as simulated:
        one = entry("one", simulated.url, password=f'"{simulated.password}"')
        config = write_config(tmp_path / "config.yaml", one)
        async with running(config, tmp_path / "data") as exporter:
            await polled(exporter)
            page = scrape(exporter)
    for line in (
        "backup_exporter_config_last_reload_successful 1.0",
        "backup_exporter_ledger_errors_total 0.0",
        "backup_exporter_shards 1.0",
        "process_resident_memory_bytes",
    ):
        assert line in page
