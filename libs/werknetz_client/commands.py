"""`werknetz kpi` and `werknetz doctor`: what needs nothing but the API's address and a key."""

import csv
import json
import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from werknetz_client import doctor, explanation
from werknetz_client.client import Client, Row
from werknetz_client.errors import WerknetzError
from werknetz_client.frame import SCOPES, scope_of

COLUMNS = ("kpi", "start", "end", "window", "value", "unit", "coverage",
           "provisional", "reason")  # fmt: skip


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    app.command("kpi")(kpi)
    app.command("doctor")(diagnose)


def kpi(
    name: Annotated[str, typer.Argument(help="Such as oee; several with commas.")],
    equipment: Annotated[
        list[str] | None, typer.Argument(help="Paths, such as nordwerk/emden-1.")
    ] = None,
    *,
    supplier: Annotated[
        list[str] | None, typer.Option(help="Instead of paths: keys of suppliers, or '*'.")
    ] = None,
    warehouse: Annotated[
        list[str] | None, typer.Option(help="Instead of paths: keys of warehouses, or '*'.")
    ] = None,
    start: Annotated[str, typer.Option(help="-7d, shift:current, 2026-11-20 …")] = "-24h",
    end: Annotated[str | None, typer.Option(help="As start; none: now.")] = None,
    by: Annotated[str, typer.Option(help="hour, shift, 1d, 1w, 1mo or none")] = "none",
    output: Annotated[Output, typer.Option("--output", "-o")] = Output.TABLE,
    explain: Annotated[
        bool, typer.Option("--explain", help="Why is it so? Down to samples; one KPI, one path.")
    ] = False,
) -> None:
    """Show values of a KPI."""
    if explain:
        _explain(name, equipment or [], start, end, output)
        return
    scopes = {"supplier": supplier, "warehouse": warehouse}
    asked = {name: keys for name, keys in scopes.items() if keys}
    with Client() as client:
        rows = client.kpis.values(
            name.split(","), equipment or [], start=start, end=end, granularity=by, **asked
        )
    match output:
        case Output.JSON:
            typer.echo(json.dumps(rows, indent=2))
        case Output.CSV:
            scope = scope_of(rows[0]) if rows else SCOPES[0]
            writer = csv.DictWriter(sys.stdout, (scope, *COLUMNS), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        case Output.TABLE:
            _print(rows)


def _explain(name: str, equipment: list[str], start: str, end: str | None, output: Output) -> None:
    if "," in name or len(equipment) != 1 or output is Output.CSV:
        raise WerknetzError(
            "--explain is for one KPI of one equipment, as a table or as JSON.",
            "Such as: werknetz kpi oee nordwerk/emden-1 --start shift:current --explain",
        )
    with Client() as client:
        told = client.kpis.explain(name, equipment[0], start=start, end=end)
        if output is Output.JSON:
            typer.echo(json.dumps(told, indent=2))
        else:
            explanation.show(told, client.core.transport.url)


def diagnose() -> None:
    """Check address, key, clock and, where they are set, database, Redis and broker."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    findings = doctor.examine()
    for finding in findings:
        console.print(f"{'ok  ' if finding.good else 'BAD '} {finding.what}: {finding.told}")
        if not finding.good and finding.remedy:
            console.print(f"      remedy: {finding.remedy}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _print(rows: list[Row]) -> None:
    """Print as a table; what is the same in every row stands once, above it."""
    scope = scope_of(rows[0]) if rows else SCOPES[0]
    shown: dict[str, list[str]] = {
        scope: [row[scope] for row in rows],
        "KPI": [row["kpi"] for row in rows],
        "from": [_clock(row["start"]) for row in rows],
        "to": [_clock(row["end"]) for row in rows],
        "window": [row["window"] for row in rows],
        "value": [_value(row) for row in rows],
        "coverage": ["–" if row["coverage"] is None else f"{row['coverage']:.0%}" for row in rows],
        "note": [_note(row) for row in rows],
    }
    same = [name for name in (scope, "KPI", "window") if len(set(shown[name])) == 1]
    table = Table(title="  ".join(filter(None, (shown[name][0] for name in same))) or None)
    names = [name for name in shown if name not in same]
    for name in names:
        table.add_column(name, no_wrap=name != "note")
    for cells in zip(*(shown[name] for name in names), strict=True):
        table.add_row(*cells)
    console = Console()
    console.print(table)
    for told in sorted({p["text"] for row in rows for p in row.get("policies") or ()}):
        console.print(f"Measured: {told}.", markup=False, highlight=False)
    for told in sorted({row["inventory"]["text"] for row in rows if row.get("inventory")}):
        console.print(f"Inventory: {told}.", markup=False, highlight=False)


def _note(row: Row) -> str:
    return ", ".join(
        filter(None, [row["reason"] or "", "provisional" if row["provisional"] else ""])
    )


def _value(row: Row) -> str:
    value = row["value"]
    if value is None:
        return "–"
    return f"{value:.1%}" if row["unit"] == "ratio" else f"{value:,.1f} {row['unit']}"


def _clock(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
