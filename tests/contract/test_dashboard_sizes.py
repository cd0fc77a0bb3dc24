"""The built page stays within its budget and its policy."""

import gzip
import re
from pathlib import Path

import pytest

from plumbing.built_page import build_page
from plumbing.deploy_scripts import load_script

script = load_script("build_dashboard")
DIST: Path = script.DIST
ASSETS = DIST / "assets"
FIRST_SCRIPTS_BYTES_MAX = 150_000
FIRST_STYLES_BYTES_MAX = 25_000
FONT_BYTES_MAX = 50_000
SCREEN_BYTES_MAX = 20_000
FIRST_TEXTS = ("common", "states")  # FIRST_PARTS of the page's i18n/messages.ts


@pytest.fixture(scope="module", autouse=True)
def _build() -> None:
    build_page()


def packed_bytes(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), compresslevel=9))


def first_files(ending: str) -> list[Path]:
    """Return what the page loads before any screen, by its own index.html, without texts."""
    names = re.findall(r'(?:src|href)="/(assets/[^"]+)"', (DIST / "index.html").read_text())
    files = [DIST / name for name in names if name.endswith(ending)]
    assert files
    return files


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_first_load_is_small(language: str) -> None:
    texts = [file for part in FIRST_TEXTS for file in ASSETS.glob(f"text-{language}-{part}-*.js")]
    assert len(texts) == len(FIRST_TEXTS)
    assert sum(map(packed_bytes, first_files(".js") + texts)) <= FIRST_SCRIPTS_BYTES_MAX


def test_the_first_styles_are_small() -> None:
    assert sum(map(packed_bytes, first_files(".css"))) <= FIRST_STYLES_BYTES_MAX


def test_each_screen_is_small() -> None:
    screens = sorted(ASSETS.glob("*Screen-*.js"))
    assert len(screens) >= 3
    sizes = {file.name: packed_bytes(file) for file in screens}
    assert {name: size for name, size in sizes.items() if size > SCREEN_BYTES_MAX} == {}


def test_there_is_one_small_font() -> None:
    fonts = list(ASSETS.glob("*.woff2"))
    assert len(fonts) == 1
    assert fonts[0].stat().st_size <= FONT_BYTES_MAX


def test_the_page_has_nothing_that_its_policy_blocks() -> None:
    page = (DIST / "index.html").read_text()
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)| style=| on[a-z]+=", page)
    styles = "".join(file.read_text() for file in ASSETS.glob("*.css"))
    assert not re.search(r"url\(\s*[\"']?(?:data:|https?:|//)", styles)
