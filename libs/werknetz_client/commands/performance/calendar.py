"""`werknetz calendar show | set | delete | export | import`: over the API."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    AuditReason,
    Output,
    OutputOption,
    Wide,
    print_json,
    print_lines,
    print_table,
    timestamp,
)
from werknetz_client.errors import WerknetzError
from werknetz_client.transport import has_only_database

IN_DATABASE: Final = "set-in-database"
HEADINGS: Final = ("equipment", "valid from", "valid to", "in force", "shifts", "exceptions")
Path_ = Annotated[str, typer.Argument(help="Equipment, such as nordwerk/emden-1.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
ValidFrom = Annotated[
    str | None, typer.Option(help="2026-12-01, now … Default: ever since, for the first one.")
]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "calendar", "Shift calendars of equipment, by valid-from.")
    for name, command in (
        ("show", show), ("set", set_calendar), ("delete", delete), ("export", export),
        ("import", import_calendar),
    ):  # fmt: skip
        commands.command(name)(command)


def show(equipment: Path_, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """Show the calendars of an equipment and of what is above it."""
    with Client() as client:
        rows = client.calendars.list(equipment)
    if output is Output.JSON:
        print_json(rows)
        return
    if output is Output.CSV:
        raise WerknetzError("Calendars are documents, not rows.", "Use -o json.")
    print_table(
        HEADINGS,
        [
            [
                row["equipment"],
                timestamp(row["valid_from"]),
                timestamp(row["valid_to"]) if row["valid_to"] else "",
                "yes" if row["in_force"] else "",
                ", ".join(
                    f"{s['name']} {s['start']}-{s['end']}" for s in row["document"]["shifts"]
                ),
                str(len(row["document"].get("exceptions", []))),
            ]
            for row in rows
        ],
        wide=wide,
        prose={"shifts"},
    )


def set_calendar(
    context: typer.Context,
    equipment: Path_,
    file: File,
    *,
    valid_from: ValidFrom = None,
    reason: AuditReason = None,
    dry_run: Annotated[bool, typer.Option(help="Only show what would change.")] = False,
) -> None:
    """Set the calendar of an equipment and of all below it that has none of its own."""
    if has_only_database() and not dry_run:
        _set_in_database(context, [equipment, str(file)], valid_from)
        return
    document = _read_document(file)
    with Client() as client:
        if dry_run:
            _print_change(client.calendars.preview(equipment, document, valid_from=valid_from))
            print_lines("Nothing was stored.")
        else:
            _print_change(
                client.calendars.put(equipment, document, valid_from=valid_from, reason=reason)
            )


def delete(
    equipment: Path_,
    valid_from: Annotated[str, typer.Argument(help="That of the version, as `show` prints it.")],
    *,
    reason: AuditReason = None,
) -> None:
    """Delete a version: the one before it, or the calendar above, holds instead."""
    with Client() as client:
        _print_change(client.calendars.delete(equipment, valid_from, reason=reason))


def export(
    equipment: Path_,
    *,
    start: Annotated[str, typer.Option(help="now, 2026-12-01 …")] = "now",
    end: Annotated[str, typer.Option(help="As start.")] = "+366d",
) -> None:
    """Print the shifts as an iCalendar file."""
    with Client() as client:
        typer.echo(client.calendars.export_ics(equipment, start=start, end=end), nl=False)


def import_calendar(
    equipment: Path_,
    file: File,
    *,
    start: Annotated[str, typer.Option(help="First day to read.")] = "day:today",
    end: Annotated[str, typer.Option(help="End of the days to read.")] = "+366d",
    valid_from: ValidFrom = None,
    dry_run: Annotated[bool, typer.Option(help="Only print the document.")] = False,
) -> None:
    """Read shifts and closed days from an iCalendar file, and set them as the calendar."""
    with Client() as client:
        change = client.calendars.import_ics(equipment, file.read_bytes(), start=start, end=end)
        if dry_run:
            print_json(change["document"])
            return
        _print_change(
            client.calendars.put(
                equipment, change["document"], valid_from=valid_from or change["valid_from"],
                reason=f"imported from {file.name}",
            )
        )  # fmt: skip


def _set_in_database(context: typer.Context, arguments: list[str], valid_from: str | None) -> None:
    """Call the command that the core adds to this group, where the core is installed."""
    group = context.parent.command if context.parent is not None else None
    command = group.get_command(context, IN_DATABASE) if isinstance(group, TyperGroup) else None
    if command is None:
        raise WerknetzError(
            "There is no API key.", "Set WERKNETZ_API_KEY, or install `werknetz[core]` here."
        )
    options = [] if valid_from is None else ["--valid-from", valid_from]
    code = command.main([*arguments, *options], IN_DATABASE, standalone_mode=False)
    if code:
        raise typer.Exit(code)


def _read_document(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WerknetzError(f"{file} is not JSON: {error}.", "Correct the file.") from error
    if not isinstance(document, dict):
        raise WerknetzError(f"{file} is not a calendar.", "Write an object with shifts.")
    return document


def _print_change(change: Row) -> None:
    shifts = [f"{shift['name']} {timestamp(shift['start'])}" for shift in change["next_shifts"]]
    print_lines(
        f"Calendar of {change['equipment']} from {timestamp(change['valid_from'])}.",
        f"Next shifts: {', '.join(shifts[:3]) or 'none'}.",
    )
    if change["holidays"]:
        print_lines(
            "Holidays: " + ", ".join(f"{h['date']} {h['name']}" for h in change["holidays"])
        )
    if change["changed_from"]:
        print_lines(
            f"Changes the plan of {change['machines']} equipment from "
            f"{timestamp(change['changed_from'])} to {timestamp(change['changed_to'])}; "
            f"{change['marked_buckets']} quarters of an hour are computed again."
        )
