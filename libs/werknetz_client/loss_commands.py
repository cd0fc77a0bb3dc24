"""`werknetz gate losses | warnings`: from a line that stood to the late delivery, and ahead of it.

Each loss or warning is a sentence; below it stands the chain of evidence, down to the messages.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from werknetz.runtime.command import group
from werknetz_client.client import Client, Row
from werknetz_client.commands import Output
from werknetz_client.errors import WerknetzError
from werknetz_client.tables import amount, clock, hours

Under = Annotated[list[str] | None, typer.Option(help="Equipment path; repeated: any.")]
Form = Annotated[Output, typer.Option("--output", "-o")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]
_STEP: Final = "  "
_REASONS: Final = {
    "no_late_delivery": "no delivery of it was late",
    "nothing_due_in_time": "no delivery of it is late: too little was called off",
    "no_line_material": "nobody has said what the line consumes",
    "stock_was_there": "all that the line consumes was there",
    "stock_unknown": "what was in stock then is not known",
    "suspended_for_another_reason": "suspended from outside, and nothing it consumes was missing",
}


def register(app: typer.Typer) -> None:
    desk = group(app, "gate", "Across the gate: standstill for want of a part, and its supplier.")
    desk.command("losses")(losses)
    desk.command("warnings")(warnings)


def losses(
    under: Under = None,
    start: Annotated[str, typer.Option(help="-7d, day:yesterday, 2026-11-20 …")] = "-7d",
    end: Annotated[str | None, typer.Option(help="As start; none: now.")] = None,
    limit: Limit = 20,
    output: Form = Output.TABLE,
) -> None:
    """Show which standstills were for want of which part, and whose delivery was late."""
    _demand_readable(output)
    with Client() as client:
        told = client.get("/losses/across-the-gate", under=under, start=start, end=end, limit=limit)
    if output is Output.JSON:
        typer.echo(json.dumps(told, indent=2))
        return
    _print([line for item in told["items"][:limit] for line in _loss(item)])
    _print(_totals(told["totals"]))
    if told.get("more"):
        typer.echo(f"There are {told['more']} more: narrow it down, or give --limit.", err=True)


def warnings(
    under: Under = None,
    horizon_days: Annotated[int, typer.Option("--days", help="From today on.", min=1)] = 14,
    limit: Limit = 20,
    output: Form = Output.TABLE,
) -> None:
    """Show which lines will stop, when, for want of which part, and because of whom."""
    _demand_readable(output)
    with Client() as client:
        rows = client.early_warnings.iter(under=under, horizon_days=horizon_days, limit=limit)
        found = [*islice(rows, limit + 1)]
    if output is Output.JSON:
        typer.echo(json.dumps(found[:limit], indent=2))
    elif not found:
        _print(["Nothing is foreseen: what lines need is there or due in time."])
    else:
        _print([line for item in found[:limit] for line in _warning(item)])
    if len(found) > limit:
        typer.echo(f"There are more than {limit}: narrow it down, or give --limit.", err=True)


def _loss(item: Row) -> Iterator[str]:
    yield item["text"]
    machines = [f"{one['equipment']} {_minutes(one['minutes'])}" for one in item["machines"]]
    yield f"{_STEP}{clock(item['start'])} to {clock(item['end'])}: {', '.join(machines)}"
    if item["cost"] is not None:
        yield f"{_STEP}cost: {item['cost']['amount']:,.2f} {item['cost']['currency']}"
    for cause in item["causes"]:
        yield from _indented(_cause(cause))
    yield ""


def _cause(cause: Row) -> Iterator[str]:
    out = cause["stock_out"]
    until = "now" if out["end"] is None else clock(out["end"])
    part = " ".join(filter(None, (cause["material"], cause["description"])))
    yield f"no {part} in {cause['warehouse']} from {clock(out['start'])} to {until}"
    yield from _links(out["events"])
    if not cause["deliveries"]:
        yield f"{_STEP}{_REASONS.get(cause['reason'], cause['reason'])}"
    for delivery in cause["deliveries"]:
        yield from _indented(_delivery(delivery))


def _delivery(delivery: Row) -> Iterator[str]:
    yield (
        f"{delivery['supplier_name']} ({delivery['supplier']}): call-off {delivery['call_off']}, "
        f"{amount(delivery['quantity'])} due {clock(delivery['due'])}, "
        f"{amount(delivery['open_quantity'])} open, {hours(delivery['delay_s'])} late"
    )
    yield from _links(delivery["events"])
    for shipment in delivery["shipments"]:
        yield f"{_STEP}{_shipment(shipment)}"
        yield from _indented(_links([shipment["event"]]))
    for receipt in delivery["receipts"]:
        yield (
            f"{_STEP}receipt {receipt['document']}: {amount(receipt['quantity'])} on "
            f"{clock(receipt['received_at'])}"
        )
        yield from _indented(_links([receipt["event"]]))


def _warning(item: Row) -> Iterator[str]:
    yield item["text"]
    following = item["next_arrival"]
    until = (
        f"up to the horizon, {clock(item['until'])}"
        if following is None
        else f"until {amount(following['quantity'])} come on {clock(following['at'])}"
    )
    yield f"{_STEP}in stock: {amount(item['stock'])} {item['unit'] or ''}".rstrip()
    for line in item["lines"]:
        yield f"{_STEP}{line['equipment']}: {_minutes(line['minutes_at_risk'])} at risk {until}"
    if item["reason"] is not None:
        yield f"{_STEP}{_REASONS.get(item['reason'], item['reason'])}"
    for delivery in item["deliveries"]:
        yield from _indented(_missing(delivery))
    yield ""


def _missing(delivery: Row) -> Iterator[str]:
    expected = delivery["expected_at"]
    when = "nobody has said when it comes" if expected is None else f"expected {clock(expected)}"
    yield (
        f"{delivery['supplier_name']} ({delivery['supplier']}): call-off {delivery['call_off']}, "
        f"{amount(delivery['open_quantity'])} of {amount(delivery['quantity'])} open, due "
        f"{clock(delivery['due_from'])}, {hours(delivery['delay_s'])} late, {when}"
    )
    yield from _links(delivery["events"])
    for shipment in delivery["shipments"]:
        yield f"{_STEP}{_shipment(shipment)}"
        yield from _indented(_links([shipment["event"]]))


def _shipment(shipment: Row) -> str:
    return (
        f"shipment {shipment['document']}: {amount(shipment['quantity'])}, despatched "
        f"{clock(shipment['despatched_at'])}, announced for {clock(shipment['arrives_at'])}"
    )


def _totals(totals: Row) -> Iterator[str]:
    yield (
        f"Starved: {_minutes(totals['starved_minutes'])}, of these "
        f"{_minutes(totals['attributed_minutes'])} for want of a part."
    )
    for rest in totals["unattributed"]:
        why = _REASONS.get(rest["reason"], rest["reason"])
        yield f"Not attributed: {_minutes(rest['minutes'])}, {why}."


def _links(events: Sequence[Row]) -> Iterator[str]:
    for event in events:
        yield f"{_STEP}message: {event['link']}"


def _indented(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"{_STEP}{line}"


def _minutes(value: Any) -> str:
    return f"{value:,.0f} min"


def _print(lines: Sequence[str] | Iterator[str]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for line in lines:
        console.print(line)


def _demand_readable(output: Output) -> None:
    if output is Output.CSV:
        raise WerknetzError(
            "A chain of evidence has no columns.", "Take -o json, or no -o for people."
        )
