"""The status page in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.background import serving_beside
from tests.support.pages import HOSTILE, job_of, large_world, server_of, typical_world
from tests.support.tools import require_tool
from tests.support.web import FakeState

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
TEAMS = "job?server=m365-dr&job_id=id+of+Teams&session_type=Backup"
HALF_A_MINUTE = 31_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    path = require_tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, FakeState]]:
    """An exporter's address, and the state that it shows."""
    state = FakeState()
    with serving_beside(state) as url:
        yield url, state


@dataclass
class Visit:
    """A page of the exporter in a browser, and what the browser complained of."""

    page: Page
    url: str
    state: FakeState
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        """Go to a page of the exporter."""
        self.page.goto(f"{self.url}/{path}")
        return self.page

    def note(self, message: Any) -> None:
        """Remember what the browser says on its console."""
        self.complaints.append(message.text)

    def check(self, request: Any) -> None:
        """Remember a request to anybody else."""
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"asked for {request.url}")


@pytest.fixture
def visit(browser: Browser, served: tuple[str, FakeState], request: Any) -> Iterator[Visit]:
    """A new window on the typical world; nothing may be complained of."""
    url, state = served
    state.views = typical_world()
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    visit = Visit(context.new_page(), url, state)
    visit.page.on("console", visit.note)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", visit.check)
    yield visit
    context.close()
    assert visit.complaints == []


def names(page: Page) -> list[str]:
    """The jobs of the table, in its order."""
    return page.locator(".jobs tbody th a").all_inner_texts()


def test_the_trouble_is_in_sight_at_once(visit: Visit) -> None:
    """Without scrolling: the verdict, what is down, what fails and what is overdue."""
    page = visit.open()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    trouble = page.get_by_role("region", name="Needs attention")
    assert trouble.get_by_role("listitem").count() == 4
    for entry in trouble.get_by_role("listitem").all():
        expect(entry).to_be_in_viewport(ratio=1)
    assert page.title() == "1 server is down, 3 jobs need attention. – Backup sessions"  # noqa: RUF001


def test_filters_work_by_mouse_and_stay_in_the_address(visit: Visit) -> None:
    """A link to what one sees can be sent to somebody."""
    page = visit.open()
    page.get_by_label("Server", exact=True).select_option("m365-prod")
    page.get_by_label("Text").fill("sit")
    page.get_by_role("button", name="Filter").click()
    assert names(page) == ["Sites"]
    assert "server=m365-prod" in page.url
    assert page.get_by_label("Text").input_value() == "sit"
    page.get_by_role("link", name="Show all").click()
    assert len(names(page)) == 6


