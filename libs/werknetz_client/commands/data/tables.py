"""Commands that list a collection as it is: gaps, orders, and what other groups lack."""

from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Under,
    Wide,
    amount,
    print_collection,
    prose,
    text,
    timestamp,
    yes_no,
)

Names = Annotated[list[str] | None, typer.Option(help="Repeated: any.")]
Start = Annotated[str | None, typer.Option(help="-7d, 2026-11-20 …; default: all.")]
End = Annotated[str | None, typer.Option(help="As start; default: now.")]

GAPS: Final[Columns] = {
    "connector": ("connector_id", text), "start": ("start", timestamp), "end": ("end", timestamp),
    "cause": ("cause", text), "source": ("source", text), "lost": ("estimate", amount),
    "backfilled": ("backfilled", yes_no), "detail": ("detail", prose),
}  # fmt: skip
ORDERS: Final[Columns] = {
    "order": ("order_number", text), "equipment": ("equipment", text),
    "material": ("material", text), "planned": ("planned_quantity", amount),
    "started": ("started_at", timestamp), "ended": ("ended_at", timestamp),
}  # fmt: skip
OPERATIONS: Final[Columns] = {
    "order": ("order_number", text), "operation": ("operation", text),
    "equipment": ("equipment", text), "material": ("material", text),
    "planned": ("planned_quantity", amount), "good": ("good_quantity", amount),
    "scrap": ("scrap_quantity", amount), "started": ("started_at", timestamp),
    "ended": ("ended_at", timestamp),
}  # fmt: skip
REPLAYS: Final[Columns] = {
    "id": ("id", text), "connector": ("connector_id", text), "mapping": ("mapping", text),
    "start": ("start", timestamp), "end": ("end", timestamp), "state": ("state", text),
    "inputs": ("inputs", amount), "by": ("requested_by", text), "error": ("error", prose),
}  # fmt: skip
SITES: Final[Columns] = {
    "site": ("key", text), "name": ("name", text), "supplier": ("partner", text),
    "plant": ("plant", text), "codes": ("identities", text),
}  # fmt: skip
POLICIES: Final[Columns] = {
    "supplier": ("supplier", text), "version": ("version", amount),
    "from": ("valid_from", timestamp), "by": ("created_by", text), "policy": ("text", prose),
}  # fmt: skip
RECEIPTS: Final[Columns] = {
    "received": ("received_at", timestamp), "supplier": ("supplier", text),
    "material": ("material", text), "quantity": ("quantity", amount), "unit": ("unit", text),
    "accepted": ("accepted_quantity", amount), "document": ("document", text),
    "delivery note": ("delivery_note", text), "discrepancy": ("discrepancy", prose),
}  # fmt: skip
WAREHOUSES: Final[Columns] = {
    "warehouse": ("key", text), "name": ("name", text), "code": ("code", text),
    "site": ("site", text), "plant": ("plant", text), "materials": ("materials", amount),
    "findings": ("open_findings", amount),
}  # fmt: skip
MOVEMENTS: Final[Columns] = {
    "at": ("at", timestamp), "kind": ("kind", text), "warehouse": ("warehouse", text),
    "material": ("material", text), "quantity": ("quantity", amount), "unit": ("unit", text),
    "balance": ("balance", amount), "difference": ("difference", amount),
    "document": ("document", text),
}  # fmt: skip
LINE_MATERIALS: Final[Columns] = {
    "equipment": ("equipment", text), "material": ("material", text),
    "warehouse": ("warehouse", text), "per item": ("quantity_per_item", amount),
    "items an hour": ("items_per_hour", amount), "minimum": ("minimum_quantity", amount),
    "from": ("valid_from", timestamp), "until": ("valid_to", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("gaps")(list_gaps)
    orders = get_or_add_group(app, "orders", "Production orders and their operations.")
    orders.command("list")(list_orders)
    orders.command("operations")(list_operations)
    get_or_add_group(app, "mapping", "Mappings.").command("replays")(list_replays)
    supply = get_or_add_group(app, "supply", "Suppliers and their deliveries.")
    supply.command("sites")(list_sites)
    supply.command("policies")(list_policies)
    supply.command("receipts")(list_receipts)
    stock = get_or_add_group(app, "stock", "Stock: levels, projection, days of supply.")
    stock.command("warehouses")(list_warehouses)
    stock.command("movements")(list_movements)
    materials = get_or_add_group(app, "materials", "Materials and their product families.")
    materials.command("lines")(list_line_materials)


def list_gaps(
    *,
    connector: Names = None,
    cause: Names = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List where data are missing and why, newest first; with a start, what overlaps the span."""
    with Client() as client:
        print_collection(
            client.gaps, GAPS, output, limit=limit, wide=wide, connector=connector, cause=cause,
            start=start, end=end,
        )  # fmt: skip


def list_orders(
    under: Under = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List production orders by machine."""
    with Client() as client:
        print_collection(client.orders, ORDERS, output, limit=limit, wide=wide, under=under)


def list_operations(
    under: Under = None,
    material: Names = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the operations of orders as systems planned and reported them."""
    with Client() as client:
        print_collection(
            client.operations, OPERATIONS, output, limit=limit, wide=wide, under=under,
            material=material,
        )  # fmt: skip


def list_replays(limit: Limit = 100, output: OutputOption = Output.TABLE) -> None:
    """List replays of mappings, newest first."""
    with Client() as client:
        print_collection(client.replays, REPLAYS, output, limit=limit)


def list_sites(limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List sites: ours have a plant, those of suppliers a supplier."""
    with Client() as client:
        print_collection(client.sites, SITES, output, limit=limit, wide=wide)


def list_policies(
    supplier: Names = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List every version of every supply policy; one without a supplier is the default."""
    with Client() as client:
        print_collection(
            client.supply_policies, POLICIES, output, limit=limit, wide=wide, supplier=supplier
        )


def list_receipts(
    supplier: Names = None,
    material: Names = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List goods receipts."""
    with Client() as client:
        print_collection(
            client.receipts, RECEIPTS, output, limit=limit, wide=wide, supplier=supplier,
            material=material,
        )  # fmt: skip


def list_warehouses(
    limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False
) -> None:
    """List warehouses."""
    with Client() as client:
        print_collection(client.warehouses, WAREHOUSES, output, limit=limit, wide=wide)


def list_movements(
    warehouse: Names = None,
    material: Names = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List stock movements and counts with the balance after each."""
    with Client() as client:
        print_collection(
            client.stock_movements, MOVEMENTS, output, limit=limit, wide=wide,
            warehouse=warehouse, material=material,
        )  # fmt: skip


def list_line_materials(
    under: Under = None,
    material: Names = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the materials that lines and machines consume."""
    with Client() as client:
        print_collection(
            client.line_materials, LINE_MATERIALS, output, limit=limit, wide=wide, under=under,
            material=material,
        )  # fmt: skip
