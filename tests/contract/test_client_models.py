"""The client has every collection of the OpenAPI document: an attribute, its items as types.

`WERKNETZ_KEEP_SNAPSHOTS=1` writes the types anew.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, get_type_hints

import httpx2
import pytest
import typer.main

from plumbing.client_models import collections_of, instants_of, modules_of
from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.frame import INSTANTS
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

FOLDER = Path(__file__).resolve().parents[2] / "libs/werknetz_client/items"
DOCUMENT = create_app(CoreSettings("postgresql://nowhere")).openapi()
COLLECTIONS = collections_of(DOCUMENT)
# Collections whose attribute has another name than their path; a method where it is no collection.
ATTRIBUTES: Final = {
    "kpis": "kpis.definitions",
    "kpi_values": "kpis.values",
    "audit/chain": "audit.chain",
    "losses/supply-caused": "supply_caused_losses",
    "loss_times": "losses.times",
    "losses": "losses.ranking",
    "overview": "losses.overview",
    "comparisons": "losses.comparison",
}
# The command that shows each; None: the reason is beside it.
COMMANDS: Final = {
    "kpi_values": "kpi values",
    "kpis": "kpi definitions list",
    "kpi_definitions": "kpi definitions list",
    "annotations": "shift-report notes",
    "quantity_entries": "quantities list",
    "audit": "audit export",
    "audit/chain": "audit verify",
    "reasons": "reasons list",
    "reason_codes": "reasons codes",
    "stop_thresholds": "stops thresholds",
    "stops": "stops list",
    "plants": "equipment list",
    "equipment": "equipment list",
    "signals": "signals list",
    "samples": "samples",
    "shifts": "calendar shifts",
    "orders": "orders list",
    "operations": "orders operations",
    "suppliers": "supply suppliers",
    "sites": "supply sites",
    "supply_policies": "supply policies",
    "call_offs": "supply call-offs",
    "due_lines": "supply due-lines",
    "shipments": "supply shipments",
    "receipts": "supply receipts",
    "cumulatives": "supply cumulatives",
    "materials": "materials list",
    "line_materials": "materials lines",
    "line_rates": "losses rates",
    "warehouses": "stock warehouses",
    "stock_levels": "stock levels",
    "stock_movements": "stock movements",
    "stock_projection": "stock projection",
    "days_of_supply": "stock days",
    "shortage_warnings": "losses warnings",
    "findings": "findings",
    "characteristics": "equipment characteristics",
    "equipment_capacities": "equipment capacities",
    "energy_carriers": "energy list",
    "connectors": "connectors list",
    "gaps": "gaps",
    "backlog": "equipment backlog",
    "quarantine": "quarantine list",
    "quarantine/groups": "quarantine list",
    "events": "events list",
    "mappings": "mapping list",
    "replays": "mapping replays",
    "losses/supply-caused": "losses supply",
    "api_keys": "keys list",
    "loss_times": "losses times",
    "losses": "losses ranking",
    "targets": "targets list",
    "overview": "overview",
    "comparisons": "comparison",
    "sessions": "sessions list",
    "users": "users list",
}


def commands_of(group: object, words: tuple[str, ...] = ()) -> set[str]:
    nested = getattr(group, "commands", None)
    if not nested:
        return {" ".join(words)}
    return {
        name for word, command in nested.items() for name in commands_of(command, (*words, word))
    }


def test_the_types_are_those_of_the_document() -> None:
    texts = {
        name: subprocess.run(
            [sys.executable, "-m", "ruff", "format", "--stdin-filename", f"{name}.py", "-"],
            input=text, capture_output=True, text=True, check=True, cwd=FOLDER,
        ).stdout
        for name, text in modules_of(DOCUMENT).items()
    }  # fmt: skip
    if os.environ.get("WERKNETZ_KEEP_SNAPSHOTS"):
        for name, text in texts.items():
            (FOLDER / f"{name}.py").write_text(text, encoding="utf-8")
    assert texts == {
        file.stem: file.read_text(encoding="utf-8")
        for file in FOLDER.glob("*.py")
        if file.stem != "__init__"
    }


def test_the_instants_of_frames_are_those_of_the_document() -> None:
    assert instants_of(DOCUMENT) == INSTANTS


@pytest.mark.parametrize("path", COLLECTIONS)
def test_every_collection_has_an_attribute(path: str) -> None:
    nowhere = httpx2.MockTransport(lambda _: httpx2.Response(500))
    with Client("http://core", "wn_x_y", transport=nowhere) as client:
        name, _, method = ATTRIBUTES.get(path, path.replace("/", "_")).partition(".")
        collection = getattr(client, name)
        assert callable(getattr(collection, method or "frame"))


@pytest.mark.parametrize("path", COLLECTIONS)
def test_every_collection_has_a_command(path: str) -> None:
    command = COMMANDS[path]
    assert command is None or command in commands_of(typer.main.get_command(root()))


def test_items_are_types() -> None:
    from werknetz_client.items.plant import SignalSamplesItem

    assert get_type_hints(SignalSamplesItem)["id"] is int
