"""The web page in a real browser, served by `werknetz up`: signing in, looking, losing the API."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from plumbing.browser import sign_in
from plumbing.platform import Platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_person_signs_in_looks_around_and_out(core: Platform, page: Page, tmp_path: Path) -> None:
    _sign_in_by_form(page, core.key)
    sign_in(page, core.key)
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
    assert core.key not in page.url
    _look_around(page)
    _walk_by_keyboard(page)
    _show_on_a_wall(page)
    _print_on_one_page(page, tmp_path)
    core.children["core"].kill()
    expect(page.get_by_text("The API does not answer since")).to_be_visible()
    expect(page.get_by_text("emden-1")).to_be_visible()  # the last picture stays
    core.start("core", "up", "--port", str(core.port))
    expect(page.get_by_text("The API does not answer since")).to_be_hidden()


def _sign_in_by_form(page: Page, key: str) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="API key").fill("wn_wrong_0")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Trace id")
    page.get_by_role("textbox", name="API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


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


def _show_on_a_wall(page: Page) -> None:
    page.goto("/?kiosk=1")
    expect(page.get_by_role("timer")).to_contain_text("CET")
    expect(page.get_by_role("navigation", name="Screens")).to_be_hidden()
    page.keyboard.press("f")
    expect(page.get_by_role("navigation", name="Screens")).to_be_visible()


def _print_on_one_page(page: Page, folder: Path) -> None:
    page.goto("/plant/nordwerk/zwick-2")
    expect(page.get_by_role("heading", level=1)).to_have_text("zwick-2")
    file = folder / "plant.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", file.read_bytes())) == 1
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("nordwerk")
