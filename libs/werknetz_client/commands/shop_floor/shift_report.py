"""`werknetz shift-report`: one page about a shift, its notes and signatures."""

from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Columns,
    Limit,
    Output,
    OutputOption,
    TableOrJson,
    Wide,
    amount,
    duration,
    print_collection,
    print_items,
    print_json,
    print_lines,
    prose,
    share_text,
    text,
    timestamp,
)
from werknetz_client.commands.shop_floor.stops import STOPS

Equipment = Annotated[str, typer.Argument(help="Path of an equipment.")]
ORDERS: Final[Columns] = {
    "order": ("order_number", text), "equipment": ("equipment", text),
    "material": ("material", text), "producing s": ("producing_s", duration),
    "set-up s": ("setup_s", duration), "lost s": ("lost_s", duration),
    "good": ("good", amount), "scrap": ("scrap", amount), "planned": ("planned_quantity", amount),
}  # fmt: skip
SCRAP: Final[Columns] = {
    "scrap reason": ("reason", text), "name": ("name_en", text), "parts": ("quantity", amount),
}  # fmt: skip

NOTES: Final[Columns] = {
    "id": ("id", text), "equipment": ("equipment", text), "at": ("start", timestamp),
    "note": ("text", prose), "by": ("entered_by", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "shift-report", "One page about a shift.")
    commands.command("show")(show)
    commands.command("note")(note)
    commands.command("notes")(list_notes)
    commands.command("withdraw-note")(withdraw_note)
    commands.command("restore-note")(restore_note)
    commands.command("sign")(sign)
    commands.command("withdraw-signature")(withdraw_signature)


def show(
    equipment: Equipment,
    start: Annotated[str, typer.Option(help="shift:previous, shift:current, …")] = "shift:previous",
    end: Annotated[str | None, typer.Option(help="As start.")] = None,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Show target, actual, orders, stops, scrap and notes of a shift."""
    with Client() as client:
        report = client.shift_reports.get(equipment, start=start, end=end)
    if output is Output.JSON:
        print_json(report)
        return
    print_lines(*_head_lines(report))
    if report["orders"]:
        print_items(report["orders"], ORDERS, Output.TABLE)
    if report["top_stops"]:
        print_items(report["top_stops"], STOPS, Output.TABLE)
    print_lines(_stops_line(report))
    if report["scrap_reasons"]:
        print_items(report["scrap_reasons"], SCRAP, Output.TABLE)
    print_lines(
        *(
            f"{timestamp(row['start'])} {row['entered_by']}: {row['text']}"
            for row in report["notes"]
        ),
        *(_signature_line(row) for row in report["signatures"]),
    )


def note(
    equipment: Equipment,
    words: Annotated[str, typer.Argument(help="The note.", metavar="TEXT")],
    at: Annotated[str | None, typer.Option(help="RFC 3339 with a zone; default: now.")] = None,
) -> None:
    """Add a note for the shift report."""
    with Client() as client:
        row = client.shift_reports.add_note(equipment, words, start=at)
    print_lines(f"{timestamp(row['start'])} {row['entered_by']}: {row['text']}")


def list_notes(
    under: Annotated[list[str] | None, typer.Option(help="Equipment path; repeated: any.")] = None,
    start: Annotated[str | None, typer.Option(help="RFC 3339, -7d, …; default: all.")] = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List notes with their ids, newest first."""
    with Client() as client:
        print_collection(
            client.annotations, NOTES, output, limit=limit, wide=wide, under=under, start=start
        )


def withdraw_note(
    number: Annotated[int, typer.Argument(help="Id of the note, as `notes` shows it.")],
) -> None:
    """Withdraw a note; the audit log retains it."""
    with Client() as client:
        client.shift_reports.withdraw_note(number)
    print_lines(
        f"Note {number} is withdrawn; `werknetz shift-report restore-note {number}` restores it."
    )


def restore_note(
    number: Annotated[int, typer.Argument(help="Id of a note that was withdrawn.")],
) -> None:
    """Bring a withdrawn note back, with its author and its times."""
    with Client() as client:
        row = client.shift_reports.undo_withdrawn_note(number)
    print_lines(f"{row['entered_by']}: {row['text']}")


def sign(
    equipment: Equipment,
    digest: Annotated[
        str | None,
        typer.Option(help="`digest` of the report as you read it; default: as it is now."),
    ] = None,
    start: Annotated[str, typer.Option(help="shift:previous, …")] = "shift:previous",
    end: Annotated[str | None, typer.Option(help="As start.")] = None,
    comment: Annotated[str | None, typer.Option(help="What the signature is about.")] = None,
) -> None:
    """Sign the report of a shift that is over."""
    with Client() as client:
        report = client.shift_reports.get(equipment, start=start, end=end)
        report["digest"] = digest or report["digest"]
        signature = client.shift_reports.sign(equipment, report, comment=comment)
    print_lines(*_head_lines(report), _signature_line(signature))


def withdraw_signature(
    equipment: Equipment,
    number: Annotated[int, typer.Argument(help="Id of the signature, as `show` prints it.")],
    comment: Annotated[str | None, typer.Option(help="Why.")] = None,
) -> None:
    """Withdraw a signature of your own; the report shows that it was there."""
    with Client() as client:
        client.shift_reports.withdraw_signature(equipment, number, comment=comment)
    print_lines(f"Signature {number} is withdrawn.")


def _signature_line(row: Row) -> str:
    line = f"signature {row['id']}: {row['signed_by']}, {timestamp(row['signed_at'])}"
    if row["comment"]:
        line += f", {row['comment']}"
    if row["withdrawn_at"]:
        return f"{line}; withdrawn {timestamp(row['withdrawn_at'])}"
    return line + (f"; changed since: {', '.join(row['changed'])}" if row["changed"] else "")


def _head_lines(report: Row) -> list[str]:
    shift, counts = report["shift"], report["counts"]
    name = f"{shift['name']} shift of {shift['day']}" if shift else "no single shift"
    kpis = ", ".join(f"{row['kpi']} {_percent(row['value'])}" for row in report["kpis"])
    parts = (
        f"good {amount(counts['good'])} of {_round(counts['target'])} at OEE 100 %, "
        f"scrap {amount(counts['scrap'])}, rework {amount(counts['rework'])}"
    )
    return [
        f"{report['equipment']}: {name}, {timestamp(report['start'])} to "
        f"{timestamp(report['end'])} ({report['time_zone']})"
        + (", provisional" if report["provisional"] else ""),
        parts,
        kpis,
    ]


def _stops_line(report: Row) -> str:
    minor = report["minor_stops"]
    return (
        f"{report['stops']} stops and {minor['count']} minor ones ({minor['lost_s']:,.0f} s) took "
        f"{report['lost_s']:,.0f} s; {share_text(report['untagged_share'], 1)} of it has no reason"
    )


def _round(quantity: float | None) -> str:
    return amount(None if quantity is None else round(quantity))


def _percent(value: float | None) -> str:
    return EMPTY if value is None else f"{value:.1%}"
