"""Parts of a demo that stop under an open page: it says so, the last picture stays, it recovers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil
from playwright.sync_api import Browser, Locator, Page, expect

from plumbing.browser import open_tab, sign_in
from plumbing.demo_page import GROUP, processes_of, server_of, suspend_all
from plumbing.installation import Installation

_OLD: Final = "What you see is"


def stop_each_part(demo: Installation, browser: Browser) -> None:
    with open_tab(browser, f"http://127.0.0.1:{demo.port}") as page:
        sign_in(page, demo.key)
        expect(page.get_by_role("heading", level=1)).to_have_text(GROUP)
        _stop_worker_and_others(demo, page)
        _stop_postgres(demo, page)


def _stop_worker_and_others(demo: Installation, page: Page) -> None:
    """Nothing is computed: the cards keep their instant, a line says that computing is behind.

    It does so after a minute and a half, in which Redis and the API go and come back.
    """
    behind = page.get_by_text("Computing is behind")
    expect(behind).to_be_hidden()
    as_of = page.get_by_text("as of").first
    began_s = time.monotonic()
    with suspend_all(processes_of(demo, "worker")):
        _stop_redis(demo, page)
        _stop_api(demo, page)
        before = as_of.inner_text()
        expect(behind).to_be_visible()
        shown_s = time.monotonic() - began_s
        assert as_of.inner_text() == before
    again_s = time.monotonic()
    expect(behind).to_be_hidden()
    print(f"worker: shown after {shown_s:.0f} s, gone after {time.monotonic() - again_s:.0f} s")


def _stop_redis(demo: Installation, page: Page) -> None:
    away = page.get_by_text("Redis does not answer")
    with _without(page, "Redis", server_of(demo, "valkey"), away):
        expect(page.get_by_text("werknetz doctor")).to_be_visible()


def _stop_postgres(demo: Installation, page: Page) -> None:
    """The API answers with its reason."""
    band = page.get_by_text("PostgreSQL").first
    with _without(page, "PostgreSQL", server_of(demo, "postgres"), band):
        expect(page.get_by_text(_OLD)).to_be_visible()
        hint = page.get_by_role("alert").first
        expect(hint).to_contain_text("Trace id")


def _stop_api(demo: Installation, page: Page) -> None:
    band = page.get_by_text("The API does not answer since")
    with _without(page, "API", processes_of(demo, "up"), band):
        expect(page.get_by_text(_OLD)).to_be_visible()


@contextmanager
def _without(
    page: Page, name: str, processes: list[psutil.Process], sign: Locator
) -> Iterator[None]:
    """Stop a part until the page says so; afterwards the page recovers by itself."""
    began_s = time.monotonic()
    with suspend_all(processes):
        expect(sign).to_be_visible()
        shown_s = time.monotonic() - began_s
        cards = page.get_by_role("list", name="Plants").get_by_role("article")
        assert cards.count() == 2  # the last picture stays
        yield
    again_s = time.monotonic()
    expect(sign).to_be_hidden()
    print(f"{name}: shown after {shown_s:.0f} s, gone after {time.monotonic() - again_s:.0f} s")
