"""The reasons of stops, by the code that a source reports or a person entered."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from werknetz.domain.path import EquipmentPath
from werknetz.kpi.losses.ledger import LossEntry
from werknetz.kpi.stops.reasons import Reason, ReasonTree
from werknetz.kpi.stops.thresholds import MinorStops
from werknetz.store.losses.current import ENTERED_REASONS
from werknetz.store.session import ReadConnection
from werknetz.store.shop_floor.reasons import REASONS
from werknetz.store.shop_floor.stops import REASON_CODES, SCRAP_CODES
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.loss_times.shares import SCRAP
from werknetz_core.stops.loading import load_thresholds

SUPPLY_CAUSED: Final = "supply_caused"


@dataclass(frozen=True, slots=True)
class ReasonLookup:
    """`codes`: reasons by path and state code. `entered`: those that people gave a machine."""

    codes: Mapping[tuple[str, str], str]
    paths: Mapping[int, str]
    entered: Mapping[int, frozenset[str]]
    minor_stop_s: Mapping[int, float]
    scrap: "ScrapReasons"

    def reason_of(self, entry: LossEntry) -> str | None:
        """Return the reason of an entry; None: nobody gave one.

        An interval that a person classified has the reason as its code. Supply-caused time has a
        reason by itself: the material was out of stock. Scrap has those that people gave it or that
        its code stands for.
        """
        if entry.stop.detail is not None:
            return SUPPLY_CAUSED
        code = entry.stop.code
        if entry.category in SCRAP:
            return (
                None if code is None else self.scrap.reason_of(self.paths[entry.machine_id], code)
            )
        if code is None or code in self.entered.get(entry.machine_id, ()):
            return code
        ancestor = self.paths[entry.machine_id]
        while ancestor:
            if reason := self.codes.get((ancestor, code)):
                return reason
            ancestor = ancestor.rpartition("/")[0]
        return None


@dataclass(frozen=True, slots=True)
class ScrapReasons:
    """`codes`: reasons by path and code, as machines' codes are mapped for scrap."""

    tree: ReasonTree
    codes: Mapping[tuple[str, str], str]

    def reason_of(self, path: str, code: str) -> str:
        """Return the reason of scrap that a code stands for; one without a reason is its own."""
        plant = plant_of_path(path)
        reason = self.tree.find(code, plant)
        if reason is not None and reason.kind == "scrap":
            return code
        ancestor = path
        while ancestor:
            if mapped := self.codes.get((ancestor, code)):
                return mapped
            ancestor = ancestor.rpartition("/")[0]
        return code


def plant_of_path(path: str) -> str | None:
    """Return the plant of an equipment path; None: it is above plants."""
    plant = EquipmentPath.parse(path).plant
    return None if plant is None else str(plant)


async def load_scrap_reasons(connection: ReadConnection) -> ScrapReasons:
    reasons = [Reason(*row) for row in await connection.fetch(REASONS)]
    codes = {(row[0], row[1]): row[2] for row in await connection.fetch(SCRAP_CODES)}
    return ScrapReasons(ReasonTree(reasons), codes)


async def load_reason_lookup(
    connection: ReadConnection,
    machines: Sequence[EquipmentNode],
    at_us: int,
    as_of: datetime | None = None,
) -> ReasonLookup:
    """Return the reasons and the thresholds of minor stops that hold at an instant.

    `as_of`: by what was known then; None: by what is known now.
    """
    ids = [node.id for node in machines]
    entered: dict[int, set[str]] = defaultdict(set)
    for row in await connection.fetch(ENTERED_REASONS, ids):
        entered[row["equipment_id"]].add(row["reason"])
    codes = {(row[0], row[1]): row[2] for row in await connection.fetch(REASON_CODES, as_of)}
    thresholds = await load_thresholds(connection, as_of)
    return ReasonLookup(
        codes,
        {node.id: node.path for node in machines},
        {machine: frozenset(reasons) for machine, reasons in entered.items()},
        {
            node.id: MinorStops.of(node.path, thresholds).below_us_at(at_us) / 1e6
            for node in machines
        },
        await load_scrap_reasons(connection),
    )
