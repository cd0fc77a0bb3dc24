"""`werknetz quantities list | enter | correct | withdraw | undo`: parts that people state."""

from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    AuditReason,
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    print_collection,
    print_items,
    print_lines,
    text,
    timestamp,
)

Number = Annotated[int, typer.Argument(help="Number of the quantity, as `list` shows it.")]
Reason = Annotated[str | None, typer.Option(help="Of scrap: `werknetz reasons list --kind scrap`.")]
Comment = Annotated[str | None, typer.Option(help="What happened.")]
QUANTITIES: Final[Columns] = {
    "id": ("id", text), "equipment": ("equipment", text), "at": ("at", timestamp),
    "kind": ("kind", text), "quantity": ("quantity", amount), "reason": ("reason", text),
    "order": ("order_number", text), "comment": ("comment", text), "by": ("entered_by", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "quantities", "Good parts, scrap and rework by people.")
    for name, command in (
        ("list", list_quantities), ("enter", enter), ("correct", correct),
        ("withdraw", withdraw), ("undo", undo),
    ):  # fmt: skip
        commands.command(name)(command)


def list_quantities(
    under: Annotated[str | None, typer.Option(help="This equipment and all below it.")] = None,
    start: Annotated[str | None, typer.Option(help="RFC 3339, -8h, …; default: all.")] = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the quantities that people entered, newest first."""
    with Client() as client:
        print_collection(
            client.quantity_entries, QUANTITIES, output, limit=limit, wide=wide, under=under,
            start=start,
        )  # fmt: skip


def enter(
    equipment: Annotated[str, typer.Argument(help="Path of a machine.")],
    at: Annotated[str, typer.Argument(help="When they were made: RFC 3339 with a zone.")],
    kind: Annotated[str, typer.Argument(help="good, scrap, rework or produced.")],
    *,
    quantity: Annotated[float, typer.Option(help="Negative: counted too much.")],
    since: Annotated[str | None, typer.Option(help="Take away from what counted since.")] = None,
    reason: Reason = None,
    order: Annotated[str | None, typer.Option(help="Order number.")] = None,
    comment: Comment = None,
    why: AuditReason = None,
) -> None:
    """Add parts that nobody counted, or take away what was counted too much."""
    with Client() as client:
        row = client.quantity_entries.enter(
            equipment, at, kind=kind, quantity=quantity, since=since, reason=reason,
            order_number=order, comment=comment, why=why,
        )  # fmt: skip
    _print_one(row)


def correct(
    number: Number,
    quantity: Annotated[float | None, typer.Option(help="The right quantity.")] = None,
    reason: Reason = None,
    comment: Comment = None,
    why: AuditReason = None,
) -> None:
    """Change a quantity; the former value stays in its history."""
    fields = {"quantity": quantity, "reason": reason, "comment": comment, "why": why}
    with Client() as client:
        row = client.quantity_entries.correct(
            number, **{name: value for name, value in fields.items() if value is not None}
        )
    _print_one(row)


def withdraw(number: Number, why: AuditReason = None) -> None:
    """Withdraw a quantity: it counts no more."""
    with Client() as client:
        client.quantity_entries.withdraw(number, why=why)
    print_lines(f"Quantity {number} is withdrawn; `werknetz quantities undo {number}` restores it.")


def undo(number: Number, why: AuditReason = None) -> None:
    """Undo the last change of a quantity."""
    with Client() as client:
        row = client.quantity_entries.undo(number, why=why)
    if row is None:
        print_lines(f"Quantity {number} counts no more.")
    else:
        _print_one(row)


def _print_one(row: Row) -> None:
    print_items([row], QUANTITIES, Output.TABLE)
