"""`werknetz quarantine groups | list | show | assign | discard | replay`: over the API."""

import base64
import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from werknetz.runtime.command import group
from werknetz_client.client import Client
from werknetz_client.commands import Output
from werknetz_client.mapping_commands import follow_replays

LISTED: Final = 50
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of entries.")]
Connector = Annotated[str | None, typer.Option(help="All open entries of a connector.")]
Source = Annotated[str | None, typer.Option(help="Of one source.")]
Reason = Annotated[str | None, typer.Option(help="Of one kind of reason, as `groups` shows it.")]
_out: Final = Console(soft_wrap=True, highlight=False, markup=False)


def register(app: typer.Typer) -> None:
    desk = group(app, "quarantine", "What could not be understood, and what to do with it.")
    for name, command in (
        ("groups", groups), ("list", list_entries), ("show", show), ("assign", assign),
        ("discard", discard), ("replay", replay),
    ):  # fmt: skip
        desk.command(name)(command)


def groups(
    connector: Connector = None,
    output: Annotated[Output, typer.Option("--output", "-o")] = Output.TABLE,
) -> None:
    """Group what is open by connector, source and kind of reason."""
    with Client() as client:
        rows = client.get("/quarantine/groups", connector=connector)
    if output is Output.JSON:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("connector", "source", "reason", "count", "first", "last", "such as")
    for row in rows:
        table.add_row(
            row["connector_id"], row["source"], row["reason"], str(row["count"]),
            row["first_at"][:19], row["last_at"][:19], str(row["example_id"]),
        )  # fmt: skip
    Console().print(table)


def list_entries(connector: Connector = None, state: str = "open") -> None:
    """List entries, newest first."""
    with Client() as client:
        for n, row in enumerate(client.quarantine.iter(connector=connector, state=state)):
            if n >= LISTED:
                typer.echo("… there are more: `werknetz quarantine groups` counts them")
                break
            place = f" {row['place']}" if row["place"] else ""
            _out.print(
                f"{row['id']}  {row['connector_id']}  {row['source']}{place}: {row['reason']}"
            )


def show(number: int) -> None:
    """Show one entry with its raw bytes."""
    with Client() as client:
        row = client.quarantine.get(number)
    raw = base64.b64decode(row.pop("raw_base64"))
    text = row.pop("raw_text")
    for name, value in row.items():
        if value not in (None, ""):
            _out.print(f"{name:15} {value}")
    _out.print("raw:")
    _out.print(text if text is not None else raw[:2000].hex(" "))


def assign(
    to: Annotated[str, typer.Option(help="Who is to look at it.")],
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
) -> None:
    """Give entries to somebody."""
    body = {**_choice(ids, connector, source, reason), "to": to}
    with Client() as client:
        done = client.post("/quarantine:assign", body)
    typer.echo(f"{done['entries']} entries are {to}'s")


def discard(
    note: Annotated[str, typer.Option(help="Why they are not needed.")],
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
) -> None:
    """Decide that entries are not needed, and why; they stay to be seen."""
    body = {**_choice(ids, connector, source, reason), "note": note}
    with Client() as client:
        done = client.post("/quarantine:discard", body)
    typer.echo(f"{done['entries']} entries discarded")


def replay(
    ids: Ids = None,
    connector: Connector = None,
    source: Source = None,
    reason: Reason = None,
    version: Annotated[int | None, typer.Option(help="Default: the active one.")] = None,
) -> None:
    """Run the mapping again over the input in which the entries stand."""
    body = {**_choice(ids, connector, source, reason), "version": version}
    with Client() as client:
        follow_replays(client, client.post("/quarantine:replay", body))


def _choice(
    ids: list[int] | None, connector: str | None, source: str | None, reason: str | None
) -> dict[str, Any]:
    return {"ids": ids or [], "connector": connector, "source": source, "reason": reason}
