"""`werknetz mapping add | list | preview | diff | activate | replay`: over the API."""

import json
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from werknetz.runtime.command import group
from werknetz_client.client import Client, Row
from werknetz_client.commands import Output
from werknetz_client.errors import WerknetzError

SYNC_WITHIN_S: Final = 60.0
ROWS_MAX: Final = 20
File = Annotated[Path, typer.Argument(help="YAML of a mapping, or of an edge with its mapping")]
AsJson = Annotated[Output, typer.Option("--output", "-o", help="table or json")]
_out: Final = Console(soft_wrap=True, highlight=False, markup=False)


def register(app: typer.Typer) -> None:
    mapping = group(app, "mapping", "Mappings: which address is which signal, and what it means.")
    for name, command in (
        ("list", list_mappings), ("add", add), ("preview", preview), ("diff", diff),
        ("activate", activate), ("replay", replay),
    ):  # fmt: skip
        mapping.command(name)(command)


def list_mappings(output: AsJson = Output.TABLE) -> None:
    """List mappings, the version in force and who uses it."""
    with Client() as client:
        rows = client.mappings.list()
    if output is Output.JSON:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("mapping", "active", "newest", "used by")
    for row in rows:
        active = "each its own file's" if row["active"] is None else str(row["active"])
        table.add_row(row["name"], active, str(row["newest"]), ", ".join(row["connectors"]))
    Console().print(table)


def add(file: File, note: Annotated[str, typer.Option(help="What is new, and why.")] = "") -> None:
    """Keep a version as a draft; nothing changes yet."""
    with Client() as client:
        row = client.post("/mappings", {"document": _read(file), "note": note})
    typer.echo(f"{row['name']}@{row['version']} is kept as {row['state']} ({row['digest'][:12]})")


def preview(
    file: File,
    connector: Annotated[str | None, typer.Option(help="Default: all that use the name.")] = None,
    minutes: Annotated[float, typer.Option(help="How far back.")] = 10.0,
    output: AsJson = Output.TABLE,
) -> None:
    """Show what a mapping makes of the newest input; nothing is stored."""
    body = {"document": _read(file), "connector": connector, "minutes": minutes}
    with Client() as client:
        found = client.post("/mappings:preview", body)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
        return
    _out.print(f"{found['mapping']} over {found['inputs']} inputs of {_names(found)}")
    table = Table("point", "role", "unit", "samples", "last")
    for point in found["points"]:
        last = point["last"][-1]["value"] if point["last"] else None
        table.add_row(
            point["key"], point["role"], point["unit"] or "", str(point["samples"]), _short(last)
        )
    Console().print(table)
    _out.print(f"events: {found['events_count']}")
    for event in found["events"]:
        _out.print(f"  {json.dumps(event, ensure_ascii=False)}")
    _refused(found["refused"])
    _out.print(f"states: {found['unmapped_states']['text']}{_codes(found['unmapped_states'])}")


def diff(
    file: File,
    start: Annotated[str, typer.Option(help="-24h, 2026-11-20 …: when it was stored.")] = "-24h",
    end: Annotated[str | None, typer.Option(help="As start; none: now.")] = None,
    connector: Annotated[str | None, typer.Option(help="Default: all that use the name.")] = None,
    output: AsJson = Output.TABLE,
) -> None:
    """Run a mapping over kept input: which values, states, events and KPIs would move."""
    body: dict[str, Any] = {
        "document": _read(file), "connector": connector, "start": start, "end": end,
    }  # fmt: skip
    with Client(timeout_s=120) as client:
        found = client.post("/mappings:diff", body)
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
        return
    _out.print(
        f"{found['mapping']} over {found['inputs']} inputs of {_names(found)}, "
        f"{found['start']} to {found['end']}"
    )
    if not found["complete"]:
        _out.print(f"The time allowed ended: go on with --start {found['next_start']}")
    if found["inputs_skipped"]:
        _out.print(f"{found['inputs_skipped']} inputs were named by a mapping that is not kept")
    _points(found)
    for event in found["events"]:
        _out.print(
            f"events {event['kind']}: {event['before']} → {event['after']}, "
            f"{event['changed']} differ"
        )
    _refused(found["refused"])
    unmapped = found["unmapped_after"]
    _out.print(f"states: {unmapped['text']}{_codes(unmapped)}")
    for move in found["states"][:ROWS_MAX]:
        _out.print(
            f"  {move['equipment']} {move['state']}: "
            f"{move['before_s'] / 60:.1f} → {move['after_s'] / 60:.1f} min"
        )
    for move in found["kpis"][:ROWS_MAX]:
        before, after = (_short(move[side]) for side in ("before", "after"))
        _out.print(f"KPI {move['kpi']} of {move['equipment']}: {before} → {after}")


