"""Measures the productivity of a target's scope in a period, with its losses by line."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.categories import CATEGORIES
from werknetz.kpi.losses.supply import supply_caused_us
from werknetz.kpi.losses.times import LossTimes
from werknetz.kpi.targets.contribution import LossKey, ProductivitySums
from werknetz.kpi.targets.standards import Standards, ValuedOutput
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.measure import MachineLosses, MeasuredLosses, measure_losses
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.scope import nodes_of, present_path
from werknetz_core.targets.series import load_values
from werknetz_core.targets.standards import at_frozen_standards, load_output

_SUPPLY: Final = "supply_caused"


@dataclass(frozen=True, slots=True)
class ScopeSums:
    """The sums of a period. `output` is in minutes or parts; `problem`: why it has no value."""

    sums: ProductivitySums
    output: float
    unit_input: float
    busy_s: float
    machines: int
    problem: str | None
    valued: ValuedOutput | None = None  # None: the output counts at the standards in force

    @property
    def productivity(self) -> float | None:
        if self.problem is not None or self.unit_input <= 0:
            return None
        return self.output / self.unit_input

    @property
    def judged_share(self) -> float | None:
        return self.sums.judged_s / self.busy_s if self.busy_s > 0 else None

    def to_document(self) -> dict[str, Any]:
        """Return the sums as they are frozen with a target."""
        return {
            "lost": [
                [key.line, key.loss, key.detail, seconds]
                for key, seconds in sorted(self.sums.lost_s.items())
            ],
            "good_s": self.sums.good_s, "output": self.output, "input": self.unit_input,
            "busy_s": self.busy_s, "machines": self.machines,
        }  # fmt: skip

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "ScopeSums":
        lost = {LossKey(line, loss, detail): s for line, loss, detail, s in document["lost"]}
        sums = ProductivitySums(lost, document["good_s"], document["input"])
        return cls(
            sums, document["output"], document["input"], document["busy_s"], document["machines"],
            None,
        )  # fmt: skip

    def with_present_paths(self, tree: EquipmentTree) -> "ScopeSums":
        """Return the sums with the paths that their lines have now."""
        lost: dict[LossKey, float] = defaultdict(float)
        for key, seconds in self.sums.lost_s.items():
            lost[LossKey(present_path(tree, key.line), key.loss, key.detail)] += seconds
        return replace(self, sums=replace(self.sums, lost_s=dict(lost)))


async def measure_scope(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    span: UtcSpan,
    now_us: int,
    frozen: Standards | None,
) -> ScopeSums:
    """Return the sums of the target's scope in a span, with its losses by line.

    `frozen`: the standards at which output counts; None: those in force. The connection must see
    one state of the database.
    """
    (value,) = await load_values(connection, tree, definition, [span], now_us, frozen)
    output = await load_output(connection, tree, definition, [span], frozen, is_complete=True)
    changes = output.changes_by_machine(1)
    measured = await measure_losses(connection, tree, nodes_of(tree, definition), [span], now_us)
    machines = [at_frozen_standards(row, changes.get(row.machine.id)) for row in measured.machines]
    valued = (
        output.value_window(1, measured.elements.judged_pri_gq_s) if frozen is not None else None
    )
    measured = replace(measured, machines=machines)
    lost: dict[LossKey, float] = defaultdict(float)
    for row in measured.machines:
        for key, seconds in judged_losses(row, measured):
            lost[key] += seconds
    elements = measured.elements
    return ScopeSums(
        ProductivitySums(dict(lost), elements.judged_pri_gq_s, value.input), value.output,
        value.input, elements.pbt_s, len(measured.machines), value.problem, valued,
    )  # fmt: skip


def judged_losses(row: MachineLosses, measured: MeasuredLosses) -> Sequence[tuple[LossKey, float]]:
    """Return the losses of a machine in its judged time, in seconds.

    They and its good time add up to the judged time. Where a part of the known time cannot be
    judged, the stops in it are taken to be in proportion.
    """
    line = row.machine.path.rpartition("/")[0]
    share = _judged_stop_share(row.elements, row.times)
    losses: list[tuple[LossKey, float]] = []
    for name, us in row.times.by_category.items():
        category = CATEGORIES[name]
        if not category.is_loss or row.elements.judged_s <= 0:
            continue
        seconds = us / 1e6 * (share if category.step == "busy" else 1.0)
        if name != _SUPPLY:
            losses.append((LossKey(line, name), seconds))
            continue
        stops = measured.delays.stops.get((row.machine.id, row.window), ())
        by_material = supply_caused_us(stops)
        total = sum(by_material.values())
        losses += [
            (LossKey(line, name, material), seconds * part / total)
            for material, part in by_material.items()
        ]
    rest = row.elements.judged_s - row.elements.judged_pri_gq_s - math.fsum(s for _, s in losses)
    if abs(rest) > 1e-3 and row.elements.judged_s > 0:
        losses.append((LossKey(line, "other"), rest))
    return losses


def _judged_stop_share(e: Elements, times: LossTimes) -> float:
    """Return which share of the stops lies in judged time."""
    stops_s = sum(
        us for name, us in times.by_category.items()
        if CATEGORIES[name].step == "busy" and CATEGORIES[name].is_loss
    ) / 1e6  # fmt: skip
    judged_s = e.judged_s - e.judged_apt_s
    return judged_s / stops_s if stops_s > 0 and 0 <= judged_s < stops_s else 1.0
