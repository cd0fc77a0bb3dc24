"""`werknetz materials list | show | set`: materials, and the product family of each."""

from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    print_collection,
    print_lines,
    prose,
    text,
)
from werknetz_client.errors import WerknetzError

MATERIALS: Final[Columns] = {
    "material": ("number", text), "description": ("description", prose),
    "family": ("product_family", text), "unit": ("unit", text), "cost": ("unit_cost", amount),
    "currency": ("currency", text),
}  # fmt: skip
Material = Annotated[str, typer.Argument(help="Our number of the material.")]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "materials", "Materials and their product families.")
    for name, command in (
        ("list", list_materials), ("show", show_material), ("set", set_material),
    ):  # fmt: skip
        commands.command(name)(command)


def list_materials(
    family: Annotated[list[str] | None, typer.Option(help="Product family; repeated: any.")] = None,
    supplier: Annotated[list[str] | None, typer.Option(help="Key; repeated: any.")] = None,
    limit: Limit = 500,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List materials by our number."""
    with Client() as client:
        print_collection(
            client.materials, MATERIALS, output, limit=limit, wide=wide,
            product_family=family, supplier=supplier,
        )  # fmt: skip


def show_material(
    material: Annotated[str, typer.Argument(help="Any of its numbers.")],
) -> None:
    """Show a material with its numbers and units."""
    with Client() as client:
        row = client.materials.get(material)
    numbers = ", ".join(f"{n['kind']} {n['number']}" for n in row["numbers"]) or "none"
    factors = [f"{amount(unit['factor'])} in {unit['unit']}" for unit in row["units"]]
    units = ", ".join(factors) or "none"
    print_lines(
        f"{row['number']}: {row['description'] or 'no description'}",
        f"product family: {row['product_family'] or 'none'}",
        f"base unit: {row['unit'] or 'not known'}; other units: {units}; other numbers: {numbers}",
    )


def set_material(
    material: Material,
    *,
    family: Annotated[str | None, typer.Option(help="Product family, such as valves.")] = None,
    no_family: Annotated[bool, typer.Option("--no-family", help="Leave its family.")] = False,
    description: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    unit: Annotated[str | None, typer.Option(help="Base unit, such as PCE.")] = None,
) -> None:
    """Create or change a material; what is left out stays as it is."""
    if family is not None and no_family:
        raise WerknetzError("A family and --no-family exclude each other.", "Write one of them.")
    changes = {"product_family": family, "description": description, "unit": unit}
    body: dict[str, str | None] = {
        name: value for name, value in changes.items() if value is not None
    }
    if no_family:
        body["product_family"] = None
    with Client() as client:
        row = client.materials.put(material, body)
    print_lines(f"{row['number']}: product family {row['product_family'] or 'none'}")
