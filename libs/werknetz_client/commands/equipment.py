"""`werknetz equipment list | rename | move | retire | restore | backlog`, `werknetz signals`."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.output import (
    AuditReason,
    Columns,
    Limit,
    Output,
    OutputOption,
    Under,
    Wide,
    amount,
    print_collection,
    print_lines,
    text,
    timestamp,
)

Path = Annotated[str, typer.Argument(help="Path of the equipment.")]
At = Annotated[str | None, typer.Option(help="Instant with its zone; default: now.")]

EQUIPMENT: Final[Columns] = {
    "path": ("path", text), "name": ("name", text), "level": ("level", text),
    "since": ("valid_from", timestamp), "until": ("valid_to", timestamp),
    "moved to": ("moved_to", text),
}  # fmt: skip
SIGNALS: Final[Columns] = {
    "id": ("id", text), "equipment": ("equipment", text), "name": ("name", text),
    "role": ("role", text), "connector": ("connector_id", text),
    "from": ("valid_from", timestamp), "until": ("valid_to", timestamp),
}  # fmt: skip

LATEST: Final[Columns] = {
    "id": ("id", text), "equipment": ("equipment", text), "name": ("name", text),
    "value": ("value", amount), "text": ("text", text), "unit": ("unit", text),
    "quality": ("quality", text), "at": ("at", timestamp),
}  # fmt: skip

BACKLOG: Final[Columns] = {
    "equipment": ("equipment", text), "buckets": ("buckets", amount),
    "waiting since": ("waiting_since", timestamp), "first": ("first_bucket", timestamp),
    "last": ("last_bucket", timestamp),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "equipment", "Equipment: list, rename, move, retire.")
    commands.command("list")(list_equipment)
    commands.command("rename")(rename)
    commands.command("move")(move)
    commands.command("retire")(retire)
    commands.command("restore")(restore)
    commands.command("backlog")(list_backlog)
    signals = get_or_add_group(app, "signals", "Signals, and when each is in force.")
    signals.command("list")(list_signals)
    signals.command("end")(end_signal)


def list_equipment(
    under: Under = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List equipment with its lifetime."""
    with Client() as client:
        print_collection(client.equipment, EQUIPMENT, output, limit=limit, wide=wide, under=under)


def list_backlog(
    limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False
) -> None:
    """List the machines that workers have to compute again, the longest wait first."""
    with Client() as client:
        print_collection(client.backlog, BACKLOG, output, limit=limit, wide=wide)


def rename(
    path: Path,
    new: Annotated[str, typer.Argument(help="New last segment of the path, or a display name.")],
    display: Annotated[bool, typer.Option("--display", help="Change the name only.")] = False,
    reason: AuditReason = None,
) -> None:
    """Rename equipment; sources may go on to use the former path."""
    parent = path.rpartition("/")[0]
    change = {"name": new} if display else {"path": f"{parent}/{new}"}
    _change(path, reason, **change)


def move(
    path: Path,
    parent: Annotated[str, typer.Argument(help="Path of the new parent.")],
    at: At = None,
    reason: AuditReason = None,
) -> None:
    """Move equipment in the tree: roll-ups of the former place have it for the time before."""
    change = {"path": f"{parent}/{path.rpartition('/')[2]}"}
    _change(path, reason, **change, **({} if at is None else {"valid_from": at}))


def retire(path: Path, at: At = None, reason: AuditReason = None) -> None:
    """Retire equipment: it leaves roll-ups for the time after."""
    _change(path, reason, valid_to=_now() if at is None else at)


def restore(path: Path, reason: AuditReason = None) -> None:
    """Put retired equipment back in service, with all its time."""
    _change(path, reason, valid_to=None)


def list_signals(
    *,
    under: Under = None,
    role: Annotated[list[str] | None, typer.Option(help="Repeated: any.")] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="With the newest value of each.")
    ] = False,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List signals; of several of one role at a machine, the one that began last counts."""
    with Client() as client:
        print_collection(
            client.signals, LATEST if latest else SIGNALS, output, limit=limit, wide=wide,
            under=under, role=role, latest="true" if latest else None,
        )  # fmt: skip


def end_signal(
    signal: Annotated[int, typer.Argument(help="Id of the signal.")],
    at: At = None,
    reason: AuditReason = None,
) -> None:
    """End a signal: another one of its role counts from then on."""
    with Client() as client:
        end = _now() if at is None else at
        fields = {"valid_to": end} | ({} if reason is None else {"reason": reason})
        item = client.signals.change(signal, **fields)
    print_lines(f"{item['key']} ends at {item['valid_to']}.")


def _change(path: str, reason: str | None, /, **change: object) -> None:
    with Client() as client:
        fields = change | ({} if reason is None else {"reason": reason})
        item = client.equipment.change(path, **fields)
    until = f", retired at {item['valid_to']}" if item["valid_to"] else ""
    print_lines(f"{item['path']} ({item['name']}){until}")


def _now() -> str:
    return datetime.now(UTC).isoformat()
