"""`werknetz stock levels | projection | days`: what is there, what will be, how long it lasts."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import group
from werknetz_client.client import Client, Row
from werknetz_client.commands import Output
from werknetz_client.tables import NOTHING, Columns, amount, clock, show, text

Warehouse = Annotated[list[str] | None, typer.Option(help="Key or code; repeated: any.")]
Material = Annotated[list[str] | None, typer.Option(help="Any number of it; repeated: any.")]
At = Annotated[str | None, typer.Option(help="As of when: -12h, 2026-11-20 …; none: now.")]
Known = Annotated[str | None, typer.Option(help="… as it was known then.")]
Limit = Annotated[int, typer.Option(help="Rows at most.", min=1)]
Form = Annotated[Output, typer.Option("--output", "-o")]
_PAGE_MAX: Final = 1000

_OF: Final[Columns] = {"warehouse": ("warehouse", text), "material": ("material", text)}
LEVELS: Final[Columns] = {
    **_OF, "location": ("location", text), "quantity": ("quantity", amount), "unit": ("unit", text),
    "value": ("value", amount), "currency": ("currency", text), "counted": ("counted_at", clock),
    "moved": ("moved_at", clock),
}  # fmt: skip
PROJECTION: Final[Columns] = {
    **_OF, "day": ("day", text), "opening": ("opening", amount), "arrivals": ("arrivals", amount),
    "demand": ("demand", amount), "closing": ("closing", amount), "unit": ("unit", text),
    "note": ("note", text),
}  # fmt: skip


def _days(value: Any) -> str:
    return NOTHING if value is None else f"{value:,.1f}"


DAYS: Final[Columns] = {
    **_OF, "stock": ("stock", amount), "unit": ("unit", text), "demand": ("demand", amount),
    "days": ("days_of_supply", _days), "note": ("reason", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    desk = group(app, "stock", "Stock: what is there, what will be there, how long it lasts.")
    for name, command in (("levels", levels), ("projection", projection), ("days", days)):
        desk.command(name)(command)


def levels(
    warehouse: Warehouse = None,
    material: Material = None,
    at: At = None,
    known_at: Known = None,
    limit: Limit = 100,
    output: Form = Output.TABLE,
) -> None:
    """List what lies where, as of any moment."""
    with Client() as client:
        rows = client.stock_levels.iter(
            warehouse=warehouse, material=material, at=at, known_at=known_at, limit=_page(limit)
        )
        show(rows, LEVELS, output, most=limit)


def projection(
    *,
    warehouse: Warehouse = None,
    material: Material = None,
    ahead: Annotated[int, typer.Option("--days", help="From today on.", min=1)] = 28,
    limit: Annotated[int, typer.Option(help="Materials at most.", min=1)] = 20,
    output: Form = Output.TABLE,
) -> None:
    """Show stock of the coming days: what comes, what lines take, when it runs short."""
    with Client() as client:
        rows = client.stock_projection.iter(
            warehouse=warehouse, material=material, days=ahead, limit=_page(limit)
        )
        if output is Output.JSON:
            show(rows, PROJECTION, output, most=limit)
            return
        shown = [row for _, row in zip(range(limit + 1), rows, strict=False)]
        by_day = [day for row in shown[:limit] for day in _by_day(row)]
        show(by_day, PROJECTION, output, most=len(by_day))
        if len(shown) > limit:
            told = f"There are more than {limit} materials: narrow it down, or give --limit."
            typer.echo(told, err=True)


def days(
    *,
    warehouse: Warehouse = None,
    material: Material = None,
    at: At = None,
    known_at: Known = None,
    ahead: Annotated[int, typer.Option("--days", help="How far to look.", min=1)] = 60,
    limit: Limit = 100,
    output: Form = Output.TABLE,
) -> None:
    """Show how many days what is there will last against planned demand."""
    with Client() as client:
        rows = client.days_of_supply.iter(
            warehouse=warehouse, material=material, at=at, known_at=known_at, days=ahead,
            limit=_page(limit),
        )  # fmt: skip
        told = rows if output is not Output.TABLE else ({**row, **_note(row)} for row in rows)
        show(told, DAYS, output, most=limit)


def _by_day(row: Row) -> Iterator[Row]:
    """Yield a row a day; the first that is short says so."""
    names = {name: row[name] for name in ("warehouse", "material", "unit")}
    for day in row["days"]:
        note = "runs short" if day["day"] == row["short_day"] else row["reason"]
        yield {**names, **day, "note": note}


def _note(row: Row) -> Row:
    return {"reason": "or more" if row["at_least"] else row["reason"]}


def _page(limit: int) -> int:
    """Ask for one more than is shown, to see whether there are more."""
    return min(limit + 1, _PAGE_MAX)
