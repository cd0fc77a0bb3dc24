"""`werknetz stops`: list, enter, classify and change stops; thresholds and start-ups."""

from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    AuditReason,
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    duration,
    print_collection,
    print_items,
    print_lines,
    text,
    timestamp,
    yes_no,
)

Equipment = Annotated[str, typer.Argument(help="Path of an equipment, such as nordwerk/emden-1.")]
StopId = Annotated[str, typer.Argument(help="Id of a stop, as `list` shows it.")]
Reason = Annotated[str | None, typer.Option(help="Code of a reason: `werknetz reasons list`.")]
State = Annotated[str | None, typer.Option(help="State of the machine, such as idle.")]
Comment = Annotated[str | None, typer.Option(help="What happened.")]
Start = Annotated[str, typer.Option(help="RFC 3339, -8h, shift:current, …")]

STOPS: Final[Columns] = {
    "id": ("id", text), "equipment": ("equipment", text), "start": ("start", timestamp),
    "end": ("end", timestamp), "lost s": ("lost_s", duration), "state": ("state", text),
    "reason": ("reason", text), "minor": ("minor", yes_no), "code": ("code", text),
    "orders": ("orders", text), "by": ("entered_by", text), "version": ("version", text),
}  # fmt: skip

THRESHOLDS: Final[Columns] = {
    "equipment": ("equipment", text), "minor below s": ("minor_stop_s", amount),
    "start-up s": ("start_up_s", amount), "good items": ("start_up_items", amount),
    "after stop of s": ("start_up_after_stop_s", amount), "since": ("valid_from", timestamp),
}  # fmt: skip


