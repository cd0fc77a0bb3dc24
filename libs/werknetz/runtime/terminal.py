"""How commands print: tables that fit the terminal, JSON, and text without control characters.

Texts of partners and machines are data, not terminal commands: control characters and escape
sequences never reach the terminal.
"""

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

PROSE_WIDTH_MIN: Final = 20  # narrower, sentences wrap after each word


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="table, json, or the API's own csv.")
]
Wide = Annotated[bool, typer.Option("--wide", help="Show every column, however wide.")]


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
