"""Productivity of a target's scope in periods, from roll-ups: now, at the due date, in the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.shift import local_day
from werknetz.domain.window import Period, Window, windows_between
from werknetz.kpi.targets.forecast import IndexPoint
from werknetz.kpi.targets.standards import Standards
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.kpis.window_sums import SumQuery, load_window_sums
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.inputs import load_inputs
from werknetz_core.targets.scope import nodes_of, roots_of
from werknetz_core.targets.standards import load_output

_DAY_US: Final = 86_400_000_000
MONTHS_FROM_US: Final = 180 * _DAY_US
WEEKS_FROM_US: Final = 28 * _DAY_US
PERIODS_MAX: Final = 400  # earlier periods are left out
_NAMES: Final = frozenset({"judged_s", "judged_pri_gq_s", "gq", "pbt_s"})
NOT_JUDGED: Final = Sentence("target.not_judged")


@dataclass(frozen=True, slots=True)
class PeriodValue:
    """Output and input of a period; `problem`: why it has no value."""

    span: UtcSpan
    output: float
    input: float
    judged_s: float
    busy_s: float
    problem: str | None

    @property
    def productivity(self) -> float | None:
        return None if self.problem is not None else self.output / self.input

    @property
    def judged_share(self) -> float | None:
        return self.judged_s / self.busy_s if self.busy_s > 0 else None

    def change_from(self, baseline: float) -> float | None:
        value = self.productivity
        return None if value is None else value / baseline - 1

    def to_point(self, definition: TargetDefinition, baseline: float) -> IndexPoint | None:
        change = self.change_from(baseline)
        if change is None:
            return None
        start_on, end_on = (
            local_day(at_us, definition.zone) for at_us in (self.span.start_us, self.span.end_us)
        )
        return IndexPoint(start_on, end_on, change, self.input)


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
    return [UtcSpan(w.start_us, w.end_us) for w in whole[-PERIODS_MAX:]]


async def load_values(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    spans: Sequence[UtcSpan],
    now_us: int,
    frozen: Standards | None,
) -> list[PeriodValue]:
    """Return the values of periods, which are in order and do not overlap.

    `frozen`: the standards at which output counts; None: those in force. The connection must see
    one state of the database.
    """
    if not spans:
        return []
    windows = [
        Window(span.start_us, span.end_us, local_day(span.start_us, definition.zone))
        for span in spans
    ]
    sums = await _load_sums(connection, tree, definition, windows)
    judged = [values["judged_s"] for values in sums]
    inputs = await load_inputs(
        connection, tree, definition, nodes_of(tree, definition), windows, judged, now_us
    )
    output = await load_output(connection, tree, definition, spans, frozen)
    for n, values in enumerate(sums, start=1):
        values["judged_pri_gq_s"] += output.change_of(n).good_s
    return [
        _value_of(definition, span, values, unit_input, problem)
        for span, values, (unit_input, problem) in zip(spans, sums, inputs, strict=True)
    ]


async def _load_sums(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    windows: Sequence[Window],
) -> list[dict[str, float]]:
    queries = [
        SumQuery(root.id, tree.ids_below.get(root.path, []), windows)
        for root in roots_of(tree, definition)
    ]
    sums = [dict.fromkeys(_NAMES, 0.0) for _ in windows]
    for rows in await load_window_sums(connection, queries, _NAMES):
        for number, row in rows.items():
            for name in _NAMES:
                sums[number - 1][name] += float(row[name] or 0.0)
    return sums


def _value_of(
    definition: TargetDefinition,
    span: UtcSpan,
    sums: dict[str, float],
    unit_input: float,
    problem: str | None,
) -> PeriodValue:
    is_time = definition.output == "earned_standard_minutes"
    output = sums["judged_pri_gq_s"] / 60 if is_time else sums["gq"]
    if problem is None and sums["judged_s"] <= 0:
        problem = NOT_JUDGED
    if problem is None and unit_input <= 0:
        problem = Sentence("target.no_input", input=definition.input)
    return PeriodValue(span, output, unit_input, sums["judged_s"], sums["pbt_s"], problem)
