"""`werknetz targets list | show | set | withdraw`: goals, and how far they are."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from werknetz.kpi.targets.status import TOLERANCE
from werknetz.kpi.targets.wording import percent, points
from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Output,
    TableOrJson,
    Wide,
    amount,
    print_json,
    print_lines,
    print_table,
)
from werknetz_client.errors import WerknetzError

Key = Annotated[str, typer.Argument(help="Key of the target, such as group-third.")]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "targets", "Goals of productivity, and how far they are.")
    commands.command("list")(list_targets)
    commands.command("show")(show_target)
    commands.command("set")(set_target)
    commands.command("withdraw")(withdraw_target)


def list_targets(output: TableOrJson = Output.TABLE) -> None:
    """List the targets, each with one line about its state."""
    with Client() as client:
        items = client.targets.list()
    if output is Output.JSON:
        print_json(items)
    elif not items:
        print_lines("There is no target: `werknetz targets set KEY FILE.json` sets one.")
    else:
        print_lines(*(f"{item['key']}: {item['headline']}" for item in items))


def show_target(
    key: Key,
    scenario: Annotated[
        list[str] | None, typer.Option(help="LOSS:FACTOR, such as set_up:0.5; repeated: together.")
    ] = None,
    reach_by: Annotated[
        str | None, typer.Option(help="Of a missed target: the day to reach it by.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of contributions.", min=1)] = 15,
    output: TableOrJson = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Show a target: now, gap, forecast, and what each loss contributes to the gap."""
    with Client() as client:
        target = client.targets.show(key, scenario=scenario, reach_by=reach_by)
    if output is Output.JSON:
        print_json(target)
    else:
        _print_target(target, limit, wide=wide)


def set_target(
    key: Key,
    file: Annotated[Path, typer.Argument(help="JSON: name, under, goal, due_on, baseline_start …")],
) -> None:
    """Create or change a target; its baseline is frozen."""
    try:
        body = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise WerknetzError(f"{file} is no readable JSON: {error}.", "Correct the file.") from error
    with Client() as client:
        target = client.targets.put(key, body)
    print_lines(f"{key}: {target['headline']}", *target["text"])


def withdraw_target(
    key: Key, reason: Annotated[str | None, typer.Option(help="Why; for the audit log.")] = None
) -> None:
    """Withdraw a target; the audit log retains it."""
    with Client() as client:
        client.targets.withdraw(key, reason)
    print_lines(f"{key} is withdrawn.")


def _print_target(target: Row, limit: int, *, wide: bool) -> None:
    baseline = target["baseline"]
    print_lines(
        f"{target['name']}: {target['headline']}",
        *target["text"],
        f"Baseline {baseline['start'][:10]} to {baseline['end'][:10]}: "
        f"{baseline['productivity']:,.3f} {baseline['unit']}, frozen{_standards_text(baseline)}.",
        *(target.get("valuation") or {"text": ()})["text"],
    )
    rows = [
        [
            _place(row), row["loss"], row["detail"] or EMPTY, signed_points(row["gap_points"]),
            signed_points(row["change_points"]), f"{row['potential_points']:.2f}",
        ]
        for row in target["contributions"][:limit]
    ]  # fmt: skip
    if rows:
        right = {"gap", "change", "potential"}
        headings = ["line", "loss", "material", "gap", "change", "potential"]
        print_table(headings, rows, wide=wide, right=right)
        rest = sum(row["gap_points"] for row in target["contributions"][limit:])
        shown = f"the rest {signed_points(rest)}; " if target["contributions"][limit:] else ""
        print_lines(f"Points of the index; {shown}all parts of the gap add up to it.")
    elif target["contributions_reason"]:
        print_lines(f"No contributions: {target['contributions_reason']}.")
    if target["scenario"] is not None:
        print_lines(_scenario_text(target["scenario"], target["goal"]))


def _standards_text(baseline: Row) -> str:
    """Return how many standards are frozen, and when if that was later than the baseline."""
    if not baseline.get("standards"):
        return ""
    text = f" with {baseline['standards']} standards"
    first, later = (
        datetime.fromisoformat(baseline[name]) for name in ("frozen_at", "standards_frozen_at")
    )
    return f"{text}, those on {later.date()}" if later > first else text


def _place(row: Row) -> str:
    return row["line"] or EMPTY


def _scenario_text(scenario: dict[str, Any], goal: float) -> str:
    factors = ", ".join(f"{name} × {amount(n)}" for name, n in scenario["factors"].items())
    if scenario["change"] is None:
        return f"If {factors}: unknown, {scenario['reason']}."
    is_reached = scenario["gap_points"] <= TOLERANCE * 100
    gap = "goal reached" if is_reached else f"gap {points(goal, scenario['change'])}"
    return (
        f"If {factors}: {percent(scenario['change'])} ({scenario['gained_points']:+.1f} points), "
        f"{gap}."
    )


def signed_points(value: float) -> str:
    """Return points with their sign; what is not 0 never looks like 0."""
    text = f"{value:+.2f}"
    if text not in {"+0.00", "-0.00"} or abs(value) < TOLERANCE:
        return text.replace("-0.00", "+0.00")
    return "<0.01" if value > 0 else ">-0.01"
