"""A real Prometheus evaluates every rule over the page that the exporter serves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tests.support.process import PATIENCE, free_port
from tests.support.rules import ROOT, RULE_FILES, catalogue, shipped_rules
from tests.support.tools import require_tool

PAGE = ROOT / "tests" / "golden" / "metrics.txt"
CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - {{job_name: backup-exporter, static_configs: [{{targets: ["{first}", "{second}"]}}]}}
"""


async def metrics(_: web.Request) -> web.Response:
    """The golden page, as an exporter would serve it."""
    return web.Response(
        text=PAGE.read_text(encoding="utf-8"), headers={"Content-Type": "text/plain; version=0.0.4"}
    )


async def ask(base: str, path: str, **parameters: str) -> dict[str, Any]:
    """An answer of Prometheus, empty while it does not answer."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{base}/api/v1/{path}", params=parameters) as answer:
                found: dict[str, Any] = await answer.json()
                return found
        except aiohttp.ClientError:
            return {}


async def scraped(base: str) -> bool:
    """Whether both targets have been scraped, within a while."""
    for _ in range(int(10 * PATIENCE)):
        answer = await ask(base, "query", query="count(backup_exporter_build_info)")
        result = answer.get("data", {}).get("result", [])
        if result and result[0]["value"][1] == "2":
            return True
        await asyncio.sleep(0.1)
    return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a Prometheus that has the rules and scrapes two replicas of one exporter."""
    tmp_path = tmp_path_factory.mktemp("prometheus")
    first, second, port = free_port(), free_port(), free_port()
    application = web.Application()
    application.router.add_get("/metrics", metrics)
    runner = web.AppRunner(application)
    await runner.setup()
    for target in (first, second):
        await web.TCPSite(runner, "127.0.0.1", target).start()
    settings = tmp_path / "prometheus.yml"
    targets = {"first": f"127.0.0.1:{first}", "second": f"127.0.0.1:{second}"}
    rules = ", ".join(str(path) for path in RULE_FILES)
    settings.write_text(CONFIGURATION.format(rules=rules, **targets), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        require_tool("prometheus"),
        f"--config.file={settings}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


@pytest.mark.asyncio(loop_scope="module")
async def test_every_rule_can_be_evaluated_over_the_real_page(prometheus: str) -> None:
    """No match is ambiguous, not even while two replicas say the same for a moment."""
    assert await scraped(prometheus)
    answers = {
        rule.name: await ask(prometheus, "query", query=rule.expression) for rule in shipped_rules()
    }
    assert {name: a for name, a in answers.items() if a.get("status") != "success"} == {}
    groups = (await ask(prometheus, "rules"))["data"]["groups"]
    assert [rule for group in groups for rule in group["rules"] if rule["health"] == "err"] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_has_the_labels_that_the_lint_believes_in(prometheus: str) -> None:
    """The catalogue of the lint is not wider than what Prometheus stores."""
    assert await scraped(prometheus)
    found = await ask(prometheus, "series", **{"match[]": '{__name__=~"backup_.+"}'})
    stored: dict[str, set[str]] = {}
    for series in found["data"]:
        stored.setdefault(series["__name__"], set()).update(series)
    known = catalogue()
    assert {name for name in stored if ":" not in name} <= set(known)
    for name, labels in stored.items():
        assert labels - {"__name__"} <= known[name].labels, name
