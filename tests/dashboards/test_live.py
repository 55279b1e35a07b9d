"""A real Prometheus answers everything that the dashboards ask, over the page that is served."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from tests.support.dashboards import ROOT, UIDS, asked, load
from tests.support.process import PATIENCE, free_port
from tests.support.tools import require_tool

PAGE = ROOT / "tests" / "golden" / "metrics.txt"
CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: backup-exporter, static_configs: [{{targets: ["{first}", "{second}"]}}]}}
"""
EMPTY_HERE = {
    "annotation Critical alerts": "no rules are loaded",
    "annotation Alerts of the job": "no rules are loaded",
    "Elapsed against the usual": "the one job that runs never finished before",
    "Running now": "the one job that runs never finished before",
}
"""What has no data over the golden page, and why."""


async def metrics(_: web.Request) -> web.Response:
    """The golden page and the process's own metrics, as an exporter would serve them."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    body = PAGE.read_bytes() + generate_latest(registry)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})


async def answer(base: str, expression: str) -> dict[str, Any]:
    """What Prometheus says for the last seconds, empty while it does not answer."""
    now = time.time()
    asking = {"query": expression, "start": str(now - 3), "end": str(now), "step": "1"}
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(f"{base}/api/v1/query_range", data=asking) as said:
                found: dict[str, Any] = await said.json()
                return found
        except aiohttp.ClientError:
            return {}


async def scraped_twice(base: str) -> None:
    """Wait until both replicas have been scraped twice, so that there are rates."""
    question = "count(count_over_time(backup_exporter_shards[1m]) >= 2) == 2"
    for _ in range(int(10 * PATIENCE)):
        if (await answer(base, question)).get("data", {}).get("result"):
            return
        await asyncio.sleep(0.1)
    pytest.fail("Prometheus did not scrape both replicas twice")


async def serve_two(pages: web.AppRunner) -> tuple[str, str]:
    """The addresses of two replicas that serve the same."""
    await pages.setup()
    first, second = free_port(), free_port()
    for port in (first, second):
        await web.TCPSite(pages, "127.0.0.1", port).start()
    return f"127.0.0.1:{first}", f"127.0.0.1:{second}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a Prometheus that scrapes two replicas of one exporter."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    program = require_tool("prometheus")
    application = web.Application()
    application.router.add_get("/metrics", metrics)
    pages = web.AppRunner(application)
    first, second = await serve_two(pages)
    port = free_port()
    settings = folder / "prometheus.yml"
    settings.write_text(CONFIGURATION.format(first=first, second=second), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={settings}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=extra-scrape-metrics",
        "--log.level=error",
    )
    try:
        base = f"http://127.0.0.1:{port}"
        await scraped_twice(base)
        yield base
    finally:
        process.terminate()
        await process.wait()
        await pages.cleanup()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("uid", UIDS)
async def test_prometheus_answers_everything(prometheus: str, uid: str) -> None:
    """No match is ambiguous, also with two replicas, and every panel has something to show."""
    failed, empty = {}, set()
    for where, expression in asked(load(uid)):
        said = await answer(prometheus, expression)
        if said.get("status") != "success":
            failed[where] = said
        elif not said["data"]["result"]:
            empty.add(where)
    assert failed == {}
    assert empty - set(EMPTY_HERE) == set()


@pytest.mark.asyncio(loop_scope="module")
async def test_an_ambiguous_match_is_noticed(prometheus: str) -> None:
    """The check can fail: two replicas say the same of a server."""
    said = await answer(prometheus, "backup_server_up * on (server) backup_server_up")
    assert said["status"] == "error"
