"""Starved minutes tied to missing materials, late deliveries and their suppliers: computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.stock.supply_caused import (
    STOCK_UNKNOWN,
    Attribution,
    SupplyCausedLoss,
    attribute_losses,
)
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.losses import inputs, late_deliveries
from werknetz_core.losses.inputs import Connection, Facts
from werknetz_core.losses.late_deliveries import Delivery

SUSPENDED: Final = "suspended_for_another_reason"
_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class SupplyCausedDowntime:
    facts: Facts
    losses: list[SupplyCausedLoss]  # the largest first
    unattributed: dict[str, int]  # reason → µs of machines
    starved_us: int
    suspended_us: int
    late: dict[int, list[Delivery]]  # by stock-out
    rates: dict[int, tuple[str, float]]  # by line

    @property
    def attributed_us(self) -> int:
        return sum(loss.machine_us for loss in self.losses)

    @property
    def known_share(self) -> float | None:
        if not self.starved_us:
            return None
        return 1 - self.unattributed.get(STOCK_UNKNOWN, 0) / self.starved_us


async def losses_of(
    connection: Connection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    start_us: int,
    end_us: int,
    now_us: int,
) -> SupplyCausedDowntime:
    """Attribute what the machines starved in the span; times in µs UTC."""
    facts = await inputs.load(connection, tree, machines, start_us, min(end_us, now_us))
    outs = [told.out for told in facts.outs.values()]
    starved = attribute_losses(facts.starved, outs, facts.known_since, facts.unknown)
    suspended = attribute_losses(facts.suspended, outs, facts.known_since, facts.unknown)
    losses = _joined(starved, suspended)
    rest = dict(starved.unattributed)
    if other := sum(suspended.unattributed.values()):
        rest[SUSPENDED] = other
    named = sorted({out.id for loss in losses for out in loss.stock_outs})
    return SupplyCausedDowntime(
        facts,
        losses,
        rest,
        sum(one.end_us - one.start_us for one in facts.starved),
        sum(one.end_us - one.start_us for one in facts.suspended),
        await late_deliveries.late_for(connection, named, now_us),
        await inputs.rates(connection, facts.nodes, start_us),
    )


def _joined(starved: Attribution, suspended: Attribution) -> list[SupplyCausedLoss]:
    """Add the suspended time of the same line and stock-outs to the starved."""
    found = {(loss.line_id, loss.stock_outs): loss for loss in starved.losses}
    for loss in suspended.losses:
        known = found.setdefault((loss.line_id, loss.stock_outs), loss)
        if known is not loss:
            for machine, spans in loss.spans.items():
                known.spans.setdefault(machine, []).extend(spans)
    return sorted(found.values(), key=lambda loss: (-loss.machine_us, loss.stock_outs[0].start_us))


def minutes(us: int) -> float:
    return us / _MINUTE_US
