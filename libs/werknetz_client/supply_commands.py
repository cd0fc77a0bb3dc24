"""`werknetz supply suppliers | call-offs | due-lines | shipments | findings | cumulatives`."""

from collections.abc import Mapping
from typing import Annotated, Final

import typer

from werknetz.runtime.command import group
from werknetz_client.client import Client
from werknetz_client.commands import Output
from werknetz_client.tables import Cell, amount, clock, hours, show, text, yes_no

Columns = Mapping[str, tuple[str, Cell]]
Supplier = Annotated[list[str] | None, typer.Option(help="Key or number; repeated: any.")]
Material = Annotated[list[str] | None, typer.Option(help="Any number of it; repeated: any.")]
Site = Annotated[list[str] | None, typer.Option(help="Key or code; repeated: any.")]
State = Annotated[list[str] | None, typer.Option(help="Repeated: any.")]
Start = Annotated[str | None, typer.Option(help="-7d, day:today, 2026-11-20 …")]
End = Annotated[str | None, typer.Option(help="As start; none: now.")]
Limit = Annotated[int, typer.Option(help="Rows at most.", min=1)]
Form = Annotated[Output, typer.Option("--output", "-o")]

SUPPLIERS: Final[Columns] = {
    "supplier": ("key", text), "name": ("name", text), "delivers to": ("sites", text),
    "parts": ("relations", amount), "open": ("open_lines", amount),
    "overdue": ("overdue_lines", amount), "findings": ("open_findings", amount),
}  # fmt: skip
_OF: Final[Columns] = {"supplier": ("supplier", text), "material": ("material", text)}
CALL_OFFS: Final[Columns] = {
    **_OF, "to": ("site", text), "document": ("document", text), "issued": ("issued_at", clock),
    "state": ("state", text), "in force from": ("in_force_from", clock),
    "to ": ("in_force_to", clock), "entries": ("entries", amount),
    "quantity": ("quantity", amount),
}  # fmt: skip
DUE_LINES: Final[Columns] = {
    **_OF, "to": ("site", text), "document": ("document", text), "due": ("due_from", clock),
    "on time until": ("window_until", clock), "quantity": ("quantity", amount),
    "open": ("open_quantity", amount), "late": ("late", yes_no), "by": ("delay_s", hours),
}  # fmt: skip
SHIPMENTS: Final[Columns] = {
    "number": ("id", text), "supplier": ("supplier", text), "to": ("site", text),
    "document": ("document", text), "announced": ("announced_at", clock),
    "arrives": ("arrives_at", clock), "state": ("state", text),
    "received": ("received_at", clock), "lines": ("line_count", amount),
}  # fmt: skip
CUMULATIVES: Final[Columns] = {
    **_OF, "to": ("site", text), "dock": ("dock", text), "since": ("zero_at", clock),
    "demanded": ("demanded", amount), "received": ("received", amount),
    "in transit": ("in_transit", amount), "open": ("open", amount),
    "customer says": ("stated_received", amount), "supplier says": ("stated_delivered", amount),
}  # fmt: skip
FINDINGS: Final[Columns] = {
    "at": ("at", clock), "kind": ("kind", text), "supplier": ("supplier", text),
    "material": ("material", text), "warehouse": ("warehouse", text), "what": ("detail", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    desk = group(app, "supply", "Suppliers and what they deliver: open, late, not as announced.")
    for name, command in (
        ("suppliers", suppliers), ("call-offs", call_offs), ("due-lines", due_lines),
        ("shipments", shipments), ("cumulatives", cumulatives), ("findings", findings),
    ):  # fmt: skip
        desk.command(name)(command)


def suppliers(limit: Limit = 100, output: Form = Output.TABLE) -> None:
    """List suppliers with what is open, overdue and does not fit together."""
    with Client() as client:
        show(client.suppliers.iter(limit=_page(limit)), SUPPLIERS, output, most=limit)


def call_offs(
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    at: Annotated[str | None, typer.Option(help="Those in force at this time.")] = None,
    known_at: Annotated[str | None, typer.Option(help="… as it was known then.")] = None,
    limit: Limit = 50,
    output: Form = Output.TABLE,
) -> None:
    """List call-offs, newest first: every version, or those in force at a moment."""
    with Client() as client:
        rows = client.call_offs.iter(
            supplier=supplier, material=material, site=site, state=state, at=at,
            known_at=known_at, limit=_page(limit),
        )  # fmt: skip
        show(rows, CALL_OFFS, output, most=limit)


def due_lines(
    *,
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    late: Annotated[
        bool, typer.Option("--late", help="Only what is overdue or came late.")
    ] = False,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: Form = Output.TABLE,
) -> None:
    """List what is due when, and what of it came."""
    with Client() as client:
        rows = client.due_lines.iter(
            supplier=supplier, material=material, site=site, state=state, start=start, end=end,
            late="true" if late else None, limit=_page(limit),
        )  # fmt: skip
        show(rows, DUE_LINES, output, most=limit)


def shipments(
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    state: State = None,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: Form = Output.TABLE,
) -> None:
    """List shipments, newest first: where each is."""
    with Client() as client:
        rows = client.shipments.iter(
            supplier=supplier, material=material, site=site, state=state, start=start, end=end,
            limit=_page(limit),
        )  # fmt: skip
        show(rows, SHIPMENTS, output, most=limit)


def cumulatives(
    supplier: Supplier = None,
    material: Material = None,
    site: Site = None,
    different: Annotated[
        bool, typer.Option("--different", help="Only where messages say another sum.")
    ] = False,
    limit: Limit = 50,
    output: Form = Output.TABLE,
) -> None:
    """List cumulative quantities: demanded − received − in transit since the zero date."""
    with Client() as client:
        rows = client.cumulatives.iter(
            supplier=supplier, material=material, site=site,
            different="true" if different else None, limit=_page(limit),
        )  # fmt: skip
        show(rows, CUMULATIVES, output, most=limit)


def findings(
    *,
    kind: Annotated[list[str] | None, typer.Option(help="Such as over_delivery.")] = None,
    supplier: Supplier = None,
    material: Material = None,
    warehouse: Annotated[list[str] | None, typer.Option(help="Key or code.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is no longer so.")] = False,
    start: Start = None,
    end: End = None,
    limit: Limit = 50,
    output: Form = Output.TABLE,
) -> None:
    """List what messages say that does not fit together, newest first."""
    with Client() as client:
        rows = client.findings.iter(
            kind=kind, supplier=supplier, material=material, warehouse=warehouse, start=start,
            end=end, open=None if every else "true", limit=_page(limit),
        )  # fmt: skip
        show(rows, FINDINGS, output, most=limit)


def _page(limit: int) -> int:
    """Ask for one more than is shown, to see whether there are more; a page has at most 1000."""
    return min(limit + 1, 1000)
