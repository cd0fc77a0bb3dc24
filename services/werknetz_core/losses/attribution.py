"""Attributes starved time to missing materials, late deliveries and their suppliers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.stock.supply_caused import (
    STOCK_UNKNOWN,
    Attribution,
    StarvedSpan,
    SupplyCausedLoss,
    attribute_losses,
)
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.losses.inputs import LossInputs, load_inputs, load_line_rates
from werknetz_core.losses.late_deliveries import LateDelivery, load_late_deliveries

SUSPENDED: Final = "suspended_for_another_reason"
_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class SupplyCausedDowntime:
    inputs: LossInputs
    losses: list[SupplyCausedLoss]  # the largest first
    unattributed: dict[str, int]  # reason → µs of machines
    starved_us: int
    suspended_us: int
    late_deliveries: dict[int, list[LateDelivery]]  # by stock-out
    rates: dict[int, tuple[str, float]]  # by line

    @property
    def attributed_us(self) -> int:
        return sum(loss.machine_us for loss in self.losses)

    @property
    def stock_known_share(self) -> float | None:
        if not self.starved_us:
            return None
        return 1 - self.unattributed.get(STOCK_UNKNOWN, 0) / self.starved_us


async def compute_supply_caused_downtime(
    connection: ReadConnection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    start_us: int,
    end_us: int,
    now_us: int,
) -> SupplyCausedDowntime:
    """Attribute the starved time of machines in a span; times in µs UTC."""
    inputs = await load_inputs(connection, tree, machines, start_us, min(end_us, now_us))
    stock_outs = [row.stock_out for row in inputs.stock_outs.values()]
    starved = attribute_losses(inputs.starved, stock_outs, inputs.known_since, inputs.unknown)
    suspended = attribute_losses(inputs.suspended, stock_outs, inputs.known_since, inputs.unknown)
    losses = _add_suspended(starved, suspended)
    unattributed = dict(starved.unattributed)
    if suspended_us := sum(suspended.unattributed.values()):
        unattributed[SUSPENDED] = suspended_us
    stock_out_ids = sorted({stock_out.id for loss in losses for stock_out in loss.stock_outs})
    return SupplyCausedDowntime(
        inputs,
        losses,
        unattributed,
        _total_us(inputs.starved),
        _total_us(inputs.suspended),
        await load_late_deliveries(connection, stock_out_ids, now_us),
        await load_line_rates(connection, inputs.nodes, start_us),
    )


def to_minutes(us: int) -> float:
    return us / _MINUTE_US


def _total_us(spans: Sequence[StarvedSpan]) -> int:
    return sum(span.end_us - span.start_us for span in spans)


def _add_suspended(starved: Attribution, suspended: Attribution) -> list[SupplyCausedLoss]:
    """Add the suspended time to the losses of the same line and stock-outs; the largest first."""
    losses = {(loss.line_id, loss.stock_outs): loss for loss in starved.losses}
    for loss in suspended.losses:
        existing = losses.setdefault((loss.line_id, loss.stock_outs), loss)
        if existing is not loss:
            for machine, spans in loss.spans.items():
                existing.spans.setdefault(machine, []).extend(spans)
    return sorted(losses.values(), key=lambda loss: (-loss.machine_us, loss.stock_outs[0].start_us))
