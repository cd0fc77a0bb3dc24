"""`werknetz audit`: every change by a person; its sub-commands verify and export the chain."""

import json
from typing import Annotated, Any, Final

import typer

from werknetz_client.client import Client
from werknetz_client.commands.output import (
    EMPTY,
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
from werknetz_client.commands.shop_floor import audit_chain


def _document(value: Any) -> str:
    if value is None:
        return EMPTY
    return json.dumps({k: v for k, v in value.items() if v is not None}, ensure_ascii=False)


AUDIT: Final[Columns] = {
    "id": ("id", text), "at": ("at", timestamp), "by": ("by", text), "action": ("action", text),
    "subject": ("subject", text), "subject id": ("subject_id", text),
    "equipment": ("equipment", text), "before": ("before", _document),
    "after": ("after", _document), "why": ("reason", prose), "address": ("address", text),
    "client": ("client", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True)
    group.callback()(audit)
    audit_chain.register(group)
    app.add_typer(group, name="audit")


def audit(
    context: typer.Context,
    *,
    under: Annotated[str | None, typer.Option(help="This equipment and all below it.")] = None,
    subject: Annotated[list[str] | None, typer.Option(help="stop, quantity, reason, …")] = None,
    subject_id: Annotated[list[str] | None, typer.Option(help="Such as the id of a stop.")] = None,
    action: Annotated[list[str] | None, typer.Option(help="classified, corrected, …")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Name of a key.")] = None,
    start: Annotated[str | None, typer.Option(help="RFC 3339, -8h, …; default: all.")] = None,
    end: Annotated[str | None, typer.Option(help="As start.")] = None,
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List who changed what, when and why, newest first."""
    if context.invoked_subcommand is not None:
        return
    with Client() as client:
        print_collection(
            client.audit, AUDIT, output, limit=limit, wide=wide, under=under, subject=subject,
            subject_id=subject_id, action=action, by=by, start=start, end=end,
        )  # fmt: skip
