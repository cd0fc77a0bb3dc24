"""Every screen of a demo, as its users see it: both languages, both themes, two widths."""

import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from plumbing.browser import open_tab, sign_in
from plumbing.installation import Installation

AXE = Path(__file__).parents[2] / "services/dashboard/node_modules/axe-core/axe.min.js"
WIDTHS = ((1440, 900), (390, 844))
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PLANT = "nordwerk/emden-1"
SETTLE_S = 15.0
LANGUAGES = {"en": "English", "de": "Deutsch"}
RUN_AXE = """async () => {
  const rules = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
  const found = await axe.run(document, rules);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def screens_of(demo: Installation) -> dict[str, str]:
    """Return the address of each screen, with equipment that the demo has."""
    machine = demo.get("equipment", under=PLANT, kind="machine")["items"][0]["path"]
    signal = demo.get("signals", under=machine)["items"][0]["id"]
    warehouse = demo.get("warehouses")["items"][0]["key"]
    return {
        "group": "/",
        "plant": f"/plant/{PLANT}",
        "line": f"/machine/{machine.rpartition('/')[0]}?start=-8h",
        "machine": f"/machine/{machine}?start=-8h",
        "losses": "/losses",
        "shift report": f"/report/{PLANT}?start=shift:previous",
        "trends": f"/trends?signal={signal}&start=-8h",
        "suppliers": "/suppliers",
        "warehouse": f"/warehouse/{warehouse}",
        "connectors": "/connectors",
        "data quality": "/quality",
        "targets": "/targets",
        "settings": "/settings/keys",
        "kiosk": "/?kiosk=1",
    }


def look_at_each_screen(demo: Installation, browser: Browser) -> None:
    """axe finds nothing, nothing scrolls sideways, and the console has no error."""
    base = f"http://127.0.0.1:{demo.port}"
    findings: list[str] = []
    for language in LANGUAGES:
        locale = f"{language}-{'GB' if language == 'en' else 'DE'}"
        with open_tab(browser, base, locale) as page:
            page.on("console", partial(_note_error, findings))
            sign_in(page, demo.key)
            for name, address in screens_of(demo).items():
                open_screen(page, address)
                for number, (theme, (width, height)) in enumerate(product(THEMES, WIDTHS)):
                    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                    page.set_viewport_size({"width": width, "height": height})
                    where = f"{name}, {language}, {theme}, {width} px"
                    # Each theme at each width in one of the languages: axe takes most of the time.
                    is_full = number % 3 == 0 if language == "en" else number % 3 != 0
                    findings += [f"{where}: {line}" for line in look(page, is_full=is_full)]
    assert findings == [], "\n".join(findings)


def _note_error(findings: list[str], line: ConsoleMessage) -> None:
    if line.type == "error":
        findings.append(f"console: {line.text} ({line.location.get('url')})")


def open_screen(page: Page, address: str) -> None:
    """Open a screen and wait until nothing of it is loading."""
    page.goto(address)
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main :is(h1, h2, [role=alert])").first).to_be_visible()
    expect(page.get_by_label("Loading").or_(page.get_by_label("Lädt"))).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


def look(page: Page, *, is_full: bool) -> list[str]:
    """Return whether the page scrolls sideways and, in full, what axe finds."""
    violations: list[str] = []
    if is_full:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        violations = page.evaluate(RUN_AXE)
    deadline_s = time.monotonic() + SETTLE_S  # charts follow the width
    while (sideways := page.evaluate(SIDEWAYS)) > 0 and time.monotonic() < deadline_s:
        page.wait_for_timeout(100)
    return [*violations, *([f"scrolls {sideways} px sideways"] if sideways > 0 else [])]
