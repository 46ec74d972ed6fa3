"""The page of a watch in a browser: it looks right everywhere, updates by itself, and what people press has its effect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from reconciler.model.event import Drifted, Note, Ruled
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Ref
from reconciler.web import streaming
from tests.browser.conftest import NARROW, WIDE
from tests.unit.engine.memory import NOW, request
from tests.unit.web.served import OPERATOR, WAVES, World, serving
from tests.unit.web.test_pages import HARM

PAGES = ("/", "/fleets/fleet", "/unit?id=u1", "/history", "/account")
WAIT = 30_000
"""Milliseconds until something is seen, on a machine with other things to do."""


class Visit:
    """One browser's visit to a page that is served: what it asked others for and said must be nothing."""

    def __init__(self, browser: Browser, world: World) -> None:
        self.browser, self.world = browser, world
        self.foreign: list[str] = []
        self.said: list[str] = []
        self._contexts: list[Any] = []

    def page(self, *, width: int = WIDE, scheme: Any = "light", signed_in: bool = True) -> Page:
        context = self.browser.new_context(
            base_url=self.world.url, viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        context.set_default_timeout(WAIT)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", self._asked)
        page.on("console", lambda one: self.said.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("dialog", self._opened)
        if signed_in:
            self.enter(page)
        return page

    def _asked(self, one: Any) -> None:
        if not one.url.startswith(self.world.url):
            self.foreign.append(one.url)

    def _opened(self, one: Any) -> None:
        self.said.append(f"dialog: {one.message}")
        one.dismiss()

    def enter(self, page: Page, token: str = OPERATOR) -> None:
        page.goto("/login")
        page.get_by_label("Token").fill(token)
        page.get_by_label("Your name").fill("Ann")
        page.get_by_role("button", name="Sign in").click()

    def close(self) -> None:
        for one in self._contexts:
            one.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path, count=60)
    found.memory.slots["u1", "w1"] = State("1", "0", Phase.FAILED, error="no space")
    found.turn()
    found.record(Drifted(at=NOW, run="r", fleet="fleet", unit=Ref("u1", "u1"), workload=Ref("w1", "poller"), was="1", now="0", desired="1"))  # fmt: skip
    return found


@pytest.fixture
def visit(browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    monkeypatch.setattr(streaming, "GATHERING", 0.0)
    with serving(world):
        found = Visit(browser, world)
        yield found
        found.close()
    assert found.foreign == []
    assert found.said == []


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")])
def test_every_page_fits_and_is_accessible(visit: Visit, width: int, scheme: str) -> None:
    page = visit.page(width=width, scheme=scheme)
    axe = Axe()
    for path in PAGES:
        page.goto(path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{path} is {wider} px wider than the window"
        found = axe.run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_news_appears_by_itself_and_what_somebody_types_stays(visit: Visit) -> None:
    world = visit.world
    page = visit.page()
    page.goto("/fleets/fleet")
    expect(page.locator("#live")).to_have_text("Live.")
    page.locator("details summary", has_text="As a table").first.click()
    world.memory.set("u1", "1")
    world.memory.set("u0", "2")
    world.turn()
    expect(page.locator(".wave").first).to_contain_text("succeeded")
    expect(page.locator("details[open] summary").first).to_have_text("As a table")
    reason = page.locator("form[action='/passes'] input[name=reason]")
    reason.fill("because")
    world.memory.set("u2", "2")
    world.turn()
    expect(page.locator("#live")).to_have_text("There is something new; it appears when the form is empty.")
    expect(reason).to_have_value("because")


def test_what_is_pressed_has_its_effect(visit: Visit) -> None:
    page = visit.page()
    page.goto("/fleets/fleet")
    page.locator("summary", has_text="Pause").click()
    form = page.locator("form[action='/fleets/fleet/rollouts']")
    form.get_by_label("Reason").fill("support calls")
    form.get_by_role("button").click()
    expect(page.locator("main")).to_contain_text("the next pass goes by it")
    (event,) = visit.world.heard
    assert isinstance(event, Ruled)
    assert (event.ruling.by, event.ruling.reason) == ("Ann", "support calls")
    page.get_by_role("link", name="Back").click()
    page.locator("form[action='/fleets/fleet/suspension']").get_by_label("Reason").fill("audit")
    page.get_by_role("button", name="Suspend").click()
    expect(page.locator("pre")).to_contain_text("+ suspend: <b>", use_inner_text=True)


def test_a_wrong_token_says_so_and_shows_nothing(visit: Visit) -> None:
    page = visit.page(signed_in=False)
    visit.enter(page, "wrong-token-0123456")
    expect(page.get_by_role("alert")).to_have_text("This token is not one of this page.")
    page.goto("/fleets/fleet")
    expect(page).to_have_url(re.compile("/login"))
    visit.said[:] = [one for one in visit.said if "401" not in one]  # the browser itself says what it was answered


def test_the_map_is_walked_by_keyboard_and_opens_a_unit(visit: Visit) -> None:
    page = visit.page()
    page.goto("/fleets/fleet")
    frame = page.locator("[data-map]")
    frame.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".said")).to_contain_text("u8: out-of-sync")  # as ids are sorted: …, u7, u8, u9
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("u8")


def test_the_theme_is_kept(visit: Visit) -> None:
    page = visit.page()
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    page.goto("/history")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_nothing_in_a_name_runs(browser: Browser, tmp_path: Path) -> None:
    world = World(tmp_path, asked=request(f"2{HARM}", rollout=WAVES))
    world.memory.names = {"u1": HARM}
    world.memory.slots["u1", "w1"] = State(HARM, HARM, Phase.FAILED, error=HARM)
    world.turn()
    world.record(Note(at=NOW, run=HARM, level="error", message=HARM, fleet="fleet"))
    with serving(world):
        visit = Visit(browser, world)
        page = visit.page()
        for path in PAGES:
            page.goto(path)
        page.goto("/fleets/fleet")
        page.locator("[data-map]").hover(position={"x": 24, "y": 8})
        expect(page.locator(".said")).to_contain_text("alert(1)")
        visit.close()
    assert (visit.said, visit.foreign) == ([], [])
