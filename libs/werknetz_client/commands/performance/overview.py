"""`werknetz overview` and `werknetz comparison`: a group or plant now, and beside others."""

from typing import Annotated, Any, Final

import typer

from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Columns,
    Output,
    TableOrJson,
    Wide,
    print_items,
    print_json,
    print_lines,
    prose,
    text,
)
from werknetz_client.errors import WerknetzError

PRODUCTS_SHOWN: Final = 3
SHOWN_MIN: Final = 0.005  # a smaller share of the run time would be 0 %
Path = Annotated[str, typer.Argument(help="Path, such as nordwerk.")]
Level = Annotated[str, typer.Option(help="plant, area, line or machine.")]


def percent(value: Any) -> str:
    return EMPTY if value is None else f"{value:.1%}"


OVERVIEW: Final[Columns] = {
    "equipment": ("equipment", text), "shift": ("shift_name", text), "OEE now": ("now", percent),
    "7 days": ("week", percent), "7 days before": ("before", percent),
    "open stops": ("open_stops", text), "longest": ("longest", text),
}  # fmt: skip
COMPARISON: Final[Columns] = {
    "rank": ("rank", text), "equipment": ("equipment", text), "value": ("shown", text),
    "score": ("score", percent), "trust": ("trust", percent), "products": ("made", prose),
    "why not ranked": ("reasons", prose),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("overview")(show_overview)
    app.command("comparison")(show_comparison)


def show_overview(
    under: Path,
    depth: Level = "plant",
    output: TableOrJson = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Show equipment now: shift, OEE, open stops, silent connectors, targets."""
    _refuse_csv(output)
    with Client() as client:
        answer = client.losses.overview(under, depth=depth)
    if output is Output.JSON:
        print_json(answer)
        return
    rows = [_overview_row(item) for item in (answer["under"], *answer["items"])]
    print_items(rows, OVERVIEW, Output.TABLE, wide=wide)
    silent = answer["under"]["silent_connectors"]
    if silent:
        print_lines(f"Silent connectors: {', '.join(silent)}.")
    targets = answer["under"]["targets"]
    print_lines(*(f"{target['key']}: {target['headline']}" for target in targets))


def show_comparison(
    under: Path,
    kpi: Annotated[str, typer.Option(help="Such as oee.")] = "oee",
    *,
    level: Level = "plant",
    start: Annotated[str, typer.Option(help="-28d, 2026-11-01 …")] = "-28d",
    end: Annotated[str | None, typer.Option(help="As start; default: now.")] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="product_family, definition, coverage or calendar; repeated: all."),
    ] = None,
    output: TableOrJson = Output.TABLE,
    wide: Wide = False,
) -> None:
    """Rank plants, lines or machines by a KPI, as far as they are comparable."""
    _refuse_csv(output)
    with Client() as client:
        answer = client.losses.comparison(
            under, kpi=kpi, level=level, start=start, end=end, ignore=ignore
        )
    if output is Output.JSON:
        print_json(answer)
        return
    rows = [
        {**item, "shown": _value_text(item, answer["unit"]), "made": _products_text(item)}
        for item in answer["items"]
    ]
    print_items(rows, COMPARISON, Output.TABLE, wide=wide)
    unranked = [item for item in answer["items"] if item["rank"] is None]
    if unranked:
        print_lines(f"{len(unranked)} of {len(rows)} have no rank; --ignore leaves out a reason.")
    alone = sorted(
        {m for item in answer["items"] for m in item.get("materials_without_family", ())}
    )
    if alone:
        print_lines(
            f"Without a product family: {', '.join(alone)}. `werknetz materials set MATERIAL"
            " --family FAMILY` makes products comparable."
        )


def _overview_row(item: Row) -> Row:
    shift, worst = item["shift"], item["worst_stop"]
    return {
        **item,
        "shift_name": None if shift is None else shift["name"],
        "now": None if item["now"] is None else item["now"]["oee"],
        "week": item["week"]["oee"],
        "before": item["week_before_oee"],
        "longest": None if worst is None else _stop_text(worst),
    }


def _stop_text(stop: Row) -> str:
    return f"{stop['equipment'].rpartition('/')[2]} {stop['state']} {stop['seconds'] / 60:,.0f} min"


def _value_text(item: Row, unit: str) -> str:
    value = item["value"]
    if value is None:
        return item["value_reason"] or EMPTY
    return percent(value) if unit == "ratio" else f"{value:,.4g} {unit}"


def _products_text(item: Row) -> str:
    """Return what most of the run time is for, and the share without a known product.

    A core before product families says neither.
    """
    products = item.get("products", ())
    shares = [(p["product_family"] or p["material"], p["share"]) for p in products]
    more = [f"{len(shares) - PRODUCTS_SHOWN} more"] if len(shares) > PRODUCTS_SHOWN else []
    unknown = item.get("product_unknown_share")
    rest = [f"unknown {unknown:.0%}"] if unknown and unknown >= SHOWN_MIN else []
    named = [f"{name} {share:.0%}" for name, share in shares[:PRODUCTS_SHOWN]]
    return ", ".join([*named, *more, *rest])


def _refuse_csv(output: Output) -> None:
    if output is Output.CSV:
        raise WerknetzError("This is shown as a table or as JSON.", "Use -o json, or no -o.")
