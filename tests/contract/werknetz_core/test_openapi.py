"""The OpenAPI document is a contract: it changes on purpose only.

To accept a change: WERKNETZ_KEEP_SNAPSHOTS=1 pytest tests/contract/werknetz_core
"""

import json
import os
from pathlib import Path

from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

SNAPSHOT = Path(__file__).with_name("openapi.json")


def test_the_document_equals_the_snapshot() -> None:
    document = create_app(CoreSettings("postgresql://nowhere")).openapi()
    document["info"]["version"] = "any"
    current = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("WERKNETZ_KEEP_SNAPSHOTS"):
        SNAPSHOT.write_text(current)
    assert SNAPSHOT.read_text() == current, "see this file's docstring to accept the change"
