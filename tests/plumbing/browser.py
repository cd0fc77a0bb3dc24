"""The system's Chromium, and tabs in it that break no rule of the page."""

import os
import re
import shutil
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

from plumbing.missing import missing
from plumbing.servers import Answer, run

WAIT_MS = 120_000


def find_chromium() -> str:
    """Return its program."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium is not installed: apt-get install chromium")
    return program


@contextmanager
def open_chromium(program: str) -> Iterator[Browser]:
    # No request leaves the machine: an identity provider's pages name fonts of another host.
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:  # without user namespaces for the sandbox
        arguments.append("--no-sandbox")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_tab(browser: Browser, base: str, locale: str = "en-GB") -> Iterator[Page]:
    """Yield a tab of a session of its own, in another time zone than any plant's.

    At the end it must have had no error, broken no policy and asked no other host.
    """
    context = browser.new_context(base_url=base, locale=locale, timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    try:
        with _watch(page, base):
            yield page
    finally:
        context.close()


@contextmanager
def _watch(page: Page, base: str) -> Iterator[None]:
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
    yield
    assert faults == [], "\n".join(faults)


def sign_in(page: Page, key: str) -> None:
    """Open the link that the demo prints; what was signed in before is signed out."""
    page.goto("about:blank")
    page.goto(f"/#key={key}")
    expect(page).to_have_url(re.compile("^[^#]*$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def run_apart(work: Coroutine[object, object, Answer]) -> Answer:
    """Run in a thread of its own: in that of the test runs the loop of the browser."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run, work).result()
