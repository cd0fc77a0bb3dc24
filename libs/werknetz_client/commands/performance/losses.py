"""`werknetz losses times | ranking`: where the time went, in steps and as a Pareto chart."""

from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Output,
    OutputOption,
    Wide,
    print_csv,
    print_json,
    print_lines,
    print_table,
    share_text,
    timestamp,
)

Start = Annotated[str, typer.Option(help="-7d, shift:current, week:2026-W47 …")]
End = Annotated[str | None, typer.Option(help="As start; default: now.")]
_STEP_NAMES: Final = {
    "calendar": "calendar time", "planned": "planned operation time (POT)",
    "busy": "planned busy time (PBT)", "production": "production time (APT)",
    "net": "net time (PRI × PQ)", "good": "good time (PRI × GQ)",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "losses", "Where time is lost, and supply-caused downtime.")
    commands.command("times")(show_times)
    commands.command("ranking")(show_ranking)


def show_times(
    equipment: Annotated[list[str], typer.Argument(help="Paths, such as nordwerk/emden-1.")],
    start: Start = "-24h",
    end: End = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how calendar time becomes good time, step by step."""
    with Client() as client:
        if output is Output.CSV:
            print_csv(client.losses.times_csv(equipment, start=start, end=end))
            return
        items = client.losses.times(equipment, start=start, end=end)
    if output is Output.JSON:
        print_json(items)
        return
    for item in items:
        _print_times(item)


def show_ranking(
    under: Annotated[list[str] | None, typer.Argument(help="Paths; default: all.")] = None,
    *,
    by: Annotated[
        str,
        typer.Option(
            help="plant, line, machine, category, big_loss, reason, order, shift; with commas"
        ),
    ] = "category",
    start: Start = "-7d",
    end: End = None,
    compare: Annotated[
        str | None, typer.Option(help="previous, FROM..TO, or the path of another equipment.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Rank by number, not by time.")] = False,
    limit: Annotated[int, typer.Option(help="Maximum number of rows.", min=1)] = 30,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Rank losses by time or by number."""
    options: dict[str, Any] = {
        "group_by": by, "start": start, "end": end, "compare": compare, "limit": limit,
        "sort": "-stops" if count else "-seconds",
    }  # fmt: skip
    with Client() as client:
        if output is Output.CSV:
            print_csv(client.losses.csv(under or [], **options))
            return
        answer = client.losses.ranking(under or [], **options)
    if output is Output.JSON:
        print_json(answer)
    else:
        _print_ranking(answer, wide=wide)


def _print_times(item: Row) -> None:
    span = f"{timestamp(item['start'])} to {timestamp(item['end'])}"
    print_lines(f"{item['equipment']}  {span}")
    if item["no_data"]:
        print_lines("  There is no data in this period.", "")
        return
    for step in item["steps"]:
        print_lines(f"{_hours(step['seconds']):>12}  {_STEP_NAMES[step['name']]}")
        for part in item["parts"]:
            if part["step"] == step["name"] and part["seconds"]:
                print_lines(f"{_hours(-part['seconds']):>12}    {_part_text(part)}")
    kpi = item["kpi"]
    value = EMPTY if kpi["value"] is None else f"{kpi['value']:.1%}"
    reason = f" ({kpi['reason']})" if kpi["reason"] else ""
    print_lines(f"OEE {value}{reason}")
    if item["untagged_share"] is not None:
        print_lines(f"Stops without a reason: {share_text(item['untagged_share'])}.")
    print_lines(*(chain["text"] for chain in item["supply_caused"] if chain["text"]), "")


def _part_text(part: Row) -> str:
    stops = f", {part['stops']} ×" if part["stops"] else ""
    costs = "".join(f", {cost['amount']:,.0f} {cost['currency']}" for cost in part["costs"])
    return f"{part['category']}: {part['description']}{stops}{costs}"


def _print_ranking(answer: Row, *, wide: bool) -> None:
    dimensions = answer["group_by"]
    # A group may have rows of two kinds; a category has one.
    has_kind = "category" not in dimensions and len({row["kind"] for row in answer["items"]}) > 1
    headings = [
        *dimensions,
        *(["kind"] if has_kind else []),
        "time",
        "share",
        "cumulative",
        "stops",
    ]
    is_compared = answer["compared"] is not None
    if is_compared:
        headings += ["before", "change"]
    rows = [
        _row_cells(row, dimensions, has_kind=has_kind, is_compared=is_compared)
        for row in answer["items"]
    ]
    right = {"time", "share", "cumulative", "stops", "before", "change"}
    print_table(headings, rows, wide=wide, right=right)
    totals = answer["totals"]
    if answer["rest"]["rows"]:
        rest = answer["rest"]
        print_lines(f"{rest['rows']} more groups: {_hours(rest['seconds'])}.")
    print_lines(
        f"Planned busy {_hours(totals['busy_s'])} = good {_hours(totals['good_s'])} + lost "
        f"{_hours(totals['loss_s'])} + not judged {_hours(totals['not_judged_s'])}."
    )
    if is_compared and not answer["compared"]["totals"]["busy_s"]:
        print_lines("What it is compared with has no planned busy time, or no data: no change.")
    if totals["untagged_share"] is not None:
        print_lines(f"Stops without a reason: {share_text(totals['untagged_share'])}.")


def _row_cells(row: Row, dimensions: list[str], *, has_kind: bool, is_compared: bool) -> list[str]:
    absent = row.get("absent", {})
    cells = [row[name] or absent.get(name, EMPTY) for name in dimensions]
    if has_kind:
        cells.append(row["kind"].replace("_", " "))
    cells += [
        _hours(row["seconds"]), _share(row["share"]), _share(row["cumulative_share"]),
        str(row["stops"]),
    ]  # fmt: skip
    if is_compared:
        other = row["compared"]
        cells += [_hours(other["seconds"]), f"{other['change_s'] / 3600:+,.2f} h"]
    return cells


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.2f} h"


def _share(value: Any) -> str:
    return share_text(value, 1)
