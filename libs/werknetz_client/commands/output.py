"""How commands print collections: a table, JSON, or the API's own CSV."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Final, Protocol

import typer

from werknetz.runtime.terminal import (
    Output,
    OutputOption,
    Wide,
    print_json,
    print_lines,
    print_table,
    printable,
)
from werknetz_client.client import Row
from werknetz_client.transport import PAGE_MAX

__all__ = [
    "EMPTY", "NUMERIC", "Columns", "Limit", "Output", "OutputOption", "TableOrJson", "Wide",
    "amount", "days", "duration", "hours", "print_collection", "print_csv", "print_items",
    "print_json", "print_lines", "print_table", "printable", "prose", "text", "timestamp",
    "yes_no",
]  # fmt: skip

EMPTY: Final = "–"
Cell = Callable[[Any], str]
Columns = Mapping[str, tuple[str, Cell]]
"""Heading → field of a row and its text in a table; the most important columns come first."""


TableOrJson = Annotated[Output, typer.Option("--output", "-o", help="table or json.")]
Under = Annotated[list[str] | None, typer.Option(help="Equipment path; repeated: any.")]
AuditReason = Annotated[str | None, typer.Option(help="Why; for the audit log.")]
Limit = Annotated[int, typer.Option(help="Maximum number of rows.", min=1)]


class Readable(Protocol):
    """A collection of the client, as far as lists need it."""

    def iter(self, **filters: Any) -> Iterable[Mapping[str, Any]]: ...

    def csv(self, rows_max: int | None = None, **filters: object) -> Iterable[str]: ...


def print_collection(
    collection: Readable,
    columns: Columns,
    output: Output,
    *,
    limit: int,
    wide: bool = False,
    rows_of: Callable[[Row], Iterable[Row]] = lambda row: (row,),
    **filters: object,
) -> None:
    """Print at most `limit` items that match the filters, and whether there are more.

    `rows_of` turns an item into the rows of a table; JSON and CSV show items as the API does.
    """
    if output is Output.CSV:
        print_csv(collection.csv(limit, **filters))
        return
    # One item more than is printed shows whether there are more.
    page = min(limit + 1, PAGE_MAX)
    matching = islice(collection.iter(**filters, limit=page), limit + 1)
    items = [dict(item) for item in matching]
    print_items(items[:limit], columns, output, wide=wide, rows_of=rows_of)
    if len(items) > limit:
        typer.echo(f"There are more than {limit}: filter, or raise --limit.", err=True)


def print_items(
    items: Sequence[Row],
    columns: Columns,
    output: Output,
    *,
    wide: bool = False,
    rows_of: Callable[[Row], Iterable[Row]] = lambda row: (row,),
) -> None:
    if output is Output.JSON:
        print_json(items)
        return
    rows = [row for item in items for row in rows_of(item)]
    print_table(
        list(columns),
        [[cell(row.get(field)) for field, cell in columns.values()] for row in rows],
        wide=wide,
        right={name for name, (_, cell) in columns.items() if cell in NUMERIC},
        prose={name for name, (_, cell) in columns.items() if cell is prose},
    )


def print_csv(pieces: Iterable[str]) -> None:
    """Write the API's CSV byte by byte; only a terminal gets it without control characters."""
    is_terminal = sys.stdout.isatty()
    for piece in pieces:
        lines = piece.splitlines(keepends=False) if is_terminal else []
        shown = "".join(f"{printable(line)}\n" for line in lines) if is_terminal else piece
        typer.echo(shown.encode(), nl=False)


def text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or EMPTY
    return EMPTY if value in (None, "") else str(value)


def prose(value: Any) -> str:
    """Format a sentence: a column of them wraps in a narrow terminal."""
    return text(value)


def amount(value: Any) -> str:
    return EMPTY if value is None else f"{value:,.10g}"


def duration(value: Any) -> str:
    """Format seconds: microseconds would hide what matters."""
    return EMPTY if value is None else f"{round(value, 1):,.10g}"


def days(value: Any) -> str:
    return EMPTY if value is None else f"{value:,.1f}"


def timestamp(value: Any) -> str:
    """Format an instant as it is answered: in the plant's time, or in UTC, which has a Z."""
    if value is None:
        return EMPTY
    at = datetime.fromisoformat(value)
    return f"{at:%Y-%m-%d %H:%M}{'' if at.utcoffset() else 'Z'}"


def yes_no(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, EMPTY)


def hours(value: Any) -> str:
    return EMPTY if value is None else f"{value / 3600:,.1f} h"


def share_text(value: Any, digits: int = 0) -> str:
    """Format a share; what is not nothing, or not all, never looks like it."""
    if value is None:
        return EMPTY
    shown, step = f"{value:.{digits}%}", 10.0**-digits
    if value > 0 and float(shown[:-1]) == 0:
        return f"<{step:.{digits}f}%"
    if value < 1 and float(shown[:-1]) == 100:
        return f">{100 - step:.{digits}f}%"
    return shown


NUMERIC: Final[tuple[Cell, ...]] = (amount, days, duration, hours)