IN_FORCE: Final[Columns] = {
    "threshold": ("name", text), "value": ("value", amount),
    "set at": ("set_at", lambda path: path or "default"), "since": ("valid_from", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "stops", "Stops of machines: when, how long, why.")
    for name, command in (
        ("list", list_stops), ("show", show), ("enter", enter), ("classify", classify),
        ("split", split), ("merge", merge), ("undo", undo), ("threshold", threshold),
        ("start-up", start_up), ("thresholds", list_thresholds),
    ):  # fmt: skip
        commands.command(name)(command)


def list_stops(
    under: Equipment,
    *,
    start: Start = "-24h",
    end: Annotated[str | None, typer.Option(help="As start; default: now.")] = None,
    unclassified: Annotated[
        bool, typer.Option("--unclassified", help="Only those without a reason.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    minor: Annotated[bool | None, typer.Option(help="With or without others than minor.")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="Repeated: any of them.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Repeated: any of them.")] = None,
    min_s: Annotated[float, typer.Option(help="Whole duration in seconds, at least.")] = 0,
    as_of: Annotated[str | None, typer.Option(help="By what was known then; default: now.")] = None,
    sort: str = "start",
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the stops that overlap a span, each as a whole."""
    with Client() as client:
        print_collection(
            client.stops, STOPS, output, limit=limit, wide=wide, under=under, start=start, end=end,
            classified=False if unclassified else None, open=True if open_ else None, minor=minor,
            reason=reason, state=state, min_s=min_s, as_of=as_of, sort=sort,
        )  # fmt: skip


def show(stop: StopId) -> None:
    """Show one stop with its reason and who changed it."""
    with Client() as client:
        row = client.stops.get(stop)
    print_lines(*(f"{name:15} {value}" for name, value in row.items() if value not in (None, "")))


def enter(
    equipment: Equipment,
    start: Annotated[str, typer.Argument(help="RFC 3339 with a zone.")],
    end: Annotated[str, typer.Argument(help="RFC 3339 with a zone.")],
    reason: Reason = None,
    state: State = None,
    comment: Comment = None,
    why: AuditReason = None,
) -> None:
    """Enter a stop that the machine did not report."""
    with Client() as client:
        result = client.stops.enter(
            equipment, start, end, reason=reason, state=state, comment=comment, why=why
        )
    _print_change(result)


def classify(
    stops: Annotated[list[str], typer.Argument(help="Ids of stops.")],
    reason: Reason = None,
    state: State = None,
    comment: Comment = None,
    why: AuditReason = None,
) -> None:
    """Give stops a reason, all or none of them; KPIs follow within seconds.

    A comment alone leaves reason and state as they are.
    """
    options = {"reason": reason, "state": state, "comment": comment, "why": why}
    fields = {name: value for name, value in options.items() if value is not None}
    with Client() as client:
        parts = [{"id": stop, "version": client.stops.get(stop)["version"]} for stop in stops]
        result = client.stops.classify_all(parts, **fields)
    for change in result["changes"]:
        _print_change(change)


def split(
    stop: StopId,
    at: Annotated[str, typer.Option(help="Instant inside the stop: RFC 3339 with a zone.")],
    why: AuditReason = None,
) -> None:
    """Split a stop at an instant."""
    with Client() as client:
        version = client.stops.get(stop)["version"]
        _print_change(client.stops.split(stop, at, version=version, why=why))


def merge(
    stops: Annotated[list[str], typer.Argument(help="Ids of adjacent stops of one machine.")],
    reason: Reason = None,
    state: State = None,
    comment: Comment = None,
    why: AuditReason = None,
) -> None:
    """Make adjacent stops one."""
    with Client() as client:
        parts = [{"id": stop, "version": client.stops.get(stop)["version"]} for stop in stops]
        result = client.stops.merge(parts, reason=reason, state=state, comment=comment, why=why)
    _print_change(result)


def undo(stop: StopId, why: AuditReason = None) -> None:
    """Undo the last change of a stop; again: the change before it."""
    with Client() as client:
        version = client.stops.get(stop)["version"]
        _print_change(client.stops.undo(stop, version=version, why=why))


def threshold(
    equipment: Equipment,
    seconds: Annotated[
        float | None, typer.Argument(help="A shorter malfunction is minor; none: inherited.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339 with a zone; default: now.")] = None,
    why: AuditReason = None,
) -> None:
    """Set below which duration a malfunction is a minor stop, at an equipment and all below it."""
    body = {"minor_stop_s": seconds, "valid_from": since, "why": why}
    with Client() as client:
        row = client.stop_thresholds.put(equipment, body)
    value = "inherited" if row["minor_stop_s"] is None else f"{amount(row['minor_stop_s'])} s"
    print_lines(f"{equipment}: {value} from {timestamp(row['valid_from'])}")


def start_up(
    equipment: Equipment,
    seconds: Annotated[float | None, typer.Option(help="How long a start-up lasts.")] = None,
    items: Annotated[
        float | None, typer.Option(help="Good items that end it earlier; 0: only time ends it.")
    ] = None,
    after_stop: Annotated[
        float | None, typer.Option(help="Seconds of a stop that a start-up follows.")
    ] = None,
    inherited: Annotated[
        bool, typer.Option("--inherited", help="As above in the tree, but what is given.")
    ] = False,
    since: Annotated[str | None, typer.Option(help="RFC 3339 with a zone; default: now.")] = None,
    why: AuditReason = None,
) -> None:
    """Set what a start-up is, at an equipment and all below it; what is not given stays."""
    values = {
        "start_up_s": seconds, "start_up_items": items, "start_up_after_stop_s": after_stop,
    }  # fmt: skip
    changes = {name: value for name, value in values.items() if inherited or value is not None}
    if not changes:
        raise typer.BadParameter("give --seconds, --items, --after-stop or --inherited")
    with Client() as client:
        row = client.stop_thresholds.put(equipment, {**changes, "valid_from": since, "why": why})
    parts = [
        f"{label} {'inherited' if row[name] is None else format(row[name], 'g')}"
        for name, label in (
            ("start_up_s", "seconds"), ("start_up_items", "good items"),
            ("start_up_after_stop_s", "after a stop of seconds"),
        )
    ]  # fmt: skip
    print_lines(f"{equipment}: {', '.join(parts)} from {timestamp(row['valid_from'])}")


def list_thresholds(
    equipment: Annotated[
        str | None, typer.Argument(help="Equipment: what holds there now, and where it is set.")
    ] = None,
    *,
    under: Annotated[list[str] | None, typer.Option(help="Equipment path; repeated: any.")] = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the thresholds of minor stops and start-ups that equipment has of its own.

    With an equipment: those that hold there now, inherited ones and defaults, too.
    """
    with Client() as client:
        if equipment is not None:
            if under:
                raise typer.BadParameter("give an equipment or --under, not both")
            if output is Output.CSV:
                raise typer.BadParameter("what holds at an equipment is shown as table or json")
            rows = client.stop_thresholds.get(equipment)["thresholds"]
            print_items(rows, IN_FORCE, output, wide=wide)
            return
        print_collection(
            client.stop_thresholds, THRESHOLDS, output, limit=limit, wide=wide, under=under
        )
    if output is Output.TABLE:
        print_lines(
            "Where nothing is set: malfunctions below 120 s are minor, a start-up lasts 900 s after"
            " a stop of 3,600 s. What holds at an equipment: werknetz stops thresholds PATH."
        )


def _print_change(result: Row) -> None:
    print_lines(f"change {result['change']}")
    print_items(result["stops"], STOPS, Output.TABLE)
