"""What tests of the page share: its build, a browser, the API that serves it, a tab on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from plumbing.browser import find_chromium, open_chromium, open_tab
from plumbing.built_page import build_page
from plumbing.first_rows import add_key, add_plants
from plumbing.platform import Platform, api_alone, serving
from plumbing.servers import run


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program of the browser."""
    return find_chromium()


@pytest.fixture(scope="session")
def built_page(chromium: str) -> None:
    """The page, built; not without a browser that could show it."""
    build_page()


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    """A fixture that runs code of asyncio must come before it: it has the loop of the thread."""
    with open_chromium(chromium) as started:
        yield started


@pytest.fixture
def key(database_url: str) -> str:
    """A viewer's. A module that needs other rows or rights has a fixture of this name."""
    run(add_plants(database_url))
    return run(add_key(database_url, "shift lead", "viewer"))


@pytest.fixture
def core(
    tmp_path: Path, database_url: str, redis_url: str, key: str, built_page: None
) -> Iterator[Platform]:
    """`werknetz up` with the page, over the rows of `key`; what is started beside it ends, too."""
    platform = api_alone(tmp_path, database_url, redis_url)
    platform.key = key
    with serving(platform):
        yield platform


@pytest.fixture
def page(core: Platform, browser: Browser) -> Iterator[Page]:
    with open_tab(browser, core.url) as tab:
        yield tab
