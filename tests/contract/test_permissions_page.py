"""The reference page of permissions says what the code does: each cell, and each route."""

import importlib.util
import re
from pathlib import Path

from werknetz_core.access.permissions import (
    PERMISSIONS_OF_ROLES,
    PERMISSIONS_OF_SCOPES,
    KeyRole,
    KeyScope,
)
from werknetz_core.access.require import permissions_by_route
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

ROOT = Path(__file__).resolve().parents[2]


def page() -> str:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/site/reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.PAGES["permissions"]()
    return text


def cells_of(text: str, heading: str) -> list[list[str]]:
    """Return the rows of the table below a heading, its head first."""
    section = text.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if not row[0].startswith("---")]


def members_of(text: str, heading: str) -> dict[str, set[str]]:
    (_, *names), *rows = cells_of(text, heading)
    matched = [(re.match(r"`([^`]+)`: \w", row[0]), row[1:]) for row in rows]
    return {
        name: {match[1] for match, marks in matched if match and marks[column] == "yes"}
        for column, name in enumerate(names)
    }


def test_each_cell_and_each_route() -> None:
    text = page()
    assert members_of(text, "Roles") == {role: set(PERMISSIONS_OF_ROLES[role]) for role in KeyRole}
    assert members_of(text, "Scopes") == {
        scope: set(PERMISSIONS_OF_SCOPES[scope]) for scope in KeyScope
    }
    _, *rows = cells_of(text, "Routes")
    app = create_app(CoreSettings("postgresql://nowhere"))
    assert {(row[1], row[0].strip("`"), row[2].strip("`")) for row in rows} == {
        (method, path.replace(":path}", "}"), "needs no key" if stated is None else stated)
        for method, path, stated in permissions_by_route(app)
    }
