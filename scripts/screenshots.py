"""`make screenshots`: pictures of the status page for the documentation, light and dark.

Starts the demo, waits until its servers were polled and a session runs, and looks with chromium.
"""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, async_playwright

from exporter.clock import SystemClock
from tests.support.tools import TOOLS, find_tool

HOUSE = Path(__file__).resolve().parents[1]
IMAGES = HOUSE / "docs" / "images"
SCHEMES = ("light", "dark")
WIDTH, HEIGHT = 1280, 1100
LARGEST_FILE = 300_000
PATIENCE = 60.0
STATUS_PAGE = re.compile(rb"status page +(\S+)")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


@contextlib.asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The address of a demo that runs meanwhile."""
    command = (sys.executable, "-m", "exporter", "demo", "--web.listen-address", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=HOUSE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield await _address(process)
    finally:
        process.terminate()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Raises RuntimeError when the demo ends without telling where it is."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := STATUS_PAGE.search(line):
            return found[1].decode()
    raise RuntimeError("the demo did not start; `make demo` says why")


async def until_worth_a_picture(url: str) -> None:
    """Wait until every server was polled once and something is running."""
    clock = SystemClock()
    async with aiohttp.ClientSession(url) as client:
        while not (await _is_ready(client) and await _is_running(client)):
            await clock.sleep(0.5)


async def _is_ready(client: aiohttp.ClientSession) -> bool:
    async with client.get("-/ready") as answer:
        return answer.status == 200


async def _is_running(client: aiohttp.ClientSession) -> bool:
    async with client.get("api/v1/sessions", params={"result": "running"}) as answer:
        return bool((await answer.json())["total"])


async def picture(browser: Browser, url: str, scheme: str) -> Path:
    """The top of the page in one colour scheme. Raises RuntimeError when the file is too large."""
    page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(url)
    file = IMAGES / f"status-{scheme}.png"
    await page.screenshot(path=file)
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise RuntimeError(f"{file.name} has {size} bytes, which is more than {LARGEST_FILE}")
    return file


async def take(chromium: str) -> None:
    """Every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with demo() as url, async_playwright() as playwright:
        await until_worth_a_picture(url)
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for scheme in SCHEMES:
            file = await picture(browser, url, scheme)
            print(file.relative_to(HOUSE))
        await browser.close()


def main() -> int:
    """Exit 1 without chromium."""
    chromium = find_tool("chromium")
    if chromium is None:
        print(f"chromium is missing; install {TOOLS['chromium'].package}", file=sys.stderr)
        return 1
    asyncio.run(take(chromium))
    return 0


if __name__ == "__main__":
    sys.exit(main())
