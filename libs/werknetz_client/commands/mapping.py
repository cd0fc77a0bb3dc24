"""`werknetz mapping add | list | preview | diff | activate | replay`: over the API."""

import json
import time
from pathlib import Path
from typing import Annotated, Any, Final

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
    print_collection,
    print_json,
    print_lines,
    print_table,
    printable,
    prose,
    text,
)
from werknetz_client.errors import WerknetzError

SYNC_WITHIN_S: Final = 60.0
ROWS_MAX: Final = 20
Connector = Annotated[str | None, typer.Option(help="Default: all that use this mapping.")]
File = Annotated[Path, typer.Argument(help="YAML of a mapping, or of an edge with its mapping")]
MAPPINGS: Final[Columns] = {
    "mapping": ("name", text),
    "active": ("active", lambda version: text(version or "none (edge files in use)")),
    "newest": ("newest", text), "used by": ("connectors", prose),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(
        app, "mapping", "Mappings of source addresses to signals and events."
    )
    for name, command in (
        ("list", list_mappings), ("add", add), ("preview", preview), ("diff", diff),
        ("activate", activate), ("replay", replay),
    ):  # fmt: skip
        commands.command(name)(command)


def list_mappings(
    limit: Limit = 100, output: OutputOption = Output.TABLE, wide: Wide = False
) -> None:
    """List mappings with the version in force and the connectors that use them."""
    with Client() as client:
        print_collection(client.mappings, MAPPINGS, output, limit=limit, wide=wide)


def add(file: File, note: Annotated[str, typer.Option(help="What is new, and why.")] = "") -> None:
    """Add a version as a draft; nothing changes yet."""
    with Client() as client:
        row = client.post("/mappings", {"document": _read(file), "note": note})
    print_lines(f"{row['name']}@{row['version']} stored as {row['state']} ({row['digest'][:12]})")


def preview(
    file: File,
    connector: Connector = None,
    minutes: Annotated[float, typer.Option(help="How far back.")] = 10.0,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Show the result of a mapping on the newest input; nothing is stored."""
    body = {"document": _read(file), "connector": connector, "minutes": minutes}
    with Client() as client:
        result = client.post("/mappings:preview", body)
    if output is Output.JSON:
        print_json(result)
        return
    print_lines(f"{result['mapping']} over {result['inputs']} inputs of {_names(result)}")
    print_table(
        ["point", "role", "unit", "samples", "last"],
        [
            [
                point["key"],
                point["role"],
                point["unit"] or "",
                str(point["samples"]),
                _short(point["last"][-1]["value"] if point["last"] else None),
            ]
            for point in result["points"]
        ],
        right={"samples"},
    )
    print_lines(f"events: {result['events_count']}")
    for event in result["events"]:
        print_lines(f"  {json.dumps(event, ensure_ascii=False)}")
    _print_refused(result["refused"])
    print_lines(f"states: {result['unmapped_states']['text']}{_codes(result['unmapped_states'])}")


def diff(
    file: File,
    start: Annotated[str, typer.Option(help="-24h, 2026-11-20 …: when it was stored.")] = "-24h",
    end: Annotated[str | None, typer.Option(help="As start; none: now.")] = None,
    connector: Connector = None,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Run a mapping over stored input: which values, states, events and KPIs would change."""
    body: dict[str, Any] = {
        "document": _read(file), "connector": connector, "start": start, "end": end,
    }  # fmt: skip
    with Client(timeout_s=120) as client:
        result = client.post("/mappings:diff", body)
    if output is Output.JSON:
        print_json(result)
        return
    print_lines(
        f"{result['mapping']} over {result['inputs']} inputs of {_names(result)}, "
        f"{result['start']} to {result['end']}"
    )
    if not result["complete"]:
        print_lines(f"The time limit was reached: continue with --start {result['next_start']}")
    if result["inputs_skipped"]:
        print_lines(
            f"{result['inputs_skipped']} inputs were mapped by a version that is no longer stored"
        )
    _print_points(result)
    for event in result["events"]:
        print_lines(
            f"events {event['kind']}: {event['before']} → {event['after']}, "
            f"{event['changed']} differ"
        )
    _print_refused(result["refused"])
    unmapped = result["unmapped_after"]
    print_lines(f"states: {unmapped['text']}{_codes(unmapped)}")
    for move in result["states"][:ROWS_MAX]:
        print_lines(
            f"  {move['equipment']} {move['state']}: "
            f"{move['before_s'] / 60:.1f} → {move['after_s'] / 60:.1f} min"
        )
    for move in result["kpis"][:ROWS_MAX]:
        before, after = (_short(move[side]) for side in ("before", "after"))
        print_lines(f"KPI {move['kpi']} of {move['equipment']}: {before} → {after}")


def activate(
    name: Annotated[str, typer.Argument(help="The mapping's name.")],
    version: int,
    replay_start: Annotated[
        str | None,
        typer.Option("--replay", help="Correct what was stored since: -30d, 2026-11-01 …"),
    ] = None,
) -> None:
    """Put a version in force and wait until its edges use it."""
    with Client() as client:
        client.post(f"/mappings/{name}/versions/{version}:activate", {})
        typer.echo(f"{name}@{version} is active")
        _wait_for_edges(client, name, version)
        if replay_start is not None:
            _replay(client, {"mapping": name, "version": version, "start": replay_start})


def replay(
    name: Annotated[str, typer.Argument(help="The mapping's name.")],
    start: Annotated[str, typer.Option(help="Input stored since this time.")] = "-30d",
    connector: Connector = None,
) -> None:
    """Run the active version over stored input and correct what was stored differently."""
    with Client() as client:
        _replay(client, {"mapping": name, "connector": connector, "start": start})


def follow_replays(client: Client, jobs: list[Row]) -> None:
    """Wait until replays have ended and print their results."""
    for started in jobs:
        job = started
        while job["state"] in {"waiting", "running"}:
            time.sleep(0.5)
            job = client.replays.get(job["id"])
        if job["state"] == "failed":
            raise WerknetzError(f"Replay {job['id']} failed: {job['error']}")
        print_lines(
            f"{job['connector_id']}: {job['inputs']} inputs mapped by {job['mapping']}; "
            f"{job['samples_removed']} samples removed, {job['samples_added']} added, "
            f"{job['events_changed']} events changed, "
            f"{job['quarantine_cleared']} quarantine entries resolved"
        )
        if job["inputs_skipped"]:
            skipped = job["inputs_skipped"]
            typer.echo(f"  {skipped} inputs skipped: their mapping is no longer stored", err=True)


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
                detail = printable(row["mapping_detail"] or "")
                typer.echo(f"{user}: {row['mapping_state']}: {detail}", err=True)
                break
            if time.monotonic() > deadline:
                typer.echo(f"{user}: not in sync yet; it is {row['state']}", err=True)
                break
            time.sleep(0.5)


def _print_points(result: Row) -> None:
    print_lines(f"points: {result['points_same']} the same, {len(result['points'])} differ")
    if not result["points"]:
        return
    print_table(
        ["point", "change", "samples", "differ", "by up to", "example"],
        [_point_cells(point) for point in result["points"][:ROWS_MAX]],
        right={"differ", "by up to"},
    )


def _point_cells(point: Row) -> list[str]:
    example = next(iter(point["examples"]), None)
    return [
        point["key"],
        point["change"],
        f"{point['samples_before']} → {point['samples_after']}",
        str(point["changed"]),
        amount(point["largest_difference"]),
        "" if example is None else f"{_short(example['before'])} → {_short(example['after'])}",
    ]


def _print_refused(rows: list[Row]) -> None:
    for row in rows[:ROWS_MAX]:
        print_lines(f"refused {row['source']}: {row['reason']}: {row['before']} → {row['after']}")


def _codes(unmapped: Row) -> str:
    return f": {', '.join(unmapped['codes'])}" if unmapped["codes"] else ""


def _names(result: Row) -> str:
    return ", ".join(result["connectors"])


def _short(value: float | str | None) -> str:
    if value is None:
        return EMPTY
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:40]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WerknetzError(f"{file} cannot be read: {error}", "Name a YAML file.") from error