def test_a_click_on_a_heading_sorts_and_turns_round(visit: Visit) -> None:
    """And says so to a screen reader."""
    page = visit.open()
    page.get_by_role("link", name="Job", exact=True).click()
    assert names(page) == sorted(names(page))
    expect(page.get_by_role("columnheader", name="Job", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    page.get_by_role("link", name="Job", exact=True).click()
    assert names(page) == sorted(names(page), reverse=True)


def test_a_job_leads_to_its_sessions_and_back(visit: Visit) -> None:
    """Each with its message."""
    page = visit.open()
    page.get_by_role("region", name="Needs attention").get_by_role("link", name="Teams").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Teams")
    assert page.locator(".sessions tbody tr").count() == 8
    page.get_by_role("link", name="All jobs").click()
    assert len(names(page)) == 6


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_everything_works(visit: Visit) -> None:
    """Only the button that pauses the refresh is missing."""
    page = visit.open()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.get_by_label("Result").select_option("overdue")
    page.get_by_role("button", name="Filter").click()
    assert names(page) == ["Archive"]


def test_the_page_keeps_itself_up_to_date(visit: Visit) -> None:
    """Title included; the focus stays where it was, and what was folded up stays so."""
    visit.page.clock.install()
    page = visit.open()
    page.locator("#server-list summary").click()
    page.get_by_role("link", name="Mailboxes").focus()
    visit.state.views = typical_world()[:1]
    page.clock.fast_forward(HALF_A_MINUTE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing needs attention.")
    expect(page).to_have_title("Nothing needs attention. – Backup sessions")  # noqa: RUF001
    expect(page.get_by_role("link", name="Mailboxes")).to_be_focused()
    expect(page.locator("#server-list")).not_to_have_attribute("open", "")


def test_the_refresh_can_be_paused_and_waits_for_who_is_typing(visit: Visit) -> None:
    """Nothing that is read or written is pulled away."""
    visit.page.clock.install()
    page = visit.open()
    old = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Text").fill("half a wo")
    visit.state.views = typical_world()[:1]
    page.clock.fast_forward(HALF_A_MINUTE)
    assert page.get_by_label("Text").input_value() == "half a wo"
    page.get_by_role("button", name="Pause").click()
    page.clock.fast_forward(HALF_A_MINUTE)
    assert page.get_by_role("heading", level=1).inner_text() == old
    page.get_by_role("button", name="Paused").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing needs attention.")


def test_an_exporter_that_is_gone_is_told(visit: Visit) -> None:
    """Old news is not shown as if it was fresh."""
    visit.page.clock.install()
    page = visit.open()
    page.route("**/*", lambda route: route.abort())
    page.clock.fast_forward(HALF_A_MINUTE)
    expect(page.get_by_role("status")).to_contain_text("The exporter does not answer")
    page.unroute_all()
    page.clock.fast_forward(HALF_A_MINUTE)
    expect(page.get_by_role("status")).to_be_empty()
    assert all("ERR_FAILED" in complaint for complaint in visit.complaints)
    visit.complaints.clear()


def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    """The first stop skips to the content; every stop is visible."""
    page = visit.open()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="2 / 3 servers up")).to_be_focused()
    style = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(style) == "solid"
    page.get_by_label("Text").focus()
    page.keyboard.type("teams")
    page.keyboard.press("Enter")
    page.wait_for_url("**text=teams*")
    assert names(page) == ["Teams"]


def test_hostile_names_do_nothing(visit: Visit) -> None:
    """No script runs, no picture is loaded, and the page stays as wide as the window."""
    visit.state.views = tuple(
        server_of(name, job_of(name), organization=name, up=False, last_error=name)
        for kind, name in HOSTILE.items()
    )
    page = visit.open()
    assert len(names(page)) == len(HOSTILE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("main script, main img").count() == 0


def test_a_telephone_shows_it_without_scrolling_sideways(visit: Visit) -> None:
    """Wide tables scroll by themselves."""
    visit.page.set_viewport_size({"width": 360, "height": 740})
    page = visit.open()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_5000_jobs_stay_usable(visit: Visit) -> None:
    """The first page is as small as that of few jobs, and the next a click away."""
    visit.state.views = large_world()
    page = visit.open("?sort=job")
    assert page.evaluate("document.querySelectorAll('*').length") < 10_000
    assert len(names(page)) == 50
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages of jobs")).to_contain_text("51 to 100")


def test_dark_and_light_follow_the_system(visit: Visit) -> None:
    """The ground is dark where that is preferred."""
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit.open()
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert light == "rgb(246, 247, 249)"
    assert page.evaluate(ground) == "rgb(18, 22, 26)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_has_nothing_to_find(visit: Visit, scheme: Any) -> None:
    """Contrast, names, roles, landmarks: by axe-core, on each page, empty and full."""
    visit.page.emulate_media(color_scheme=scheme)
    full = visit.state.views
    disabled = tuple(replace(identity, enabled=False) for identity in full[1].identities)
    pages = (
        ("", full),
        ("?sort=job&result=failed", full),
        ("?text=nothing", (full[0], replace(full[1], identities=disabled))),
        (TEAMS, full),
        ("", ()),
    )
    for path, views in pages:
        visit.state.views = views
        found = Axe().run(visit.open(path))
        assert found.violations_count == 0, found.generate_report()
