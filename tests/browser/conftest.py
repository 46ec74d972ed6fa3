"""Pages in a real browser: Debian's Chromium, driven by Playwright. Without one these tests are skipped, and the summary says so.

A page may ask nobody for anything, say nothing on the console, and run nothing but our own scripts: `opened` holds every
page to that, whatever a test is about.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
WHY = "no Chromium on the PATH: install Debian's package `chromium` to run the tests in a browser"
NARROW, WIDE = 320, 1280


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process; no test sees another one's pages or storage."""
    with sync_playwright() as playwright:
        # as root a browser has no sandbox of its own, and in a container little shared memory
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield started
        started.close()


class Opened:
    """Opens files as pages, and remembers what they asked for and said."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[Any] = []
        self.asked: list[str] = []
        self.said: list[str] = []

    def __call__(self, text: str, *, width: int = WIDE, height: int = 800, scheme: Any = "light") -> Page:
        file = self._folder / f"page-{len(self._contexts)}.html"
        file.write_bytes(text.encode())
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", lambda one: self.asked.append(one.url))
        page.on("console", lambda one: self.said.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("dialog", self._dismiss)
        page.goto(file.as_uri())
        self.asked.remove(file.as_uri())
        return page

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        for one in self._contexts:
            one.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    found = Opened(browser, tmp_path)
    yield found
    found.close()
    assert found.asked == [], "a page asked somebody for something"
    assert found.said == [], "a page said something on the console, or something in it ran that is not ours"


def pytest_report_header() -> str:
    return f"browser: {CHROMIUM or WHY}"
