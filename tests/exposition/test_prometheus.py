"""A real Prometheus scrapes the hand-made world: odd names, and gzip put together of two."""

import asyncio
from pathlib import Path

import aiohttp
from aiohttp import web

from exporter.exposition import Exposition, negotiate
from tests.support.process import free_port
from tests.support.tools import require_tool
from tests.support.views import exporter_view, world

CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: world, static_configs: [{{targets: ["{target}"]}}]}}
"""


async def query(base: str, expression: str) -> float | None:
    """The value of the one series that an expression gives, None while there is none."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{base}/api/v1/query", params={"query": expression}) as answer:
                found = (await answer.json())["data"]["result"]
        except (aiohttp.ClientError, KeyError):
            return None
    return float(found[0]["value"][1]) if found else None


async def first_scrape(base: str) -> None:
    """Wait until Prometheus has scraped, well or not."""
    for _ in range(200):
        if await query(base, "up") is not None:
            return
        await asyncio.sleep(0.2)


async def serve(exposition: Exposition, runner_port: int) -> web.AppRunner:
    """A server that answers /metrics as Prometheus asks for it, always compressed."""

    async def metrics(request: web.Request) -> web.Response:
        format = negotiate(request.headers.get("Accept"))
        body = await exposition.page_async(format, gzip=True)
        headers = {"Content-Type": format.content_type, "Content-Encoding": "gzip"}
        return web.Response(body=body, headers=headers)

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", runner_port).start()
    return runner


async def test_prometheus_reads_every_series(tmp_path: Path) -> None:
    """Prometheus takes the compressed page and every odd name, and finds no duplicate."""
    program = require_tool("prometheus")
    exposition = Exposition()
    for view in world():
        exposition.publish(view)
    exposition.publish_exporter(exporter_view())
    target, port = free_port(), free_port()
    base = f"http://127.0.0.1:{port}"
    settings = tmp_path / "prometheus.yml"
    settings.write_text(CONFIGURATION.format(target=f"127.0.0.1:{target}"))
    runner = await serve(exposition, target)
    prometheus = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={settings}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await first_scrape(base)
        page = exposition.page(negotiate(None))
        lines = sum(not line.startswith(b"#") for line in page.splitlines())
        assert await query(base, "up") == 1
        assert await query(base, "scrape_samples_scraped") == lines
        assert await query(base, 'count({__name__=~".+", server="em-☃"})') == page.count(
            'server="em-☃"'.encode()
        )
        assert await query(base, "count(python_info)") == 1
    finally:
        prometheus.terminate()
        await prometheus.wait()
        await runner.cleanup()
