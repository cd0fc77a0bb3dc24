"""The web page in a real browser, served by `werknetz up`: signing in, looking, losing the API."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from playwright.sync_api import Page, expect

from plumbing.built_page import build_page
from plumbing.platform import Platform
from plumbing.servers import run
from plumbing.waiting import eventually
from werknetz_core.access.keys import generate_key

from .test_sign_in import CHROMIUM, WAIT_MS, _add_plants, _is_ready, open_chromium

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def _add_key(url: str) -> str:
    key = generate_key()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'shift lead', 'viewer')",
        key.prefix,
        key.hash,
    )
    await connection.close()
    return key.key


@contextmanager
def watched_page(page: Page, base: str) -> Iterator[list[str]]:
    """Yield what must stay empty: errors, breaches of the policy, requests to other hosts."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    page.on(
        "request",
        lambda sent: None if sent.url.startswith(base) else faults.append(f"asks {sent.url}"),
    )
    yield faults
    assert faults == []


def test_a_person_signs_in_looks_around_and_out(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    if CHROMIUM is None:
        missing = "Chromium is not installed: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    build_page()
    run(_add_plants(database_url))
    key = run(_add_key(database_url))
    platform = Platform(
        tmp_path,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_WIDE_PROCESS": "0",
        },
    )
    base = f"http://127.0.0.1:{platform.port}"
    core = platform.start("core", "up", "--port", str(platform.port))
    try:
        eventually(lambda: _is_ready(base), within_s=120, what=lambda: core.log_tail(50))
        with open_chromium(CHROMIUM) as browser:
            context = browser.new_context(locale="en-GB", timezone_id="America/Mexico_City")
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            expect.set_options(timeout=WAIT_MS)
            with watched_page(page, base):
                _sign_in_by_form(page, base, key)
                _sign_in_by_link(page, base, key)
                _look_around(page)
                _walk_by_keyboard(page)
                _show_on_a_wall(page, base)
                _print_on_one_page(page, base, tmp_path)
                core.kill()
                expect(page.get_by_text("The API does not answer since")).to_be_visible()
                expect(page.get_by_text("emden-1")).to_be_visible()  # the last picture stays
                again = platform.start("core", "up", "--port", str(platform.port))
                try:
                    expect(page.get_by_text("The API does not answer since")).to_be_hidden()
                finally:
                    again.kill()
    finally:
        core.kill()


def _sign_in_by_form(page: Page, base: str, key: str) -> None:
    page.goto(base)
    page.get_by_role("textbox", name="API key").fill("wn_wrong_0")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Trace id")
    page.get_by_role("textbox", name="API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def _sign_in_by_link(page: Page, base: str, key: str) -> None:
    page.goto("about:blank")
    page.goto(f"{base}/#key={key}")
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
    assert key not in page.url


def _look_around(page: Page) -> None:
    """Each plant is there; German and back; the plant's own screen and back by the address."""
    for plant in ("emden-1", "zwick-2", "palma-3"):
        expect(page.get_by_text(plant)).to_be_visible()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("button", name="Abmelden")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("button", name="English").click()
    for theme in ("dark", "light"):
        page.get_by_role("button", name=f"Switch to {theme} colours").click()
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)
    page.get_by_role("link", name="emden-1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("emden-1")
    expect(page.get_by_text("This plant has no line.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("emden-1")
    page.get_by_role("link", name="Losses of 7 days").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Losses")
    page.get_by_role("link", name="28 days").click()
    expect(page.get_by_text("Nothing was lost in this period")).to_be_visible()
    assert page.url.endswith("/losses?under=nordwerk%2Femden-1&by=line&start=-28d")
    page.get_by_role("link", name="Group", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")


def _walk_by_keyboard(page: Page) -> None:
    """Screens, the search and the list of keys without a mouse; keys can be switched off."""
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", level=1)).to_have_text("Losses")
    page.keyboard.press("/")
    page.keyboard.type("zwick-2")
    expect(page.get_by_role("dialog").get_by_role("link")).to_contain_text("zwick-2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("zwick-2")
    page.keyboard.press("?")
    switch = page.get_by_role("checkbox", name="Single keys do something")
    switch.uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.get_by_role("heading", level=1)).to_have_text("zwick-2")
    page.get_by_role("button", name="Keyboard").click()
    switch.check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")


def _show_on_a_wall(page: Page, base: str) -> None:
    page.goto(f"{base}/?kiosk=1")
    expect(page.get_by_role("timer")).to_contain_text("CET")
    expect(page.get_by_role("navigation", name="Screens")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.get_by_role("navigation", name="Screens")).to_be_visible()


def _print_on_one_page(page: Page, base: str, folder: Path) -> None:
    page.goto(f"{base}/plant/nordwerk/zwick-2")
    expect(page.get_by_role("heading", level=1)).to_have_text("zwick-2")
    file = folder / "plant.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", file.read_bytes())) == 1
    page.goto(base)
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
