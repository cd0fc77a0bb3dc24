"""`werknetz connectors list | show | books`: state and books of connectors, over the API."""

from collections.abc import Iterable
from typing import Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    print_collection,
    print_json,
    print_lines,
    prose,
    text,
    timestamp,
    yes_no,
)

COUNTS: Final = (
    "taken", "stored", "duplicates", "revisions", "withdrawn", "ignored", "quarantined",
)  # fmt: skip
CONNECTORS: Final[Columns] = {
    "connector": ("id", text), "state": ("state", text), "backlog": ("backlog", amount),
    "gaps": ("open_gaps", amount), "balanced": ("balanced", yes_no), "detail": ("detail", prose),
    "last applied": ("last_applied_at", timestamp),
}  # fmt: skip
BOOKS: Final[Columns] = {
    "connector": ("id", text), **{name: (name, amount) for name in COUNTS},
    "balanced": ("balanced", yes_no), "since": ("since", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "connectors", "Connectors: their state and their books.")
    for name, command in (("list", list_connectors), ("show", show), ("books", list_books)):
        commands.command(name)(command)


def list_connectors(
    limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False
) -> None:
    """List connectors with their state, and whether their books balance."""
    with Client() as client:
        print_collection(
            client.connectors, CONNECTORS, output, limit=limit, wide=wide, rows_of=with_books
        )


def show(connector: str, output: OutputOption = Output.TABLE) -> None:
    """Show one connector with its books."""
    with Client() as client:
        row = client.connectors.get(connector)
    if output is Output.JSON:
        print_json(row)
        return
    books = row.pop("books") or {}
    print_lines(*(f"{name:16} {value}" for name, value in row.items() if value not in (None, "")))
    print_lines(f"books since      {books.get('since', EMPTY)}")
    print_lines(*(f"  {name:14} {books[name]}" for name in COUNTS if books))
    if books and not books["balanced"]:
        print_lines(f"  not balanced: {imbalance_of(books)}")


def list_books(limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List what became of everything that each connector took."""
    with Client() as client:
        print_collection(
            client.connectors, BOOKS, output, limit=limit, wide=wide, rows_of=with_books
        )


def with_books(row: Row) -> Iterable[Row]:
    return ({**row, **(row.get("books") or {})},)


def imbalance_of(books: dict[str, Any]) -> str:
    """Return what does not add up."""
    outcomes = sum(books[name] for name in COUNTS if name != "taken")
    parts = ", ".join(f"{name} {books[name]}" for name in COUNTS[1:])
    return f"{books['taken']} taken, {outcomes} with an outcome ({parts})"
