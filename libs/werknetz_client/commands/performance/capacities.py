"""`werknetz equipment capacities | capacity | characteristics`, `werknetz losses rates | rate`."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.output import (
    AuditReason,
    Columns,
    Limit,
    Output,
    OutputOption,
    Under,
    Wide,
    amount,
    print_collection,
    print_lines,
    text,
    timestamp,
)

Machine = Annotated[str, typer.Argument(help="Path of a machine.")]
Line = Annotated[str, typer.Argument(help="Path of a line.")]
Since = Annotated[str | None, typer.Option(help="RFC 3339 with a zone; default: now.")]
CAPACITIES: Final[Columns] = {
    "equipment": ("equipment", text), "items an hour": ("items_per_hour", amount),
    "since": ("valid_from", timestamp), "by": ("entered_by", text),
}  # fmt: skip
CHARACTERISTICS: Final[Columns] = {
    "characteristic": ("name", text), "measurements": ("measurements", amount),
    "lower limit": ("lower_limit", amount), "upper limit": ("upper_limit", amount),
    "unit": ("unit", text), "last": ("last_at", timestamp),
}  # fmt: skip
RATES: Final[Columns] = {
    "line": ("equipment", text), "an hour": ("per_hour", amount), "currency": ("currency", text),
    "since": ("valid_from", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    equipment = get_or_add_group(app, "equipment", "Equipment: list, rename, move, retire.")
    equipment.command("capacities")(list_capacities)
    equipment.command("capacity")(set_capacity)
    equipment.command("characteristics")(list_characteristics)
    losses = get_or_add_group(app, "losses", "Where time is lost, and supply-caused downtime.")
    losses.command("rates")(list_rates)
    losses.command("rate")(set_rate)


def list_capacities(
    under: Under = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what machines can produce in an hour of planned time."""
    with Client() as client:
        print_collection(
            client.equipment_capacities, CAPACITIES, output, limit=limit, wide=wide, under=under
        )


def set_capacity(
    machine: Machine,
    items: Annotated[
        float | None, typer.Argument(help="Items an hour of planned time; not with --delete.")
    ] = None,
    since: Since = None,
    reason: AuditReason = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the entry that begins at --since.")
    ] = False,
) -> None:
    """Set what a machine can produce, from an instant on; KPI equipment_load_ratio needs it."""
    if (items is None) is not delete:
        raise typer.BadParameter("give the items an hour, or --delete with --since")
    if delete and since is None:
        raise typer.BadParameter("--delete needs --since: `werknetz equipment capacities` lists it")
    valid_from = datetime.now(UTC).isoformat() if since is None else since
    with Client() as client:
        if delete:
            client.equipment_capacities.delete(machine, valid_from=valid_from)
            print_lines(f"{machine}: the capacity from {valid_from} on is deleted.")
            return
        body = {"items_per_hour": items, "valid_from": valid_from, "reason": reason}
        row = client.equipment_capacities.put(machine, body)
    print_lines(
        f"{machine}: {row['items_per_hour']:,g} items an hour from {timestamp(row['valid_from'])}"
    )


def list_characteristics(
    under: Under = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what was measured at machines: `werknetz kpi … --characteristic` takes the names."""
    with Client() as client:
        print_collection(
            client.characteristics, CHARACTERISTICS, output, limit=limit, wide=wide, under=under
        )


def list_rates(
    under: Under = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what an hour of a line costs."""
    with Client() as client:
        print_collection(client.line_rates, RATES, output, limit=limit, wide=wide, under=under)


def set_rate(
    line: Line,
    per_hour: Annotated[float, typer.Argument(help="Cost of an hour, such as 1150.")],
    currency: Annotated[str, typer.Argument(help="ISO 4217, such as EUR.")],
) -> None:
    """Set what an hour of a line costs; losses then have costs."""
    with Client() as client:
        client.line_rates.put(line, {"per_hour": per_hour, "currency": currency})
    print_lines(f"{line}: {per_hour:,g} {currency} an hour")
