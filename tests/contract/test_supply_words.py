"""What the command line shows and the client names is what the API has: one vocabulary."""

from collections.abc import Mapping

import httpx2
import pytest
from pydantic import BaseModel

from werknetz_client import Client, supply_commands
from werknetz_client.client import Collection
from werknetz_core.app import create_app
from werknetz_core.deliveries.schemas import CallOffView, CumulativeView, DueLineView, ShipmentView
from werknetz_core.findings.schemas import FindingView
from werknetz_core.settings import CoreSettings
from werknetz_core.suppliers.schemas import SupplierView

SHOWN = [
    (supply_commands.SUPPLIERS, SupplierView), (supply_commands.CALL_OFFS, CallOffView),
    (supply_commands.DUE_LINES, DueLineView), (supply_commands.SHIPMENTS, ShipmentView),
    (supply_commands.CUMULATIVES, CumulativeView), (supply_commands.FINDINGS, FindingView),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "view"), SHOWN, ids=lambda each: getattr(each, "__name__", ""))
def test_columns_are_fields(
    columns: Mapping[str, tuple[str, object]], view: type[BaseModel]
) -> None:
    assert {field for field, _ in columns.values()} <= set(view.model_fields)


def test_collections_are_routes() -> None:
    routes = create_app(CoreSettings("postgresql://nowhere")).openapi()["paths"]
    nowhere = httpx2.MockTransport(lambda _: httpx2.Response(500))
    with Client("http://core", "wn_x_y", transport=nowhere) as client:
        held = {name: one for name, one in vars(client).items() if isinstance(one, Collection)}
    assert {"suppliers", "call_offs", "stock_levels", "findings"} <= held.keys()
    assert not [one.name for one in held.values() if f"/api/v1/{one.name}" not in routes]
    # A name is the last word of its route: losses/early-warnings is early_warnings.
    for name, one in held.items():
        assert one.name.rpartition("/")[2].replace("-", "_") == name
