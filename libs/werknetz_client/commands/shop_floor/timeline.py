"""`werknetz equipment states | counts`, `werknetz calendar shifts`: what happened when."""

from itertools import islice
from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    TableOrJson,
    Wide,
    amount,
    duration,
    print_collection,
    print_csv,
    print_items,
    print_json,
    print_lines,
    text,
    timestamp,
    yes_no,
)
from werknetz_client.errors import WerknetzError

Machine = Annotated[str, typer.Argument(help="Path of a machine.")]
Start = Annotated[str, typer.Option(help="RFC 3339, -8h, shift:current, …")]
End = Annotated[str | None, typer.Option(help="As start; default: now.")]
AsOf = Annotated[str | None, typer.Option(help="By what was known then; default: now.")]
STATES: Final[Columns] = {
    "start": ("start", timestamp), "end": ("end", timestamp), "seconds": ("duration_s", duration),
    "state": ("state", text), "category": ("category", text), "code": ("code", text),
    "order": ("order_number", text),
}  # fmt: skip
COUNTS: Final[Columns] = {
    "start": ("start", timestamp), "end": ("end", timestamp), "shift": ("window", text),
    "produced": ("produced", amount), "good": ("good", amount), "scrap": ("scrap", amount),
    "rework": ("rework", amount),
}  # fmt: skip
SHIFTS: Final[Columns] = {
    "equipment": ("equipment", text), "shift": ("name", text), "day": ("day", text),
    "start": ("start", timestamp), "end": ("end", timestamp), "runs": ("is_running", yes_no),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    equipment = get_or_add_group(app, "equipment", "Equipment: list, rename, move, retire.")
    equipment.command("states")(list_states)
    equipment.command("counts")(show_counts)
    calendar = get_or_add_group(app, "calendar", "Shift calendars of equipment, by valid-from.")
    calendar.command("shifts")(list_shifts)


def list_states(
    machine: Machine,
    start: Start = "-8h",
    end: End = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    output: TableOrJson = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the states of a machine: each second has one."""
    _refuse_csv(output)
    with Client() as client:
        states = client.equipment.states(machine, start=start, end=end, as_of=as_of)
        rows = list(islice(states, limit + 1))
    print_items(rows[:limit], STATES, output, wide=wide)
    if len(rows) > limit:
        typer.echo(f"There are more than {limit}: shorten the span, or raise --limit.", err=True)


def show_counts(
    equipment: Annotated[str, typer.Argument(help="Path of an equipment.")],
    start: Start = "-24h",
    end: End = None,
    by: Annotated[str, typer.Option(help="15m, hour, shift, 1d, 1w, 1mo or none")] = "hour",
    as_of: AsOf = None,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Show produced, good, scrap and rework parts by window."""
    options = {"start": start, "end": end, "granularity": by, "as_of": as_of}
    with Client() as client:
        if output is Output.CSV:
            print_csv(client.equipment.counts_csv(equipment, **options))
            return
        answer = client.equipment.counts(equipment, **options)
    if output is Output.JSON:
        print_json(answer)
        return
    print_items(answer["items"], COUNTS, Output.TABLE, wide=wide)
    reasons = {text: name for row in answer["items"] for name, text in row["reasons"].items()}
    print_lines(*(f"{name} –: {reason}." for reason, name in reasons.items()))


def list_shifts(
    equipment: Annotated[list[str], typer.Argument(help="Paths, such as nordwerk/emden-1.")],
    start: Start = "-7d",
    end: End = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List shifts as they take place, by the calendar of their time."""
    with Client() as client:
        print_collection(
            client.shifts, SHIFTS, output, limit=limit, wide=wide,
            equipment=equipment, start=start, end=end,
        )  # fmt: skip


def _refuse_csv(output: Output) -> None:
    if output is Output.CSV:
        raise WerknetzError("This is shown as a table or as JSON.", "Use -o json, or no -o.")
