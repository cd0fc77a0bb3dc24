"""The OpenAPI document is a promise: a change of it is seen, and kept on purpose.

To keep a change: WERKNETZ_KEEP_SNAPSHOTS=1 pytest tests/contract/werknetz_core
"""

import json
import os
import re
from pathlib import Path

import pytest

from werknetz_core.app import create_app
from werknetz_core.docs import endpoints as docs
from werknetz_core.settings import CoreSettings

SNAPSHOT = Path(__file__).with_name("openapi.json")


def test_the_document_is_the_one_that_was_promised() -> None:
    document = create_app(CoreSettings("postgresql://nowhere")).openapi()
    document["info"]["version"] = "any"
    now = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("WERKNETZ_KEEP_SNAPSHOTS"):
        SNAPSHOT.write_text(now)
    assert SNAPSHOT.read_text() == now, "see this file's docstring to keep the change"


@pytest.mark.parametrize("name", ["page.html", "page.js", "page.css"])
def test_the_documentation_loads_nothing_from_elsewhere(name: str) -> None:
    text = (docs.FOLDER / name).read_text()
    assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)
    assert "@import" not in text
    if name == "page.html":  # our content security policy forbids inline code
        assert not re.search(r"<script(?![^>]*src)|<style|\bon[a-z]+=", text)
