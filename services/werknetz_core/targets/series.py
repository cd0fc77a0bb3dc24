"""The past periods of a target: months, weeks or days since the baseline began."""

from collections.abc import Sequence
from dataclasses import dataclass

from werknetz.domain.shift import local_day
from werknetz.domain.window import Period, windows_between
from werknetz.kpi.elements import Elements
from werknetz.kpi.targets.forecast import IndexPoint
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.measure import measure_losses
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.inputs import load_inputs
from werknetz_core.targets.scope import nodes_of

_DAY_US = 86_400_000_000
MONTHS_FROM_US = 180 * _DAY_US
WEEKS_FROM_US = 28 * _DAY_US
WINDOWS_MAX = 400  # further periods are those of the past


@dataclass(frozen=True, slots=True)
class PeriodValue:
    """A whole period; `change` None: nothing can be judged in it."""

    span: UtcSpan
    change: float | None
    weight: float

    def to_point(self, definition: TargetDefinition) -> IndexPoint | None:
        if self.change is None:
            return None
        start_on, end_on = (
            local_day(at_us, definition.zone) for at_us in (self.span.start_us, self.span.end_us)
        )
        return IndexPoint(start_on, end_on, self.change, self.weight)


def periods_of(definition: TargetDefinition, now_us: int) -> list[UtcSpan]:
    """Return the whole periods from the start of the baseline until now."""
    start_us = definition.baseline.start_us
    length_us = now_us - start_us
    period = Period.DAY
    if length_us >= MONTHS_FROM_US:
        period = Period.MONTH
    elif length_us >= WEEKS_FROM_US:
        period = Period.WEEK
    windows = windows_between(period, start_us, now_us, zone=definition.zone)
    whole = [w for w in windows if w.start_us >= start_us and w.end_us <= now_us]
    return [UtcSpan(w.start_us, w.end_us) for w in whole[-WINDOWS_MAX:]]


async def load_periods(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    baseline: float,
    spans: Sequence[UtcSpan],
    now_us: int,
) -> list[PeriodValue]:
    """Return the change of each period against the productivity of the baseline."""
    if not spans:
        return []
    measured = await measure_losses(
        connection, tree, nodes_of(tree, definition), spans, now_us, with_causes=False
    )
    inputs = await load_inputs(connection, tree, definition, measured.machines, spans, now_us)
    sums = [Elements()] * len(spans)
    for row in measured.machines:
        sums[row.window - 1] += row.elements
    values = []
    for span, elements, (unit_input, problem) in zip(spans, sums, inputs, strict=True):
        change = None
        if problem is None and unit_input > 0 and elements.judged_s > 0:
            change = output_of(definition, elements) / unit_input / baseline - 1
        values.append(PeriodValue(span, change, unit_input))
    return values


def output_of(definition: TargetDefinition, elements: Elements) -> float:
    """Return the output in minutes or parts."""
    if definition.output == "earned_standard_minutes":
        return elements.judged_pri_gq_s / 60
    return elements.gq
