"""An attribution as it is shown: each loss with its chain of evidence, and sums over them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.supply_caused import SupplyCausedLoss, merge_spans
from werknetz_core.losses.attribution import SupplyCausedDowntime, minutes
from werknetz_core.losses.late_deliveries import Delivery
from werknetz_core.losses.schemas import (
    CauseView,
    CostView,
    DeliveryStepView,
    GroupView,
    LossView,
    MachineMinutesView,
    ReceiptStepView,
    ShipmentStepView,
    StockOutStepView,
    TotalsView,
    UnattributedView,
    message,
)

GroupBy = Literal["loss", "supplier", "material", "line"]


def loss_view(answer: SupplyCausedDowntime, loss: SupplyCausedLoss) -> LossView:
    spans = merge_spans(span for found in loss.spans.values() for span in found)
    causes = [_cause(answer, loss, number) for number in range(len(loss.stock_outs))]
    line = answer.facts.nodes[loss.line_id].path
    return LossView(
        line=line,
        start=instant_of(spans[0][0]),
        end=instant_of(spans[-1][1]),
        machine_minutes=minutes(loss.machine_us),
        line_minutes=minutes(loss.line_us),
        cost=cost_of(answer, loss),
        machines=[
            MachineMinutesView(
                equipment=answer.facts.nodes[machine].path,
                minutes=minutes(sum(end - start for start, end in found)),
            )
            for machine, found in sorted(loss.spans.items())
        ],
        text=_sentence(line, loss, causes),
        causes=causes,
    )


def totals(answer: SupplyCausedDowntime) -> TotalsView:
    return TotalsView(
        starved_minutes=minutes(answer.starved_us),
        suspended_minutes=minutes(answer.suspended_us),
        attributed_minutes=minutes(answer.attributed_us),
        unattributed=[
            UnattributedView(reason=reason, minutes=minutes(us))
            for reason, us in sorted(answer.unattributed.items(), key=lambda pair: -pair[1])
        ],
        costs=_costs(answer, answer.losses),
        stock_known_share=answer.known_share,
    )


def groups(answer: SupplyCausedDowntime, by: GroupBy) -> list[GroupView]:
    """Add up losses by a name; nothing is shared out among several that were missing together."""
    if by == "loss":
        return []
    held: dict[str | None, list[SupplyCausedLoss]] = defaultdict(list)
    for loss in answer.losses:
        held[_NAMES[by](answer, loss)].append(loss)
    found = [
        GroupView(
            name=name,
            machine_minutes=minutes(sum(loss.machine_us for loss in losses)),
            line_minutes=minutes(sum(loss.line_us for loss in losses)),
            losses=len(losses),
            costs=_costs(answer, losses),
        )
        for name, losses in held.items()
    ]
    return sorted(found, key=lambda group: -group.machine_minutes)


def cost_of(answer: SupplyCausedDowntime, loss: SupplyCausedLoss) -> CostView | None:
    rate = answer.rates.get(loss.line_id)
    if rate is None:
        return None
    return CostView(amount=round(loss.line_us / 3_600_000_000 * rate[1], 2), currency=rate[0])


def _costs(answer: SupplyCausedDowntime, losses: Sequence[SupplyCausedLoss]) -> list[CostView]:
    sums: dict[str, float] = defaultdict(float)
    for loss in losses:
        if (cost := cost_of(answer, loss)) is not None:
            sums[cost.currency] += cost.amount
    return [CostView(amount=round(sums[one], 2), currency=one) for one in sorted(sums)]


def _cause(answer: SupplyCausedDowntime, loss: SupplyCausedLoss, number: int) -> CauseView:
    out = loss.stock_outs[number]
    told = answer.facts.outs[out.id]
    need = next(need for need in answer.facts.needs[loss.line_id] if need.place == out.place)
    late = answer.late.get(out.id, [])
    return CauseView(
        material=need.material,
        description=need.description,
        warehouse=need.warehouse,
        stock_out=StockOutStepView(
            start=told.start_at, end=told.end_at, events=[message(one) for one in told.events]
        ),
        suppliers=list(dict.fromkeys(delivery.supplier for delivery in late)),
        deliveries=[_delivery(delivery) for delivery in late],
        reason="late_delivery" if late else "no_late_delivery",
    )


def _delivery(delivery: Delivery) -> DeliveryStepView:
    return DeliveryStepView(
        supplier=delivery.supplier,
        supplier_name=delivery.supplier_name,
        call_off=delivery.call_off,
        due_from=delivery.due_from,
        due=delivery.due_until,
        quantity=delivery.quantity,
        open_quantity=delivery.open_quantity,
        delay_s=delivery.delay_s,
        fulfilled_at=delivery.fulfilled_at,
        shipments=[
            ShipmentStepView(event=message(one["event_id"]), **one) for one in delivery.shipments
        ],
        receipts=[
            ReceiptStepView(event=message(one["event_id"]), **one) for one in delivery.receipts
        ],
        events=[message(one) for one in delivery.events],
    )


def _sentence(line: str, loss: SupplyCausedLoss, causes: Sequence[CauseView]) -> str:
    """Say the chain in one line, with times in UTC."""
    stood = f"{line} starved {minutes(loss.line_us):.0f} min"
    parts = []
    for cause in causes:
        since = _clock(cause.stock_out.start)
        out = f"{cause.material} was out of stock in {cause.warehouse} from {since}"
        if not cause.deliveries:
            parts.append(f"{out}, though no delivery of it was late")
            continue
        first = cause.deliveries[0]
        came = (
            "has not come" if first.fulfilled_at is None else f"came {_hours(first.delay_s)} late"
        )
        notes = ", ".join(shipment.document for shipment in first.shipments)
        parts.append(
            f"{out}: {first.call_off}, due {_clock(first.due)}, {came} from "
            f"{first.supplier_name}{f' ({notes})' if notes else ''}"
        )
    return f"{stood}: {'; together with '.join(parts)}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _hours(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _suppliers(answer: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str | None:
    keys = {late.supplier for out in loss.stock_outs for late in answer.late.get(out.id, ())}
    return " + ".join(sorted(keys)) or None


def _materials(answer: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str | None:
    places = {out.place for out in loss.stock_outs}
    needs = answer.facts.needs[loss.line_id]
    return " + ".join(sorted({need.material for need in needs if need.place in places}))


def _line(answer: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str | None:
    return answer.facts.nodes[loss.line_id].path


_NAMES: dict[str, Callable[[SupplyCausedDowntime, SupplyCausedLoss], str | None]] = {
    "supplier": _suppliers, "material": _materials, "line": _line,
}  # fmt: skip
