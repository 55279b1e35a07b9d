"""A server that misbehaves ends as down with the right reason, says so once, and recovers."""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from exporter.app import Exporter
from exporter.simulator import Fault, SimulatedServer, simulate
from tests.support.running import (
    entry,
    polled,
    polled_unread,
    reaches,
    running,
    scrape,
    server,
    write_config,
)

LIST = "/v8/jobsessions"


class Trouble(NamedTuple):
    """What goes wrong, the reason that is counted for it, and what is configured for that."""

    reason: str
    fault: Fault
    keys: Mapping[str, str] = MappingProxyType({})


SMALL = {"api_version": "v8", "page_size": 5}
"""Pages, so that there are several."""


TROUBLES = {
    "html": Trouble("parse", Fault("html", path=LIST)),
    "empty": Trouble("parse", Fault("empty", path=LIST)),
    "truncated": Trouble("connect", Fault("truncate", path=LIST)),
    "oversized": Trouble("too_large", Fault("oversize", path=LIST, size=80 * 1024 * 1024)),
    "repeating": Trouble("parse", Fault("repeat_page", path=LIST)),
    "hanging": Trouble("timeout", Fault("hang", path=LIST), {"request_timeout": "1s"}),
    "resetting": Trouble("connect", Fault("reset", path=LIST)),
    "forbidden": Trouble("forbidden", Fault("status", path=LIST, code=403)),
    "missing": Trouble("not_found", Fault("status", path=LIST, code=404)),
    "throttled": Trouble("rate_limited", Fault("status", path=LIST, code=429, retry_after=1)),
    "broken": Trouble("http", Fault("status", path=LIST, code=500)),
    "maintained": Trouble("http", Fault("status", path=LIST, code=503)),
    "redirecting": Trouble("http", Fault("redirect", path=LIST, code=307)),
}


async def _cast(stack: AsyncExitStack) -> dict[str, SimulatedServer]:
    """One simulated server for each trouble, with enough sessions for several pages."""
    servers = {}
    for name, trouble in TROUBLES.items():
        simulated = await stack.enter_async_context(simulate("vb365", jobs=3, history=3 * 86400.0))
        await simulated.inject(trouble.fault)
        servers[name] = simulated
    return servers


def _reasons(exporter: Exporter) -> dict[str, set[str]]:
    return {
        view.name: {reason for reason, count in view.failures.items() if count}
        for view in exporter.servers()
    }


async def test_each_trouble_has_its_reason_and_passes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Down with the right reason and nothing invented; one line; then up again by itself."""
    caplog.set_level(logging.INFO, "exporter.poller")
    async with AsyncExitStack() as stack:
        cast = await _cast(stack)
        entries = [
            entry(name, one.url, password=f'"{one.password}"', **SMALL, **TROUBLES[name].keys)
            for name, one in cast.items()
        ]
        config = write_config(tmp_path / "config.yaml", *entries)
        async with running(config) as exporter:
            await polled(exporter)
            expected = {name: {trouble.reason} for name, trouble in TROUBLES.items()}
            assert _reasons(exporter) == expected
            assert not any(view.up for view in exporter.servers())
            assert not any(job.last for view in exporter.servers() for job in view.jobs)
            told = [record for record in caplog.records if record.levelno == logging.WARNING]
            assert len([one for one in told if one.name == "exporter.poller"]) == len(TROUBLES)
            for one in cast.values():
                one.faults.clear()
            await reaches(
                exporter, {True}, lambda exporter: {view.up for view in exporter.servers()}
            )
            assert all(any(job.last for job in view.jobs) for view in exporter.servers())


async def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    """Refused connections are `connect`; it is polled again once it is there."""
    async with simulate("vb365", jobs=1) as simulated:
        await simulated.stop_listening()
        one = entry("gone", simulated.url, password=f'"{simulated.password}"')
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await polled(exporter)
            view = server(exporter, "gone")
            assert (view.up, set(view.failures)) == (False, {"connect"})
            await simulated.resume()
            await reaches(exporter, True, lambda exporter: server(exporter, "gone").up)


async def test_a_refused_password_is_tried_once_and_a_new_one_at_once(tmp_path: Path) -> None:
    """Many polls send a wrong password a single time; a rotated file is used without a restart."""
    secret = tmp_path / "password"
    secret.write_text("wrong\n", encoding="utf-8")
    secret.chmod(0o600)
    async with simulate("vb365", jobs=1) as simulated:
        one = entry("locked", simulated.url, password_file=secret)
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await reaches(exporter, True, lambda exporter: server(exporter, "locked").polls >= 3)
            view = server(exporter, "locked")
            assert (view.up, view.logons, set(view.failures)) == (False, 1, {"auth"})
            secret.write_text(simulated.password + "\n", encoding="utf-8")
            await reaches(exporter, True, lambda exporter: server(exporter, "locked").up)
            assert server(exporter, "locked").logons == 2


@pytest.mark.parametrize(
    ("tls", "up", "verified"),
    [
        ("{}", False, None),
        ("{pinned_sha256: [PIN]}", True, True),
        ("{insecure_skip_verify: true}", True, False),
        (f"{{pinned_sha256: [{'ab' * 32}]}}", False, None),
    ],
    ids=["untrusted", "pinned", "not verified", "wrong pin"],
)
async def test_a_self_signed_certificate_needs_a_reason_to_be_trusted(
    tmp_path: Path, tls: str, up: bool, verified: bool | None
) -> None:
    """Refused with reason `tls`, unless a pin or the explicit switch says otherwise."""
    async with simulate("vb365", jobs=1, tls=True) as simulated:
        assert simulated.certificate is not None
        tls = tls.replace("PIN", simulated.certificate.sha256)
        one = entry("tls", simulated.url, password=f'"{simulated.password}"', tls_config=tls)
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await polled(exporter)
            view = server(exporter, "tls")
    assert (view.up, set(view.failures)) == (up, set() if up else {"tls"})
    assert view.tls_verified is verified or not up
    assert simulated.requests.total() == 0 or up


async def test_one_row_that_cannot_be_read_is_skipped_and_counted(tmp_path: Path) -> None:
    """The others are taken; the row is counted as an unknown session."""
    async with simulate("vb365", jobs=2) as simulated:
        await simulated.inject(Fault("malformed_row", path=LIST))
        one = entry("odd", simulated.url, password=f'"{simulated.password}"')
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await polled_unread(exporter)
            counted = 'backup_server_unknown_values_total{field="session",server="odd"} '
            assert f"{counted}0.0" in scrape(exporter)
            await reaches(exporter, False, lambda exporter: f"{counted}0.0" in scrape(exporter))
            assert server(exporter, "odd").up


async def test_a_clock_that_is_wrong_is_shown_and_harmless(tmp_path: Path) -> None:
    """The offset is measured; a session that finishes is counted all the same."""
    async with simulate("vb365", scripted=True) as simulated:
        simulated.clock_offset = 7200.0
        one = entry("ahead", simulated.url, password=f'"{simulated.password}"')
        world = simulated.world
        mail = world.add_job("Mail")
        run = world.add_session(mail, started=world.now() - 60)
        async with running(write_config(tmp_path / "config.yaml", one)) as exporter:
            await polled(exporter)
            offset = server(exporter, "ahead").clock_offset
            assert offset is not None
            assert 3600.0 < offset < 10800.0
            world.change_session(run.id, ended=world.now(), status="Success")
            await reaches(
                exporter,
                1,
                lambda exporter: len(server(exporter, "ahead").jobs[0].runs),
            )
