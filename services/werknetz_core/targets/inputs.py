"""The input of a target by period: machine hours, attended hours or cost."""

from collections.abc import Sequence
from typing import Final

from werknetz.domain.shift import local_day
from werknetz.domain.window import Window
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.kpis.scopes.facts import FactQuery, load_fact_sums
from werknetz_core.loss_times.measure import MachineLosses
from werknetz_core.loss_times.valuation import load_valuations
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.scope import nodes_of

InputValue = tuple[float, str | None]
"""The input of a window, and why it is unknown."""
_ATTENDANCE: Final = frozenset({"attendances", "apat_s"})


async def load_inputs(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    rows: Sequence[MachineLosses],
    windows: Sequence[UtcSpan],
    now_us: int,
) -> list[InputValue]:
    """Return the input of each window; `rows` are the machines of all of them."""
    match definition.input:
        case "machine_hours":
            return [(seconds / 3600, None) for seconds in _judged_s(rows, len(windows))]
        case "cost":
            return await _load_costs(connection, tree, rows, windows)
        case "attended_hours":
            return await _load_attended_hours(connection, tree, definition, windows, now_us)


def _judged_s(rows: Sequence[MachineLosses], count: int) -> list[float]:
    sums = [0.0] * count
    for row in rows:
        sums[row.window - 1] += row.elements.judged_s
    return sums


async def _load_costs(
    connection: ReadConnection,
    tree: EquipmentTree,
    rows: Sequence[MachineLosses],
    windows: Sequence[UtcSpan],
) -> list[InputValue]:
    """Return the judged machine hours, valued with the rates of their lines."""
    valuations = await load_valuations(connection, tree, rows, windows[0].start_us)
    totals = [0.0] * len(windows)
    currencies = set()
    for row in rows:
        if row.elements.judged_s <= 0:
            continue
        valuation = valuations[row.machine.id]
        if valuation.currency is None:
            line = row.machine.path.rpartition("/")[0]
            problem = f"{row.machine.path} has no rate: PUT /api/v1/line_rates/{line}"
            return [(0.0, problem)] * len(windows)
        currencies.add(valuation.currency)
        totals[row.window - 1] += row.elements.judged_s / 3600 * valuation.per_hour
    if len(currencies) > 1:
        problem = f"the rates are in several currencies: {', '.join(sorted(currencies))}"
        return [(0.0, problem)] * len(windows)
    return [(total, None) for total in totals]


async def _load_attended_hours(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    windows: Sequence[UtcSpan],
    now_us: int,
) -> list[InputValue]:
    ids = sorted(node.id for node in nodes_of(tree, definition))
    named = [
        Window(span.start_us, span.end_us, local_day(span.start_us, definition.zone))
        for span in windows
    ]
    sums = await load_fact_sums(connection, FactQuery(ids, named, now_us), _ATTENDANCE)
    inputs: list[InputValue] = []
    for number in range(1, len(windows) + 1):
        values = sums.get(number, {})
        is_reported = values.get("attendances", 0.0) > 0
        reason = None if is_reported else "nobody reports attendance"
        inputs.append((values.get("apat_s", 0.0) / 3600, reason))
    return inputs
