"""The reasons of stops, by the code that a source reports or a person entered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import TIME_MAX_US
from werknetz.kpi.losses.ledger import LossEntry
from werknetz.kpi.stops.reasons import Reason, ReasonTree
from werknetz.kpi.stops.thresholds import MinorStops
from werknetz.store.session import ReadConnection
from werknetz.store.shop_floor.reasons import REASONS
from werknetz.store.shop_floor.stops import REASON_CODES
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.reasons.loading import plant_of
from werknetz_core.stops.loading import load_thresholds

SUPPLY_CAUSED: Final = "supply_caused"


@dataclass(frozen=True, slots=True)
class ReasonLookup:
    """`codes`: reasons by path and state code. `minor_stop_s`: by machine."""

    codes: Mapping[tuple[str, str], str]
    paths: Mapping[int, str]
    by_machine: Mapping[int, Mapping[str, Reason]]
    minor_stop_s: Mapping[int, float]

    def reason_of(self, entry: LossEntry) -> str | None:
        """Return the reason of an entry; None: nobody gave one.

        An interval that a person entered has the reason as its code. Supply-caused time has a
        reason by itself: the material was out of stock.
        """
        if entry.stop.detail is not None:
            return SUPPLY_CAUSED
        code = entry.stop.code
        if code is None:
            return None
        ancestor = self.paths[entry.machine_id]
        while ancestor:
            if reason := self.codes.get((ancestor, code)):
                return reason
            ancestor = ancestor.rpartition("/")[0]
        return code if code in self.by_machine[entry.machine_id] else None


async def load_reason_lookup(
    connection: ReadConnection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    at_us: int = TIME_MAX_US,
) -> ReasonLookup:
    """Return the reasons and the thresholds of minor stops that hold at an instant."""
    reasons = ReasonTree(Reason(*row) for row in await connection.fetch(REASONS))
    codes = {(row[0], row[1]): row[2] for row in await connection.fetch(REASON_CODES)}
    thresholds = await load_thresholds(connection)
    return ReasonLookup(
        codes,
        {node.id: node.path for node in machines},
        {node.id: reasons.of_plant(plant_of(tree, node.path)) for node in machines},
        {
            node.id: MinorStops.of(node.path, thresholds).below_us_at(at_us) / 1e6
            for node in machines
        },
    )
