"""Rows of a collection on the screen, as JSON or as CSV: one way for all words that list."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table

from werknetz_client.client import Row
from werknetz_client.commands import Output

NOTHING: Final = "–"
Cell = Callable[[Any], str]
Columns = Mapping[str, tuple[str, Cell]]


def show(
    rows: Iterable[Row],
    columns: Mapping[str, tuple[str, Cell]],
    output: Output,
    *,
    most: int,
    title: str | None = None,
) -> None:
    """Print at most so many rows. `columns`: heading → field and how it is written in a table.

    JSON holds whole items; CSV the fields of the columns, as they are.
    """
    shown = list(islice(rows, most + 1))
    is_more = len(shown) > most
    shown = shown[:most]
    match output:
        case Output.JSON:
            typer.echo(json.dumps(shown, indent=2))
        case Output.CSV:
            fields = list(dict.fromkeys(field for field, _ in columns.values()))
            writer = csv.DictWriter(sys.stdout, fields, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({name: _flat(row.get(name)) for name in fields} for row in shown)
        case Output.TABLE:
            Console().print(_table(shown, columns, title))
    if is_more:
        typer.echo(f"There are more than {most}: narrow it down, or give --limit.", err=True)


def text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value in (None, "") else str(value)


def amount(value: Any) -> str:
    return NOTHING if value is None else f"{value:,.10g}"


def clock(value: Any) -> str:
    return NOTHING if value is None else datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M")


def yes_no(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, NOTHING)


def hours(value: Any) -> str:
    return NOTHING if value is None else f"{value / 3600:,.1f} h"


def _table(rows: list[Row], columns: Mapping[str, tuple[str, Cell]], title: str | None) -> Table:
    table = Table(title=title)
    for heading, (field, cell) in columns.items():
        right = cell in (amount, hours)
        table.add_column(heading, justify="right" if right else "left", no_wrap=field != "detail")
    for row in rows:
        table.add_row(*(_safe(cell(row.get(field))) for field, cell in columns.values()))
    return table


def _safe(cell: str) -> str:
    """What partners write is no markup."""
    return cell.replace("[", "\\[")


def _flat(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value
