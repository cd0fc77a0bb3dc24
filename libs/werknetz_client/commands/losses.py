"""`werknetz losses supply | warnings | acknowledge`: downtime by late deliveries, and shortages.

Each loss or warning is a sentence with the chain of evidence below it, down to the messages.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    Output,
    TableOrJson,
    Under,
    amount,
    hours,
    print_json,
    print_lines,
    timestamp,
)
from werknetz_client.errors import WerknetzError

Limit = Annotated[int, typer.Option(help="Maximum number of entries.", min=1)]
Days = Annotated[int, typer.Option("--days", help="Horizon of warnings, from today on.", min=1)]
_STEP: Final = "  "
_REASONS: Final = {
    "no_late_delivery": "no delivery was late",
    "nothing_due_in_time": "no delivery is late: too little was called off",
    "no_line_material": "no material is assigned to the line",
    "stock_was_there": "all materials of the line were in stock",
    "stock_unknown": "the stock at that time is not known",
    "suspended_for_another_reason": "suspended from outside while all materials were there",
}

_STATES: Final = {
    "in_force": "in force",
    "expired": "expired",
    "earlier": "no longer in force, as it begins earlier now",
    "other_lines": "no longer in force, as it stops other lines now",
}


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "losses", "Supply-caused downtime, and shortages to come.")
    commands.command("supply")(supply_caused)
    commands.command("warnings")(warnings)
    commands.command("acknowledge")(acknowledge)
    commands.command("withdraw")(withdraw)


def supply_caused(
    under: Under = None,
    start: Annotated[str, typer.Option(help="-7d, day:yesterday, 2026-11-20 …")] = "-7d",
    end: Annotated[str | None, typer.Option(help="As start; default: now.")] = None,
    limit: Limit = 20,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Show downtime for want of material, with the late delivery behind it."""
    _refuse_csv(output)
    with Client() as client:
        answer = client.get("/losses/supply-caused", under=under, start=start, end=end, limit=limit)
    if output is Output.JSON:
        print_json(answer)
        return
    print_lines(*(line for item in answer["items"][:limit] for line in _loss(item)))
    print_lines(*_totals(answer["totals"]))
    if answer.get("more"):
        typer.echo(f"There are {answer['more']} more: filter, or raise --limit.", err=True)


