"""`werknetz kpi` and `werknetz doctor`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from werknetz_client.client import Client, Row
from werknetz_client.commands import doctor, explanation
from werknetz_client.commands.output import (
    EMPTY,
    Output,
    OutputOption,
    Wide,
    amount,
    print_csv,
    print_json,
    print_lines,
    print_table,
    share_text,
    timestamp,
)
from werknetz_client.commands.performance import kpi_definitions
from werknetz_client.errors import WerknetzError
from werknetz_client.frame import SCOPES, scope_of

VALUES: Final = "values"
SHARES: Final = {"state": "state_share", "quantity": "quantity_share", "plan": "plan_share"}
"""Of equipment: which share of the time could be judged, by heading."""
MACHINE_SCOPES: Final = ("equipment", "order")
REST: Final = {
    "no_order": "no order", "no_product": "no product", "no_shift": "no shift", None: EMPTY,
}  # fmt: skip


def register(app: typer.Typer) -> None:
    group = typer.Typer(cls=KpiGroup, help="Values of KPIs, and KPIs of your own.")
    group.callback(no_args_is_help=True)(_group)
    group.command(VALUES)(kpi)
    kpi_definitions.register(group)
    app.add_typer(group, name="kpi")
    app.command("doctor")(diagnose)


class KpiGroup(TyperGroup):
    """`werknetz kpi oee …` means `werknetz kpi values oee …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = [VALUES, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as typer calls it
        """Return the command that a word selects: the name of a KPI is that of its values."""
        return self.commands.get(cmd_name, self.commands[VALUES])


def _group() -> None:
    """Without a callback a single command would be the group."""


Orders = Annotated[
    list[str] | None,
    typer.Option(help="Instead of paths: numbers of production orders, or PLANT:NUMBER."),
]
Characteristics = Annotated[
    list[str] | None,
    typer.Option(help="Instead of paths: measured characteristics, as PATH:NAME."),
]
Suppliers = Annotated[
    list[str] | None, typer.Option(help="Instead of paths: keys of suppliers, or '*'.")
]
Warehouses = Annotated[
    list[str] | None, typer.Option(help="Instead of paths: keys of warehouses, or '*'.")
]
Dimension = Annotated[
    str | None, typer.Option(help="A value for each order, product or team, and for the rest.")
]
Products = Annotated[
    list[str] | None, typer.Option(help="Only for these products; repeated: each of them.")
]
Teams = Annotated[
    list[str] | None, typer.Option(help="Only for these shift teams; repeated: each of them.")
]


def kpi(
    name: Annotated[str, typer.Argument(help="Such as oee; several with commas.")],
    equipment: Annotated[
        list[str] | None, typer.Argument(help="Paths, such as nordwerk/emden-1.")
    ] = None,
    *,
    order: Orders = None,
    characteristic: Characteristics = None,
    supplier: Suppliers = None,
    warehouse: Warehouses = None,
    group_by: Dimension = None,
    product: Products = None,
    team: Teams = None,
    start: Annotated[
        str | None,
        typer.Option(help="-7d, shift:current …; default: -24h, of an order its own start."),
    ] = None,
    end: Annotated[str | None, typer.Option(help="As start; default: now.")] = None,
    by: Annotated[
        str, typer.Option(help="5m, 15m, hour, shift, 1d, 1w, 1mo, quarter, year or none")
    ] = "none",
    rolling: Annotated[str | None, typer.Option(help="Length of each window: 8h, 7d …")] = None,
    as_of: Annotated[str | None, typer.Option(help="By what was known then; default: now.")] = None,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show how the value is computed; one KPI, one path."),
    ] = False,
) -> None:
    """Show values of a KPI; the word `values` may be left out."""
    if explain:
        targets = {"equipment": equipment, "order": order}
        _explain(name, targets, {"start": start, "end": end, "as_of": as_of}, output)
        return
    options: dict[str, Any] = {
        "start": start, "end": end, "granularity": by, "rolling": rolling, "as_of": as_of,
        "group_by": group_by, "order": order, "characteristic": characteristic,
        "supplier": supplier, "warehouse": warehouse, "product": product, "team": team,
    }  # fmt: skip
    _show_values(name, equipment or [], options, output, wide=wide)


def _show_values(
    name: str, equipment: list[str], options: dict[str, Any], output: Output, *, wide: bool
) -> None:
    options = {name: value for name, value in options.items() if value}
    with Client() as client:
        if output is Output.CSV:
            print_csv(client.kpis.csv(name.split(","), equipment, **options))
            return
        answer = client.kpis.answer(name.split(","), equipment, **options)
    if output is Output.JSON:
        print_json(answer["items"])
    else:
        _print_values(answer["items"], wide=wide)
        print_lines(*_shifts_of(answer))


def _explain(
    name: str,
    targets: Mapping[str, list[str] | None],
    options: dict[str, Any],
    output: Output,
) -> None:
    named: dict[str, Any] = {scope: names for scope, names in targets.items() if names}
    if "," in name or [len(names) for names in named.values()] != [1] or output is Output.CSV:
        raise WerknetzError(
            "--explain takes one KPI of one equipment or order, as a table or as JSON.",
            "Such as: werknetz kpi oee nordwerk/emden-1 --start shift:current --explain",
        )
    with Client() as client:
        answer = client.kpis.explain(name, **options, **named)
        if output is Output.JSON:
            print_json(answer)
        else:
            explanation.print_explanation(answer, client.url)


def diagnose() -> None:
    """Check address, key, clock and, where they are configured, database, Redis and broker."""
    checks = doctor.run_checks()
    for check in checks:
        lines = [f"{'ok  ' if check.passed else 'BAD '} {check.subject}: {check.detail}"]
        if not check.passed and check.remedy:
            lines.append(f"      remedy: {check.remedy}")
        print_lines(*lines)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def _print_values(rows: list[Row], *, wide: bool) -> None:
    """Print a table; scope, KPI and shift stand once above it where they are equal in all rows."""
    scope = scope_of(rows[0]) if rows else SCOPES[0]
    labels: dict[str, list[str]] = {
        scope: [row[scope] for row in rows],
        **_groups_of(rows),
        "KPI": [row["kpi"] for row in rows],
        "window": [row["window"] for row in rows],
    }
    constant = [name for name, cells in labels.items() if len(set(cells)) == 1]
    varying = [name for name in labels if name not in constant]
    # Of equipment the coverage is the share of known states.
    is_of_machines = scope in MACHINE_SCOPES
    shares = SHARES if is_of_machines else {"coverage": "coverage"}
    strict = ["strict"] if is_of_machines else []
    cells = [
        [
            *(labels[name][number] for name in varying),
            timestamp(row["start"]),
            timestamp(row["end"]),
            _value(row, "value"),
            *(_value(row, "strict_value") for _ in strict),
            *(_share(row.get(field)) for field in shares.values()),
            _note(row),
        ]
        for number, row in enumerate(rows)
    ]
    numbers = ["value", *strict, *shares]
    title = "  ".join(filter(None, (labels[name][0] for name in constant)))
    if title:
        print_lines(title)
    print_table(
        [*varying, "from", "to", *numbers, "note"],
        cells,
        wide=wide,
        right=set(numbers),
        prose={"note"},
    )
    print_lines(*_order_lines(rows))
    print_lines(*(f"Policy: {text}." for text in _texts(rows, "policies")))
    inventories = {row["inventory"]["text"] for row in rows if row.get("inventory")}
    print_lines(*(f"Inventory: {text}." for text in sorted(inventories)))


def _groups_of(rows: list[Row]) -> dict[str, list[str]]:
    """Return the column of divided values, by its heading."""
    group_by = next((row["group_by"] for row in rows if row.get("group_by")), None)
    if group_by is None:
        return {}
    return {group_by: [row[group_by] or f"({REST[row['rest']]})" for row in rows]}


def _order_lines(rows: list[Row]) -> list[str]:
    """Return when each order ran, and a line for each of its machines."""
    lines: dict[str, None] = {}
    for row in rows:
        run = row.get("order_run")
        if run is None:
            continue
        span = f"{timestamp(run['start'])} to {timestamp(run['end']) if run['end'] else 'now'}"
        product = f", product {run['product']}" if run["product"] else ""
        lines[f"Order {row['order']}: {span}{product}."] = None
        for machine in run["machines"]:
            counts = "".join(
                f", {machine[name]:,.10g} {name}"
                for name in ("produced", "scrap")
                if machine[name] is not None
            )
            operations = f" operation {', '.join(o)}" if (o := machine["operations"]) else ""
            lines[
                f"  {machine['equipment']}{operations}: busy {machine['aubt_s'] / 60:,.1f} min"
                f"{counts}"
            ] = None
    return list(lines)


def _shifts_of(answer: Row) -> list[str]:
    """Return which shift the answer is about, where its time is named by one."""
    named = {
        (shift["name"], shift["day"], shift["is_running"])
        for covered in answer.get("ranges") or ()
        if (shift := covered.get("shift")) is not None
    }
    return [
        f"Shift {name!r} of {day}: {'it is running' if is_running else 'it has ended'}."
        for name, day, is_running in sorted(named)
    ]


def _texts(rows: list[Row], field: str) -> list[str]:
    return sorted({item["text"] for row in rows for item in row.get(field) or ()})


def _note(row: Row) -> str:
    divisor = row.get("divisor")
    notes = [
        row["reason"] or "",
        "" if divisor is None else f"divided by {amount(divisor)}",
        *(
            f"{side} side {value:.2f}"
            for side in ("lower", "upper")
            if (value := row.get(f"{side}_side")) is not None
        ),
        "provisional" if row["provisional"] else "",
    ]
    return ", ".join(filter(None, notes))


def _share(share: float | None) -> str:
    return share_text(share)


def _value(row: Row, field: str) -> str:
    value = row.get(field)
    if value is None:
        return EMPTY
    if row["unit"] == "ratio":
        # A capability is an index, such as 1.33.
        return f"{value:,.2f}" if row.get("characteristic") else f"{value:.1%}"
    # A rate such as 0.0238 item/s is not 0.0.
    digits = f"{value:.3g}" if 0 < abs(value) < 1 else f"{value:,.1f}"
    return f"{digits} {row['unit']}"
