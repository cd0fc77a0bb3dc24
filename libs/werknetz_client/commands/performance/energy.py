"""`werknetz energy list | set | delete`: what a unit of each energy carrier counts."""

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
    Wide,
    amount,
    print_collection,
    print_lines,
    text,
    timestamp,
    yes_no,
)

CARRIERS: Final[Columns] = {
    "carrier": ("carrier", text), "equipment": ("equipment", text),
    "valid from": ("valid_from", timestamp), "unit": ("unit", text),
    "kWh": ("kwh_per_unit", amount), "kg CO2": ("co2_kg_per_unit", amount),
    "delivered": ("delivered", yes_no), "name": ("name", text), "by": ("entered_by", text),
}  # fmt: skip
Carrier = Annotated[str, typer.Argument(help="Carrier, as in the meter's rule: natural-gas.")]
Equipment = Annotated[str, typer.Argument(help="Path of the plant; the entry holds below, too.")]
ValidFrom = Annotated[str, typer.Option(help="With its zone: 2026-01-01T00:00:00+01:00.")]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "energy", "Energy carriers and their factors.")
    for name, command in (
        ("list", list_carriers), ("set", set_carrier), ("delete", delete_carrier),
    ):  # fmt: skip
        commands.command(name)(command)


def list_carriers(
    under: Annotated[str | None, typer.Option(help="Only entries of this and below.")] = None,
    carrier: Annotated[list[str] | None, typer.Option(help="Only this; repeatable.")] = None,
    limit: Limit = 500,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what a unit of each carrier counts."""
    with Client() as client:
        print_collection(
            client.energy_carriers, CARRIERS, output, limit=limit, wide=wide,
            under=under, carrier=carrier,
        )  # fmt: skip


def set_carrier(
    carrier: Carrier,
    equipment: Equipment,
    *,
    valid_from: ValidFrom,
    unit: Annotated[str, typer.Option(help="Of the carrier: kWh, m^3, l, kg.")],
    energy: Annotated[float, typer.Option(help="Energy of a unit.", min=0)] = 1.0,
    energy_unit: Annotated[str, typer.Option(help="kWh, MJ, kgce …")] = "kWh",
    co2: Annotated[float | None, typer.Option(help="kg of CO2 of a unit.", min=0)] = None,
    delivered: Annotated[bool, typer.Option("--delivered", help="Subtract it.")] = False,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    reason: AuditReason = None,
) -> None:
    """Set what a unit of a carrier counts from an instant on; KPIs are computed again."""
    body = {
        "equipment": equipment, "valid_from": valid_from, "unit": unit, "energy_per_unit": energy,
        "energy_unit": energy_unit, "co2_kg_per_unit": co2, "delivered": delivered, "name": name,
        "reason": reason,
    }  # fmt: skip
    with Client() as client:
        row = client.energy_carriers.put(carrier, body)
    co2_text = "" if row["co2_kg_per_unit"] is None else f", {row['co2_kg_per_unit']:,.6g} kg CO2"
    print_lines(
        f"{row['unit']} of {carrier} at {row['equipment']} from {timestamp(row['valid_from'])}:"
        f" {row['kwh_per_unit']:,.6g} kWh{co2_text}{', delivered' if row['delivered'] else ''}."
    )


def delete_carrier(
    carrier: Carrier, equipment: Equipment, *, valid_from: ValidFrom, reason: AuditReason = None
) -> None:
    """Delete an entry: the one before it holds on, or that of the equipment above."""
    with Client() as client:
        client.energy_carriers.delete(carrier, equipment, valid_from, reason=reason)
    print_lines(f"The entry of {carrier} at {equipment} from {valid_from} is deleted.")
