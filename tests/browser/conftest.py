"""One Chromium and one report for every test that looks at a page as people meet it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from flows.answers.reporting import write_reports
from tests.browser.campaign import MADE_AT, build

# Every worker collects these tests, and one runs them.
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

# Without a sandbox, because containers and root have none; and nothing that calls home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    # Containers have little shared memory.
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "Chromium is missing; install it (on Debian and Ubuntu: apt-get install chromium)"

SIZES: dict[str, ViewportSize] = {
    "small": {"width": 320, "height": 640},
    "phone": {"width": 390, "height": 844},
    "wide": {"width": 1280, "height": 900},
}


@dataclass
class Opened:
    """A page in a window, and everything that it said or asked for while it was loaded."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


Open = Callable[..., Opened]
Scheme = Literal["light", "dark"]


# Playwright's loop runs in the thread of the tests, where others begin loops of their own; it ends with the
# file.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a campaign whose every name is hostile."""
    folder = tmp_path_factory.mktemp("browser")
    (written,) = write_reports(build(folder), folder / "reports", MADE_AT)
    return written.page


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Open]:
    """Opens the report in a window of its own, to be used: opened("phone", "dark")."""
    windows: list[Opened] = []

    def load(size: str, scheme: Scheme = "light", **options: Any) -> Opened:
        windows.append(_open(browser, report, scheme, size, **options))
        return windows[-1]

    yield load
    for window in windows:
        window.page.context.close()


@pytest.fixture(scope="module")
def seen(browser: Browser, report: Path) -> Open:
    """The report in a window that tests share, drawn to a size: it is looked at, and nothing is touched."""
    window = cache(lambda scheme: _open(browser, report, scheme))

    def look(size: str, scheme: Scheme = "light") -> Opened:
        found = window(scheme)
        found.page.set_viewport_size(SIZES[size])
        return found

    return look


@pytest.fixture(scope="module")
def unfolded(browser: Browser, report: Path) -> Open:
    """The same with every fold open."""

    @cache
    def window(scheme: Scheme) -> Opened:
        found = _open(browser, report, scheme)
        found.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        return found

    def look(size: str, scheme: Scheme = "light") -> Opened:
        found = window(scheme)
        found.page.set_viewport_size(SIZES[size])
        return found

    return look


def _open(browser: Browser, report: Path, scheme: Scheme, size: str = "phone", **options: Any) -> Opened:
    context = browser.new_context(
        viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce", **options
    )
    opened = Opened(context.new_page())
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
    opened.page.goto(report.as_uri())
    return opened
