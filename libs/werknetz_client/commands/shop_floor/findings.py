"""`werknetz findings`: what cannot be right, or cannot be computed, with its remedy."""

from typing import Annotated, Final

import typer

from werknetz_client.client import Client
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    print_collection,
    prose,
    text,
    timestamp,
)

FINDINGS: Final[Columns] = {
    "at": ("at", timestamp), "kind": ("kind", text), "detail": ("detail", prose),
    "equipment": ("equipment", text), "supplier": ("supplier", text),
    "material": ("material", text), "warehouse": ("warehouse", text),
    "cleared": ("cleared_at", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("findings")(findings)


def findings(
    *,
    under: Annotated[
        list[str] | None,
        typer.Option(help="Only machines: this equipment and all below it. Repeated: any."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Such as counter_jump. Repeated: any.")
    ] = None,
    include_cleared: Annotated[
        bool, typer.Option("--all", help="Include findings that no longer apply.")
    ] = False,
    start: Annotated[str | None, typer.Option(help="RFC 3339, -8h, …; default: all.")] = None,
    end: Annotated[str | None, typer.Option(help="As start.")] = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what cannot be right, of machines, supply and stock, newest first."""
    with Client() as client:
        print_collection(
            client.findings, FINDINGS, output, limit=limit, wide=wide, under=under, kind=kind,
            start=start, end=end, open=None if include_cleared else "true",
        )  # fmt: skip
