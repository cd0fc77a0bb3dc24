"""`werknetz stock levels | projection | days`."""

from collections.abc import Iterator
from typing import Annotated, Final

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
    days,
    print_collection,
    prose,
    text,
    timestamp,
)

Warehouse = Annotated[list[str] | None, typer.Option(help="Key or code; repeated: any.")]
Material = Annotated[list[str] | None, typer.Option(help="Any of its part numbers; repeated: any.")]
At = Annotated[str | None, typer.Option(help="As of: -12h, 2026-11-20 …; default: now.")]
KnownAt = Annotated[str | None, typer.Option(help="… as known at this time.")]

_ITEM: Final[Columns] = {"warehouse": ("warehouse", text), "material": ("material", text)}
LEVELS: Final[Columns] = {
    **_ITEM, "quantity": ("quantity", amount), "unit": ("unit", text),
    "location": ("location", text), "counted": ("counted_at", timestamp),
    "moved": ("moved_at", timestamp), "value": ("value", amount), "currency": ("currency", text),
}  # fmt: skip
PROJECTION: Final[Columns] = {
    **_ITEM, "day": ("day", text), "opening": ("opening", amount), "arrivals": ("arrivals", amount),
    "demand": ("demand", amount), "closing": ("closing", amount), "unit": ("unit", text),
    "note": ("note", prose),
}  # fmt: skip
DAYS: Final[Columns] = {
    **_ITEM, "days": ("days_of_supply", days), "stock": ("stock", amount), "unit": ("unit", text),
    "demand": ("demand", amount), "note": ("reason", prose),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "stock", "Stock: levels, projection, days of supply.")
    for name, command in (
        ("levels", levels), ("projection", projection), ("days", days_of_supply),
    ):  # fmt: skip
        commands.command(name)(command)


def levels(
    warehouse: Warehouse = None,
    material: Material = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List stock levels, as of any time."""
    with Client() as client:
        print_collection(
            client.stock_levels, LEVELS, output, limit=limit, wide=wide,
            warehouse=warehouse, material=material, at=at, known_at=known_at,
        )  # fmt: skip


def projection(
    *,
    warehouse: Warehouse = None,
    material: Material = None,
    ahead: Annotated[int, typer.Option("--days", help="From today on.", min=1)] = 28,
    limit: Annotated[int, typer.Option(help="Maximum number of materials.", min=1)] = 20,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Show the stock of the coming days: arrivals, demand, and the day it runs short."""
    with Client() as client:
        print_collection(
            client.stock_projection, PROJECTION, output, limit=limit, wide=wide,
            rows_of=_rows_by_day, warehouse=warehouse, material=material, days=ahead,
        )  # fmt: skip


def days_of_supply(
    *,
    warehouse: Warehouse = None,
    material: Material = None,
    at: At = None,
    known_at: KnownAt = None,
    ahead: Annotated[int, typer.Option("--days", help="Days of demand to look at.", min=1)] = 60,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Show for how many days the stock covers planned demand."""
    with Client() as client:
        print_collection(
            client.days_of_supply, DAYS, output, limit=limit, wide=wide,
            rows_of=_row_with_note,
            warehouse=warehouse, material=material, at=at, known_at=known_at, days=ahead,
        )  # fmt: skip


def _row_with_note(row: Row) -> Iterator[Row]:
    yield {**row, "reason": "or more" if row["at_least"] else row["reason"]}


def _rows_by_day(row: Row) -> Iterator[Row]:
    """Yield a row a day; the first day that is short says so."""
    names = {name: row[name] for name in ("warehouse", "material", "unit")}
    for day in row["days"]:
        note = "runs short" if day["day"] == row["short_day"] else row["reason"]
        yield {**names, **day, "note": note}
