"""Views of supply-caused downtime: each loss with its chain of evidence, and totals."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import instant_of
from werknetz.kpi.stock.supply_caused import PlaceStockOut, SupplyCausedLoss, merge_spans
from werknetz.texts.formats import ZonedTime
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.http.links import MessageView, event_link, message_views_of
from werknetz_core.losses.attribution import SupplyCausedDowntime, to_minutes
from werknetz_core.losses.late_deliveries import LateDelivery
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
)

GroupBy = Literal["loss", "supplier", "material", "line"]


def loss_view(downtime: SupplyCausedDowntime, loss: SupplyCausedLoss) -> LossView:
    spans = merge_spans(span for machine_spans in loss.spans.values() for span in machine_spans)
    causes = [_cause_view(downtime, loss, stock_out) for stock_out in loss.stock_outs]
    node = downtime.inputs.nodes[loss.line_id]
    text = _loss_text(node, loss, causes)
    return LossView(
        line=node.path,
        start=instant_of(spans[0][0]),
        end=instant_of(spans[-1][1]),
        machine_minutes=to_minutes(loss.machine_us),
        line_minutes=to_minutes(loss.line_us),
        cost=_cost_of(downtime, loss),
        machines=[
            MachineMinutesView(
                equipment=downtime.inputs.nodes[machine].path,
                minutes=to_minutes(sum(end - start for start, end in machine_spans)),
            )
            for machine, machine_spans in sorted(loss.spans.items())
        ],
        text=write_text(text),
        code=text.code,
        fields=text.document_fields(),
        causes=causes,
    )


def totals_view(downtime: SupplyCausedDowntime) -> TotalsView:
    return TotalsView(
        starved_minutes=to_minutes(downtime.starved_us),
        suspended_minutes=to_minutes(downtime.suspended_us),
        attributed_minutes=to_minutes(downtime.attributed_us),
        unattributed=[
            UnattributedView(reason=reason, minutes=to_minutes(us))
            for reason, us in sorted(downtime.unattributed.items(), key=lambda pair: -pair[1])
        ],
        costs=_costs(downtime, downtime.losses),
        stock_known_share=downtime.stock_known_share,
    )


def group_views(downtime: SupplyCausedDowntime, by: GroupBy) -> list[GroupView]:
    """Sum the losses by name; a loss with several names forms a group of its own."""
    if by == "loss":
        return []
    losses_by_name: dict[str | None, list[SupplyCausedLoss]] = defaultdict(list)
    for loss in downtime.losses:
        losses_by_name[_NAMES[by](downtime, loss)].append(loss)
    groups = [
        GroupView(
            name=name,
            machine_minutes=to_minutes(sum(loss.machine_us for loss in losses)),
            line_minutes=to_minutes(sum(loss.line_us for loss in losses)),
            losses=len(losses),
            costs=_costs(downtime, losses),
        )
        for name, losses in losses_by_name.items()
    ]
    return sorted(groups, key=lambda group: -group.machine_minutes)


def _cost_of(downtime: SupplyCausedDowntime, loss: SupplyCausedLoss) -> CostView | None:
    rate = downtime.rates.get(loss.line_id)
    if rate is None:
        return None
    return CostView(amount=round(loss.line_us / 3_600_000_000 * rate[1], 2), currency=rate[0])


def _costs(downtime: SupplyCausedDowntime, losses: Sequence[SupplyCausedLoss]) -> list[CostView]:
    sums: dict[str, float] = defaultdict(float)
    for loss in losses:
        if (cost := _cost_of(downtime, loss)) is not None:
            sums[cost.currency] += cost.amount
    return [CostView(amount=round(sums[name], 2), currency=name) for name in sorted(sums)]


def _cause_view(
    downtime: SupplyCausedDowntime, loss: SupplyCausedLoss, stock_out: PlaceStockOut
) -> CauseView:
    row = downtime.inputs.stock_outs[stock_out.id]
    consumed = next(
        material
        for material in downtime.inputs.materials[loss.line_id]
        if material.place == stock_out.place
    )
    late = downtime.late_deliveries.get(stock_out.id, [])
    return CauseView(
        material=consumed.material,
        description=consumed.description,
        warehouse=consumed.warehouse,
        stock_out=StockOutStepView(
            start=row.start_at, end=row.end_at, events=message_views_of(row.event_ids)
        ),
        suppliers=list(dict.fromkeys(delivery.supplier for delivery in late)),
        deliveries=[_delivery_view(delivery) for delivery in late],
        reason="late_delivery" if late else "no_late_delivery",
    )


def _delivery_view(delivery: LateDelivery) -> DeliveryStepView:
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
            ShipmentStepView(event=_message_view(shipment["event_id"]), **shipment)
            for shipment in delivery.shipments
        ],
        receipts=[
            ReceiptStepView(event=_message_view(receipt["event_id"]), **receipt)
            for receipt in delivery.receipts
        ],
        events=message_views_of(delivery.event_ids),
    )


def _message_view(event_id: UUID) -> MessageView:
    return MessageView(event_id=event_id, link=event_link(event_id))


def _loss_text(
    line: EquipmentNode, loss: SupplyCausedLoss, causes: Sequence[CauseView]
) -> Sentence:
    """Return the chain as one sentence, with times of the plant."""
    zone = ZoneInfo(line.time_zone or "UTC")
    return Sentence(
        "loss.starved", line=line.path, minutes=to_minutes(loss.line_us),
        causes=[_cause_text(cause, zone) for cause in causes],
    )  # fmt: skip


def _cause_text(cause: CauseView, zone: ZoneInfo) -> Sentence:
    material, warehouse = cause.material, cause.warehouse
    since = ZonedTime(cause.stock_out.start, zone)
    if not cause.deliveries:
        return Sentence("loss.not_late", material=material, warehouse=warehouse, since=since)
    first = cause.deliveries[0]
    documents = [shipment.document for shipment in first.shipments]
    return Sentence(
        "loss.not_arrived" if first.fulfilled_at is None else "loss.arrived_late",
        material=material, warehouse=warehouse, since=since, call_off=first.call_off,
        due=ZonedTime(first.due, zone), delay=_delay_text(first.delay_s),
        supplier=first.supplier_name,
        documents=Sentence("loss.documents", documents=documents) if documents else "",
    )  # fmt: skip


def _delay_text(seconds: float) -> Sentence:
    if seconds < 7200:
        return Sentence("loss.minutes", minutes=seconds / 60)
    return Sentence("loss.hours", hours=seconds / 3600)


def _supplier_names(downtime: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str | None:
    keys = {
        delivery.supplier
        for stock_out in loss.stock_outs
        for delivery in downtime.late_deliveries.get(stock_out.id, ())
    }
    return " + ".join(sorted(keys)) or None


def material_names_of(downtime: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str:
    """Return the numbers of the materials that were missing together, joined by +."""
    places = {stock_out.place for stock_out in loss.stock_outs}
    consumed = downtime.inputs.materials[loss.line_id]
    return " + ".join(sorted({item.material for item in consumed if item.place in places}))


def _line_name(downtime: SupplyCausedDowntime, loss: SupplyCausedLoss) -> str | None:
    return downtime.inputs.nodes[loss.line_id].path


_NAMES: Final[Mapping[GroupBy, Callable[[SupplyCausedDowntime, SupplyCausedLoss], str | None]]] = {
    "supplier": _supplier_names, "material": material_names_of, "line": _line_name,
}  # fmt: skip
