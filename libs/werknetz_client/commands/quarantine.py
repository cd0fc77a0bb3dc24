"""`werknetz quarantine groups | list | show | assign | discard | reopen | replay`: over the API."""

import base64
from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client
from werknetz_client.commands.mapping import follow_replays
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    amount,
    print_collection,
    print_lines,
    prose,
    text,
    timestamp,
)

RAW_BYTES_SHOWN: Final = 2000
SOURCES_SHOWN: Final = 3
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of entries.")]
Connector = Annotated[str | None, typer.Option(help="Open entries of this connector.")]
Source = Annotated[str | None, typer.Option(help="Entries of this source.")]
Reason = Annotated[str | None, typer.Option(help="Kind of reason, as `groups` shows it.")]


def _sources(sources: Any) -> str:
    """Return the first sources, with their machines."""
    names = [source["equipment"] or f"{source['connector_id']} {source['source']}"
             for source in sources[:SOURCES_SHOWN]]  # fmt: skip
    more = len(sources) - len(names)
    return ", ".join([*dict.fromkeys(names), *([f"… {more} more"] if more > 0 else [])])


GROUPS: Final[Columns] = {
    "reason": ("reason", prose), "count": ("count", amount), "sources": ("sources", _sources),
    "first": ("first_at", timestamp), "last": ("last_at", timestamp),
    "example": ("example_id", text),
}  # fmt: skip
ENTRIES: Final[Columns] = {
    "id": ("id", text), "connector": ("connector_id", text), "source": ("source", text),
    "reason": ("reason", prose), "position": ("position", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "quarantine", "Input that could not be mapped or stored.")
    for name, command in (
        ("groups", groups), ("list", list_entries), ("show", show), ("assign", assign),
        ("discard", discard), ("reopen", reopen), ("replay", replay),
    ):  # fmt: skip
        commands.command(name)(command)


def groups(
    connector: Connector = None,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Group open entries by reason; a missing code is one group with its machines."""
    with Client() as client:
        print_collection(
            client.quarantine_groups, GROUPS, output, limit=limit, wide=wide, connector=connector
        )


def list_entries(
    connector: Connector = None,
    state: str = "open",
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List entries, newest first."""
    with Client() as client:
        print_collection(
            client.quarantine, ENTRIES, output, limit=limit, wide=wide,
            connector=connector, state=state,
        )  # fmt: skip


def show(number: int) -> None:
    """Show one entry with its raw bytes."""
    with Client() as client:
        row = client.quarantine.get(number)
    raw = base64.b64decode(row.pop("raw_base64"))
    raw_text = row.pop("raw_text")
    print_lines(*(f"{name:15} {value}" for name, value in row.items() if value not in (None, "")))
    print_lines("raw:")
    print_lines(
        *raw[:RAW_BYTES_SHOWN].hex(" ").splitlines() if raw_text is None else raw_text.splitlines()
    )


def assign(
    to: Annotated[str, typer.Option(help="Who takes care of them.")],
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
) -> None:
    """Assign entries to a person."""
    body = {**_selection(ids, connector, source, reason), "to": to}
    with Client() as client:
        result = client.post("/quarantine:assign", body)
    print_lines(f"{result['entries']} entries assigned to {to}")


def discard(
    note: Annotated[str, typer.Option(help="Why they are not needed.")],
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
) -> None:
    """Mark entries as not needed, with the reason; they remain visible."""
    body = {**_selection(ids, connector, source, reason), "note": note}
    with Client() as client:
        result = client.post("/quarantine:discard", body)
    print_lines(f"{result['entries']} entries discarded")


def reopen(
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
) -> None:
    """Open entries again that were assigned or discarded."""
    with Client() as client:
        result = client.post("/quarantine:reopen", _selection(ids, connector, source, reason))
    print_lines(f"{result['entries']} entries opened again")


def replay(
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
    version: Annotated[int | None, typer.Option(help="Default: the active one.")] = None,
) -> None:
    """Run the mapping again over the input of the entries."""
    body = {**_selection(ids, connector, source, reason), "version": version}
    with Client() as client:
        follow_replays(client, client.post("/quarantine:replay", body))


def _selection(
    ids: list[int] | None, connector: str | None, source: str | None, reason: str | None
) -> dict[str, Any]:
    return {"ids": ids or [], "connector": connector, "source": source, "reason": reason}
