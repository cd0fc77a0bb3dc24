"""`werknetz supply`: suppliers with their rates, call-offs, due lines, shipments, findings."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    hours,
    print_collection,
    prose,
    share_text,
    text,
    timestamp,
    yes_no,
)

Supplier = Annotated[list[str] | None, typer.Option(help="Key or number; repeated: any.")]
Material = Annotated[list[str] | None, typer.Option(help="Any of its part numbers; repeated: any.")]
Site = Annotated[list[str] | None, typer.Option(help="Key or code; repeated: any.")]
State = Annotated[list[str] | None, typer.Option(help="Repeated: any.")]
Start = Annotated[str | None, typer.Option(help="-7d, day:today, 2026-11-20 …")]
End = Annotated[str | None, typer.Option(help="As start; default: now.")]

SUPPLIERS: Final[Columns] = {
    "supplier": ("key", text), "name": ("name", text), "delivers to": ("sites", prose),
    "parts": ("relations", amount), "open": ("open_lines", amount),
    "overdue": ("overdue_lines", amount), "findings": ("open_findings", amount),
}  # fmt: skip


def percent(value: Any) -> str:
    return share_text(value, 1)


RANKING: Final[Columns] = {
    "rank": ("rank", amount), "supplier": ("key", text), "lines": ("lines_due", amount),
    "OTIF": ("otif", percent), "on time": ("on_time", percent), "in full": ("in_full", percent),
    "median delay": ("median_delay_s", hours), "open": ("open_lines", amount),
    "overdue": ("overdue_lines", amount), "policy": ("policies", prose),
}  # fmt: skip
_OF: Final[Columns] = {"supplier": ("supplier", text), "material": ("material", text)}
CALL_OFFS: Final[Columns] = {
    **_OF, "document": ("document", text), "issued": ("issued_at", timestamp),
    "state": ("state", text), "to": ("site", text), "in force from": ("in_force_from", timestamp),
    "until": ("in_force_to", timestamp), "entries": ("entries", amount),
    "quantity": ("quantity", amount),
}  # fmt: skip
DUE_LINES: Final[Columns] = {
    **_OF, "due": ("due_from", timestamp), "quantity": ("quantity", amount),
    "open": ("open_quantity", amount), "late": ("late", yes_no), "by": ("delay_s", hours),
    "document": ("document", text), "to": ("site", text),
    "on time until": ("window_until", timestamp),
}  # fmt: skip
SHIPMENTS: Final[Columns] = {
    "number": ("id", text), "supplier": ("supplier", text), "to": ("site", text),
    "document": ("document", text), "announced": ("announced_at", timestamp),
    "arrives": ("arrives_at", timestamp), "state": ("state", text),
    "received": ("received_at", timestamp), "lines": ("line_count", amount),
}  # fmt: skip
CUMULATIVES: Final[Columns] = {
    **_OF, "to": ("site", text), "dock": ("dock", text), "since": ("zero_at", timestamp),
    "demanded": ("demanded", amount), "received": ("received", amount),
    "in transit": ("in_transit", amount), "open": ("open", amount),
    "customer states": ("stated_received", amount), "supplier states": ("stated_delivered", amount),
}  # fmt: skip
FINDINGS: Final[Columns] = {
    "at": ("at", timestamp), "kind": ("kind", text), "detail": ("detail", prose),
    "supplier": ("supplier", text), "material": ("material", text),
    "warehouse": ("warehouse", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "supply", "Suppliers and their deliveries.")
    for name, command in (
        ("suppliers", suppliers), ("ranking", ranking), ("call-offs", call_offs),
        ("due-lines", due_lines),
        ("shipments", shipments), ("cumulatives", cumulatives), ("findings", findings),
    ):  # fmt: skip
        commands.command(name)(command)


def suppliers(limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List suppliers with their open and overdue lines and open findings."""
    with Client() as client:
        print_collection(client.suppliers, SUPPLIERS, output, limit=limit, wide=wide)


def ranking(
    start: Annotated[str, typer.Option(help="Of the rates, in whole days.")] = "-28d",
    end: End = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List suppliers with their rates, the lowest OTIF first; few lines have no rank."""
    filters = {"with": "kpis", "sort": "rank", "start": start, "end": end}
    with Client() as client:
        print_collection(
            client.suppliers, RANKING, output, limit=limit, wide=wide, rows_of=_with_kpis, **filters
        )


def _with_kpis(row: Row) -> Iterator[Row]:
    yield {**row, **(row["kpis"] or {})}


def call_offs(
    *,
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    at: Annotated[str | None, typer.Option(help="Only those in force at this time.")] = None,
    known_at: Annotated[str | None, typer.Option(help="… as known at this time.")] = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List call-offs, newest first: every version, or those in force at a time."""
    with Client() as client:
        print_collection(
            client.call_offs, CALL_OFFS, output, limit=limit, wide=wide,
            supplier=supplier, material=material, site=site, state=state, at=at,
            known_at=known_at,
        )  # fmt: skip


def due_lines(
    *,
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    late: Annotated[
        bool, typer.Option("--late", help="Only lines overdue or received late.")
    ] = False,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List due lines: what was due when, and what was received of it."""
    with Client() as client:
        print_collection(
            client.due_lines, DUE_LINES, output, limit=limit, wide=wide,
            supplier=supplier, material=material, site=site, state=state, start=start, end=end,
            late="true" if late else None,
        )  # fmt: skip


def shipments(
    *,
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List shipments, newest first, with their state."""
    with Client() as client:
        print_collection(
            client.shipments, SHIPMENTS, output, limit=limit, wide=wide,
            supplier=supplier, material=material, site=site, state=state, start=start, end=end,
        )  # fmt: skip


def cumulatives(
    *,
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    different: Annotated[
        bool, typer.Option("--different", help="Only where messages state another sum.")
    ] = False,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List cumulative quantities: demanded − received − in transit since the zero date."""
    with Client() as client:
        print_collection(
            client.cumulatives, CUMULATIVES, output, limit=limit, wide=wide,
            supplier=supplier, material=material, site=site,
            different="true" if different else None,
        )  # fmt: skip


def findings(
    *,
    kind: Annotated[list[str] | None, typer.Option(help="Such as over_delivery.")] = None,
    supplier: Supplier = None,
    material: Material = None,
    warehouse: Annotated[list[str] | None, typer.Option(help="Key or code.")] = None,
    include_closed: Annotated[
        bool, typer.Option("--all", help="Include findings that no longer apply.")
    ] = False,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List contradictions between messages, newest first."""
    with Client() as client:
        print_collection(
            client.findings, FINDINGS, output, limit=limit, wide=wide,
            kind=kind, supplier=supplier, material=material, warehouse=warehouse, start=start,
            end=end, open=None if include_closed else "true",
        )  # fmt: skip
