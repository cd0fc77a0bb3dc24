"""`werknetz events list | show | send`: business events, over the API."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    TableOrJson,
    Wide,
    amount,
    print_items,
    print_json,
    print_lines,
    prose,
    text,
    timestamp,
)
from werknetz_client.errors import WerknetzError
from werknetz_client.transport import PAGE_MAX

STDIN: Final = "-"
REFUSED_SHOWN: Final = 20
EVENTS: Final[Columns] = {
    "at": ("at", timestamp), "kind": ("kind", text), "source": ("source", text),
    "event": ("event_id", text), "revision": ("revision", amount),
    "connector": ("connector_id", text), "withdrawn": ("withdrawn_at", timestamp),
    "content": ("content", prose),
}  # fmt: skip
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Repeated: any.")]
Names = Annotated[list[str] | None, typer.Option(help="Repeated: any.")]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "events", "Business events: list, show, send.")
    for name, command in (("list", list_events), ("show", show_event), ("send", send_events)):
        commands.command(name)(command)


def list_events(
    *,
    kind: Kinds = None,
    source: Names = None,
    connector: Names = None,
    start: Annotated[str | None, typer.Option(help="-7d, 2026-11-20 …; default: all.")] = None,
    end: Annotated[str | None, typer.Option(help="As start.")] = None,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="Also events that are out of force.")
    ] = False,
    limit: Limit = 100,
    output: TableOrJson = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List business events in force, newest first."""
    if output is Output.CSV:
        raise WerknetzError("Events have no CSV: their fields differ by kind.", "Use -o json.")
    with Client() as client:
        events = client.events.iter(
            kind=kind, source=source, connector=connector, start=start, end=end,
            withdrawn="true" if withdrawn else None, limit=min(limit + 1, PAGE_MAX),
        )  # fmt: skip
        rows = [dict(event) for event in islice(events, limit + 1)]
    print_items(rows[:limit], EVENTS, output, wide=wide, rows_of=_with_content)
    if len(rows) > limit:
        typer.echo(f"There are more than {limit}: filter, or raise --limit.", err=True)


def show_event(
    event: Annotated[str, typer.Argument(help="Id of the event.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one event with its origin, former revisions and raw message."""
    with Client() as client:
        row = client.events.get(event)
    if output is not Output.TABLE:
        print_json(row)
        return
    fields = {**row, **{f"  {name}": value for name, value in row.pop("fields").items()}}
    raw, revisions = row["raw"], row["revisions"]
    shown = {n: v for n, v in fields.items() if n not in {"raw", "revisions", "fields"}}
    print_lines(*(f"{name:18} {value}" for name, value in shown.items() if value is not None))
    print_lines(f"{'revisions':18} {len(revisions)} former")
    if raw is not None:
        print_lines("raw message", raw.get("text") or "  not text: use -o json")


def send_events(
    file: Annotated[
        str, typer.Argument(help="NDJSON, or a JSON array; - reads the standard input.")
    ],
    output: TableOrJson = Output.TABLE,
) -> None:
    """Send events; when this ends, all are on disk. The `id` of an earlier one is a duplicate."""
    events = parse_events(_read(file))
    with Client() as client:
        result = client.events.batch(events)
    if output is Output.JSON:
        print_json(result)
        return
    print_lines(
        f"{result['accepted']} accepted, {result['duplicates']} duplicates, "
        f"{result['quarantined']} quarantined"
    )
    refused = result["results"]
    print_lines(*(f"  event {row['index']}: {row['reason']}" for row in refused[:REFUSED_SHOWN]))
    if result["quarantined"]:
        raise WerknetzError(
            f"{result['quarantined']} events are in quarantine.", "`werknetz quarantine list`"
        )


def parse_events(content: str) -> list[dict[str, Any]]:
    """Return the events of a JSON array, or one of each line."""
    try:
        if content.lstrip().startswith("["):
            events = json.loads(content)
        else:
            events = [json.loads(line) for line in content.splitlines() if line.strip()]
    except ValueError as error:
        raise WerknetzError(f"The events are not JSON: {error}.", "One object a line.") from error
    if not all(isinstance(event, dict) for event in events):
        raise WerknetzError("An event is not a JSON object.", 'Write {"kind": …} for each.')
    return list(events)


def _read(file: str) -> str:
    try:
        if file == STDIN:
            return sys.stdin.read()
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WerknetzError(f"{file} cannot be read: {error}", "Name a file in UTF-8.") from error


def _with_content(row: Row) -> Iterator[Row]:
    yield {**row, "content": ", ".join(f"{n} {v}" for n, v in row["fields"].items())}
