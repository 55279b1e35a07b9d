"""The page for people."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from exporter.model import Result
from exporter.view import JobNow, ServerView
from exporter.web.landing import MOST_JOBS
from tests.support.web import NOW, Answer, FakeState, ask, job, rewrite, run, serving, view


class Shown(HTMLParser):
    """The page as a browser reads it: tags, links and the text of each table cell."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag in ("td", "th"):
            self._inside = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data.strip()


def shown(answer: Answer) -> Shown:
    """The page, read."""
    page = Shown()
    page.feed(answer.text)
    return page


async def page_of(*views: ServerView) -> Answer:
    """The page with these servers."""
    async with serving(FakeState(views=views)) as url:
        answer = await ask(f"{url}/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


async def test_servers_are_shown_with_their_health() -> None:
    """Product, condition, age of the last complete poll, jobs and the last error."""
    down = view("m365-dr", up=False, last_successful_poll=NOW - 7500, last_error="No route.")
    new = view("new", up=False, info=None, last_poll=None, last_successful_poll=None)
    cells = shown(await page_of(view("m365-prod", job()), down, new)).cells
    assert cells[6:24] == [
        *("m365-prod", "vb365 8.1.0", "up", "30 s ago", "1", ""),
        *("m365-dr", "vb365 8.1.0", "down", "2 h 5 min ago", "0", "No route."),
        *("new", "vb365", "unknown", "never", "0", ""),
    ]


async def test_jobs_are_shown_with_their_last_run() -> None:
    """Result, age of the last success, duration and what runs now."""
    jobs = (
        job("nightly", run(), now=JobNow(running=2)),
        job("weekly", run(Result.FAILED)),
        job("idle"),
        job(""),
    )
    cells = shown(await page_of(view("m365-prod", *jobs))).cells
    assert cells[-28:] == [
        *("nightly", "m365-prod", "Backup", "success", "1 h ago", "1 h 30 min", "2"),
        *("weekly", "m365-prod", "Backup", "failed", "never", "1 h 30 min", "0"),
        *("idle", "m365-prod", "Backup", "never ran", "never", "", "0"),
        *("42", "m365-prod", "Backup", "never ran", "never", "", "0"),
    ]


async def test_without_servers_the_page_says_so() -> None:
    """Empty tables are not shown."""
    page = await page_of()
    assert "No server is configured." in page.text
    assert "No job is known yet." in page.text
    assert "table" not in shown(page).tags


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\"><img src=x onerror='x'>", "\"><img src=x onerror='x'>"),
        ("two\nlines\tand\x00nul\x7f", "two␊lines␉and␀nul␡"),
        ("x" * 10_000, "x" * 200 + "…"),
        ("\U0001d505ackup 💾 \u202eleft", "\U0001d505ackup 💾 \u202eleft"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("{{ 7 * 7 }}{% raw %}", "{{ 7 * 7 }}{% raw %}"),
    ],
    ids=["script", "attribute", "control", "long", "non-bmp", "surrogate", "template"],
)
async def test_names_from_a_backup_server_are_text_and_nothing_else(name: str, seen: str) -> None:
    """Whatever a job, a server or an error is called, it is shown and not obeyed."""
    answer = await page_of(view(name, job(name, run()), last_error=name))
    page = shown(answer)
    assert page.cells.count(seen) == 4
    assert {"script", "img"}.isdisjoint(page.tags)
    assert b"\x00" not in answer.body


async def test_every_link_is_relative_and_within_the_exporter() -> None:
    """The page works under a proxy's path, and loads nothing from elsewhere."""
    links = shown(await page_of(view("a&b c/d"))).links
    assert "probe?target=a%26b%20c%2Fd" in links
    assert all(not link.startswith(("/", "http", "//", "javascript:")) for link in links)


async def test_every_link_of_the_page_answers() -> None:
    """No link is dead."""
    async with serving(FakeState(views=(view(),))) as url:
        for link in shown(await ask(f"{url}/")).links:
            assert (await ask(f"{url}/{link}")).status == 200


async def test_a_long_list_of_jobs_is_cut_loudly() -> None:
    """What is left out is counted."""
    jobs = [job(f"job {number}") for number in range(MOST_JOBS + 5)]
    answer = await page_of(view("m365-prod", *jobs))
    assert "5 more jobs are not listed here" in answer.text
    assert f"job {MOST_JOBS - 1}<" in answer.text
    assert f"job {MOST_JOBS}<" not in answer.text


async def test_a_web_configuration_that_became_unusable_is_told(tmp_path: Path) -> None:
    """The footer names the problems until the file is mended."""
    file = tmp_path / "web.yml"
    rewrite(file, "{}")
    async with serving(web_config=file) as url:
        before = await ask(f"{url}/")
        rewrite(file, "nonsense: <b>")
        during = await ask(f"{url}/")
        rewrite(file, "")
        after = await ask(f"{url}/")
    assert "cannot be used as it is" in during.text
    assert f"{file}:1: nonsense: unknown key" in during.text
    assert "cannot be used as it is" not in before.text + after.text
