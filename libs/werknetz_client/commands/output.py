"""How commands print: tables for people, JSON and the API's own CSV for programs.

Texts of partners and machines are data, not terminal commands: control characters and escape
sequences never reach the terminal.
"""

import json
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, Final, Protocol

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from werknetz_client.client import Row
from werknetz_client.transport import PAGE_MAX

EMPTY: Final = "–"
PROSE_WIDTH_MIN: Final = 20  # narrower, sentences wrap after each word
Cell = Callable[[Any], str]
Columns = Mapping[str, tuple[str, Cell]]
"""Heading → field of a row and its text in a table; the most important columns come first."""


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="table, json, or the API's own csv.")
]
TableOrJson = Annotated[Output, typer.Option("--output", "-o", help="table or json.")]
Wide = Annotated[bool, typer.Option("--wide", help="Show every column, however wide.")]
Limit = Annotated[int, typer.Option(help="Maximum number of rows.", min=1)]


class Readable(Protocol):
    """A collection of the client, as far as lists need it."""

    def iter(self, **filters: object) -> Iterable[Row]: ...

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
    items = list(islice(collection.iter(**filters, limit=page), limit + 1))
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


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    wide: bool = False,
    title: str | None = None,
    right: Iterable[str] = (),
    prose: Iterable[str] = (),
) -> None:
    """Print a table as wide as the terminal: prose wraps, the last columns that do not fit hide.

    In a pipe, and with `wide`, every column is shown and each row is one line.
    """
    safe = [[printable(text) for text in row] for row in rows]
    width = None if wide or not sys.stdout.isatty() else shutil.get_terminal_size().columns
    numeric, wrapping = set(right), set(prose)
    widths = [
        max(cell_len(heading), *(cell_len(row[at]) for row in safe), 0)
        for at, heading in enumerate(headings)
    ]
    shown = _shown_columns(headings, widths, wrapping, width)
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for heading in headings[:shown]:
        wraps = width is not None and heading in wrapping
        table.add_column(
            Text(heading),
            justify="right" if heading in numeric else "left",
            no_wrap=not wraps and width is None,
            overflow="fold",
        )
    for row in safe:
        table.add_row(*map(Text, row[:shown]))
    natural = sum(widths) + 3 * len(widths) + 2
    console = Console(width=natural if width is None else width, highlight=False)
    console.print(table)
    if shown < len(headings):
        hidden = ", ".join(headings[shown:])
        typer.echo(f"Hidden columns: {hidden} (--wide shows all).", err=True)


def _shown_columns(
    headings: Sequence[str], widths: Sequence[int], wrapping: set[str], width: int | None
) -> int:
    """Return how many columns, from the left, fit into the width; at least two."""
    if width is None:
        return len(headings)
    used = 0
    for at, heading in enumerate(headings):
        needed = min(widths[at], PROSE_WIDTH_MIN) if heading in wrapping else widths[at]
        used += needed + (2 if at else 0)
        if used > width and at >= 2:
            return at
    return len(headings)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))  # ASCII only: control characters are escaped


def print_csv(pieces: Iterable[str]) -> None:
    """Write the API's CSV byte by byte; only a terminal gets it without control characters."""
    is_terminal = sys.stdout.isatty()
    for piece in pieces:
        lines = piece.splitlines(keepends=False) if is_terminal else []
        shown = "".join(f"{printable(line)}\n" for line in lines) if is_terminal else piece
        typer.echo(shown.encode(), nl=False)


def print_lines(*lines: str) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for line in lines:
        console.print(printable(line))


def printable(value: str) -> str:
    r"""Return the text with control characters as escapes, such as `\x1b`; tabs as blanks.

    Also those that only redirect what follows (U+202E) or are invisible on purpose (U+200B).
    """
    if value.isprintable():
        return value
    return "".join(_printable_character(character) for character in value)


def _printable_character(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or EMPTY
    return EMPTY if value in (None, "") else str(value)


def prose(value: Any) -> str:
    """Format a sentence: a column of them wraps in a narrow terminal."""
    return text(value)


def amount(value: Any) -> str:
    return EMPTY if value is None else f"{value:,.10g}"


def days(value: Any) -> str:
    return EMPTY if value is None else f"{value:,.1f}"


def timestamp(value: Any) -> str:
    return EMPTY if value is None else datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M")


def yes_no(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, EMPTY)


def hours(value: Any) -> str:
    return EMPTY if value is None else f"{value / 3600:,.1f} h"


NUMERIC: Final[tuple[Cell, ...]] = (amount, days, hours)