def warnings(
    under: Under = None,
    horizon_days: Days = 14,
    limit: Limit = 20,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Show which lines will stop, when, for want of which part, and whose delivery is late."""
    _refuse_csv(output)
    with Client() as client:
        items = client.shortage_warnings.iter(under=under, horizon_days=horizon_days, limit=limit)
        rows = [*islice(items, limit + 1)]
    if output is Output.JSON:
        print_json(rows[:limit])
    elif not rows:
        print_lines("No shortage is expected: every material is in stock or due in time.")
    else:
        print_lines(*(line for item in rows[:limit] for line in _shortage(dict(item))))
    if len(rows) > limit:
        typer.echo(f"There are more than {limit}: filter, or raise --limit.", err=True)


def acknowledge(
    warehouse: Annotated[str, typer.Argument(help="Key or code, as in the warning.")],
    material: Annotated[str, typer.Argument(help="Any of its part numbers.")],
    until: Annotated[str, typer.Option(help="Then it counts as new: 2026-12-01T06:00:00+01:00.")],
    comment: Annotated[str, typer.Option(help="What you know or do about it.")] = "",
    horizon_days: Days = 14,
    line: Annotated[
        list[str] | None, typer.Option(help="Only for this line; repeat it for several.")
    ] = None,
) -> None:
    """Acknowledge a shortage warning: it stays listed, and is new again when it gets worse."""
    with Client() as client:
        row = client.shortage_warnings.acknowledge(
            warehouse, material, until=until, comment=comment, horizon_days=horizon_days,
            **({"lines": line} if line else {}),
        )  # fmt: skip
    print_lines(f"Acknowledged until {timestamp(row['until'])}, number {row['id']}.")


def withdraw(
    number: Annotated[int, typer.Argument(help="Of the acknowledgement, as `warnings` shows it.")],
) -> None:
    """Withdraw an acknowledgement."""
    with Client() as client:
        client.shortage_warnings.withdraw(number)
    print_lines(f"Acknowledgement {number} is withdrawn.")


def _loss(item: Row) -> Iterator[str]:
    yield item["text"]
    machines = [f"{row['equipment']} {_minutes(row['minutes'])}" for row in item["machines"]]
    yield f"{_STEP}{timestamp(item['start'])} to {timestamp(item['end'])}: {', '.join(machines)}"
    if item["cost"] is not None:
        yield f"{_STEP}cost: {item['cost']['amount']:,.2f} {item['cost']['currency']}"
    for cause in item["causes"]:
        yield from _indent(_cause(cause))
    yield ""


def _cause(cause: Row) -> Iterator[str]:
    out = cause["stock_out"]
    until = "now" if out["end"] is None else timestamp(out["end"])
    part = " ".join(filter(None, (cause["material"], cause["description"])))
    yield f"no {part} in {cause['warehouse']} from {timestamp(out['start'])} to {until}"
    yield from _links(out["events"])
    if not cause["deliveries"]:
        yield f"{_STEP}{_REASONS.get(cause['reason'], cause['reason'])}"
    for delivery in cause["deliveries"]:
        yield from _indent(_delivery(delivery))


def _delivery(delivery: Row) -> Iterator[str]:
    yield (
        f"{delivery['supplier_name']} ({delivery['supplier']}): call-off {delivery['call_off']}, "
        f"{amount(delivery['quantity'])} due {timestamp(delivery['due'])}, "
        f"{amount(delivery['open_quantity'])} open, {hours(delivery['delay_s'])} late"
    )
    yield from _links(delivery["events"])
    for shipment in delivery["shipments"]:
        yield f"{_STEP}{_shipment(shipment)}"
        yield from _indent(_links([shipment["event"]]))
    for receipt in delivery["receipts"]:
        yield (
            f"{_STEP}receipt {receipt['document']}: {amount(receipt['quantity'])} on "
            f"{timestamp(receipt['received_at'])}"
        )
        yield from _indent(_links([receipt["event"]]))


def _shortage(item: Row) -> Iterator[str]:
    yield item["text"]
    arrival = item["next_arrival"]
    until = (
        f"up to the horizon, {timestamp(item['until'])}"
        if arrival is None
        else f"until {amount(arrival['quantity'])} arrive on {timestamp(arrival['at'])}"
    )
    yield f"{_STEP}in stock: {amount(item['stock'])} {item['unit'] or ''}".rstrip()
    for line in item["lines"]:
        yield f"{_STEP}{line['equipment']}: {_minutes(line['minutes_at_risk'])} at risk {until}"
    if item["acknowledgement"] is not None:
        yield f"{_STEP}{_acknowledgement(item['acknowledgement'])}"
    if item["reason"] is not None:
        yield f"{_STEP}{_REASONS.get(item['reason'], item['reason'])}"
    for delivery in item["deliveries"]:
        yield from _indent(_open_delivery(delivery))
    yield ""


def _acknowledgement(newest: Row) -> str:
    comment = f": {newest['comment']}" if newest["comment"] else ""
    state = _STATES.get(newest["state"], newest["state"])
    return (
        f"acknowledgement {newest['id']} {state}, by {newest['by']} on "
        f"{timestamp(newest['at'])} until {timestamp(newest['until'])}{comment}"
    )


def _open_delivery(delivery: Row) -> Iterator[str]:
    expected = delivery["expected_at"]
    when = "no date announced" if expected is None else f"expected {timestamp(expected)}"
    yield (
        f"{delivery['supplier_name']} ({delivery['supplier']}): call-off {delivery['call_off']}, "
        f"{amount(delivery['open_quantity'])} of {amount(delivery['quantity'])} open, due "
        f"{timestamp(delivery['due_from'])}, {hours(delivery['delay_s'])} late, {when}"
    )
    yield from _links(delivery["events"])
    for shipment in delivery["shipments"]:
        yield f"{_STEP}{_shipment(shipment)}"
        yield from _indent(_links([shipment["event"]]))


def _shipment(shipment: Row) -> str:
    return (
        f"shipment {shipment['document']}: {amount(shipment['quantity'])}, despatched "
        f"{timestamp(shipment['despatched_at'])}, announced for {timestamp(shipment['arrives_at'])}"
    )


def _totals(totals: Row) -> Iterator[str]:
    yield (
        f"Starved: {_minutes(totals['starved_minutes'])}, of these "
        f"{_minutes(totals['attributed_minutes'])} for want of a part."
    )
    for share in totals["unattributed"]:
        reason = _REASONS.get(share["reason"], share["reason"])
        yield f"Not attributed: {_minutes(share['minutes'])}, {reason}."


def _links(events: Sequence[Row]) -> Iterator[str]:
    for event in events:
        yield f"{_STEP}message: {event['link']}"


def _indent(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"{_STEP}{line}"


def _minutes(value: Any) -> str:
    return f"{value:,.0f} min"


def _refuse_csv(output: Output) -> None:
    if output is Output.CSV:
        raise WerknetzError(
            "A chain of evidence has no columns.", "Use -o json, or no -o for people."
        )