def activate(
    name: Annotated[str, typer.Argument(help="The mapping's name.")],
    version: int,
    again: Annotated[
        str | None,
        typer.Option("--replay", help="And correct what was stored since: -30d, 2026-11-01 …"),
    ] = None,
) -> None:
    """Put a version in force and wait until its edges use it."""
    with Client() as client:
        client.post(f"/mappings/{name}/versions/{version}:activate", {})
        typer.echo(f"{name}@{version} is active")
        _wait_for_edges(client, name, version)
        if again is not None:
            _replay(client, {"mapping": name, "version": version, "start": again})


def replay(
    name: Annotated[str, typer.Argument(help="The mapping's name.")],
    start: Annotated[str, typer.Option(help="From when on, as it was stored.")] = "-30d",
    connector: Annotated[str | None, typer.Option(help="Default: all that use it.")] = None,
) -> None:
    """Run the active version again over kept input, and correct what it says otherwise."""
    with Client() as client:
        _replay(client, {"mapping": name, "connector": connector, "start": start})


def follow_replays(client: Client, jobs: list[Row]) -> None:
    """Wait until replays have ended, and say what they did."""
    for started in jobs:
        job = started
        while job["state"] in {"waiting", "running"}:
            time.sleep(0.5)
            job = client.replays.get(job["id"])
        if job["state"] == "failed":
            raise WerknetzError(f"Replay {job['id']} failed: {job['error']}")
        typer.echo(
            f"{job['connector_id']}: {job['inputs']} inputs named by {job['mapping']}; "
            f"{job['samples_removed']} samples taken away, {job['samples_added']} added, "
            f"{job['events_changed']} events changed, "
            f"{job['quarantine_cleared']} entries left quarantine"
        )
        if job["inputs_skipped"]:
            typer.echo(f"  {job['inputs_skipped']} inputs: their mapping is not kept", err=True)


def _replay(client: Client, body: Row) -> None:
    follow_replays(client, client.post("/replays", body))


def _wait_for_edges(client: Client, name: str, version: int) -> None:
    users: list[str] = next(
        (m["connectors"] for m in client.mappings.iter() if m["name"] == name), []
    )
    deadline = time.monotonic() + SYNC_WITHIN_S
    for user in users:
        while True:
            row = client.connectors.get(user)
            if row["mapping"] == f"{name}@{version}" and row["mapping_state"] == "in_sync":
                typer.echo(f"{user}: in sync")
                break
            if row["mapping_state"] in {"failed", "out_of_sync"}:
                typer.echo(f"{user}: {row['mapping_state']}: {row['mapping_detail']}", err=True)
                break
            if time.monotonic() > deadline:
                typer.echo(f"{user}: not yet; it is {row['state']}", err=True)
                break
            time.sleep(0.5)


def _points(found: Row) -> None:
    _out.print(f"points: {found['points_same']} the same, {len(found['points'])} differ")
    if not found["points"]:
        return
    table = Table("point", "change", "samples", "differ", "by up to", "such as")
    for point in found["points"][:ROWS_MAX]:
        shown = next(iter(point["examples"]), None)
        table.add_row(
            point["key"],
            point["change"],
            f"{point['samples_before']} → {point['samples_after']}",
            str(point["changed"]),
            f"{point['largest_difference']:g}",
            "" if shown is None else f"{_short(shown['before'])} → {_short(shown['after'])}",
        )
    Console().print(table)


def _refused(rows: list[Row]) -> None:
    for row in rows[:ROWS_MAX]:
        _out.print(f"refused {row['source']}: {row['reason']}: {row['before']} → {row['after']}")


def _codes(unmapped: Row) -> str:
    return f": {', '.join(unmapped['codes'])}" if unmapped["codes"] else ""


def _names(found: Row) -> str:
    return ", ".join(found["connectors"])


def _short(value: float | str | None) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:40]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WerknetzError(f"{file} cannot be read: {error}", "Name a YAML file.") from error
