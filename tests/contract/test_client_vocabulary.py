"""Columns of the command line and collections of the client are fields and routes of the API."""

from collections.abc import Mapping

import httpx2
import pytest
from pydantic import BaseModel

from werknetz_client import Client
from werknetz_client.collections import AsyncCollection
from werknetz_client.commands import supply
from werknetz_client.commands.shop_floor import audit, quantities, reasons, shift_report, stops
from werknetz_core.app import create_app
from werknetz_core.audit.schemas import AuditView
from werknetz_core.deliveries.call_offs.schemas import CallOffView
from werknetz_core.deliveries.cumulatives.schemas import CumulativeView
from werknetz_core.deliveries.due_lines.schemas import DueLineView
from werknetz_core.deliveries.shipments.schemas import ShipmentView
from werknetz_core.findings.schemas import FindingView
from werknetz_core.quantities.schemas import QuantityView
from werknetz_core.reasons.schemas import ReasonCodeView, ReasonView
from werknetz_core.settings import CoreSettings
from werknetz_core.shift_reports.schemas import ReportedOrder, ScrapReason
from werknetz_core.stops.schemas import StopView
from werknetz_core.suppliers.schemas import SupplierView

TABLES = [
    (supply.SUPPLIERS, SupplierView), (supply.CALL_OFFS, CallOffView),
    (supply.DUE_LINES, DueLineView), (supply.SHIPMENTS, ShipmentView),
    (supply.CUMULATIVES, CumulativeView), (supply.FINDINGS, FindingView),
    (stops.STOPS, StopView), (reasons.REASONS, ReasonView), (reasons.CODES, ReasonCodeView),
    (quantities.QUANTITIES, QuantityView), (audit.AUDIT, AuditView),
    (shift_report.ORDERS, ReportedOrder), (shift_report.SCRAP, ScrapReason),
]  # fmt: skip

# Collections whose path is no name.
NAMES = {"losses/supply-caused": "supply_caused_losses"}


@pytest.mark.parametrize(
    ("columns", "view"), TABLES, ids=lambda value: getattr(value, "__name__", "")
)
def test_columns_are_fields(
    columns: Mapping[str, tuple[str, object]], view: type[BaseModel]
) -> None:
    assert {field for field, _ in columns.values()} <= set(view.model_fields)


def test_collections_are_routes() -> None:
    routes = create_app(CoreSettings("postgresql://nowhere")).openapi()["paths"]
    nowhere = httpx2.MockTransport(lambda _: httpx2.Response(500))
    with Client("http://core", "wn_x_y", transport=nowhere) as client:
        collections = {
            name: value.asynchronous.name
            for name, value in vars(client).items()
            if isinstance(getattr(value, "asynchronous", None), AsyncCollection)
        }
    assert {"suppliers", "call_offs", "stock_levels", "findings"} <= collections.keys()
    assert not [route for route in collections.values() if f"/api/v1/{route}" not in routes]
    for name, route in collections.items():
        assert NAMES.get(route, route.replace("/", "_")) == name
