"""The OpenAPI document is a contract: it changes on purpose only.

To accept a change: WERKNETZ_KEEP_SNAPSHOTS=1 pytest tests/contract/werknetz_core
"""

import json
import os
from pathlib import Path

from werknetz_core.app import create_app
from werknetz_core.context.polling import KNOWN_AT
from werknetz_core.settings import CoreSettings

SNAPSHOT = Path(__file__).parents[3] / "services/dashboard/openapi.json"


def test_the_document_equals_the_snapshot() -> None:
    document = create_app(CoreSettings("postgresql://nowhere")).openapi()
    document["info"]["version"] = "any"
    current = json.dumps(document, indent=0, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("WERKNETZ_KEEP_SNAPSHOTS"):
        SNAPSHOT.write_text(current)
    assert SNAPSHOT.read_text() == current, "see this file's docstring to accept the change"


def test_refusals_of_as_of_name_the_routes_that_have_it() -> None:
    paths = json.loads(SNAPSHOT.read_text())["paths"]
    for name, routes in KNOWN_AT.items():
        with_parameter = {
            path.removeprefix("/api/v1/")
            for path, operations in paths.items()
            if any(p["name"] == name for p in operations.get("get", {}).get("parameters", ()))
        }
        named = {route.removesuffix(" of equipment") for route in routes}
        # The stops of one equipment are those of `stops`.
        assert with_parameter - {"equipment/{path}/stops"} == named
