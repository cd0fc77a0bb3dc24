"""The input of a target by period: machine hours, attended hours or cost."""

from collections.abc import Sequence
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.store.kpis.kpi_facts import ATTENDED_MACHINES
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.kpis.scopes.facts import FactQuery, load_fact_sums
from werknetz_core.loss_times.measure import measure_losses
from werknetz_core.loss_times.valuation import load_valuations
from werknetz_core.targets.definition import TargetDefinition

InputValue = tuple[float, str | None]
"""The input of a window, and why it is unknown."""
_ATTENDANCE: Final = frozenset({"attendances", "apat_s"})


async def load_inputs(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    nodes: Sequence[EquipmentNode],
    windows: Sequence[Window],
    judged_s: Sequence[float],
    now_us: int,
) -> list[InputValue]:
    """Return the input of each window; `judged_s`: the judged machine time in each of them."""
    match definition.input:
        case "machine_hours":
            return [(seconds / 3600, None) for seconds in judged_s]
        case "cost":
            return await _load_costs(connection, tree, nodes, windows, now_us)
        case "attended_hours":
            return await _load_attended_hours(connection, tree, nodes, windows, now_us)


async def _load_costs(
    connection: ReadConnection,
    tree: EquipmentTree,
    nodes: Sequence[EquipmentNode],
    windows: Sequence[Window],
    now_us: int,
) -> list[InputValue]:
    """Return the judged machine hours, valued with the rates of their lines."""
    spans = [UtcSpan(window.start_us, window.end_us) for window in windows]
    measured = await measure_losses(connection, tree, nodes, spans, now_us, with_causes=False)
    rows = [row for row in measured.machines if row.elements.judged_s > 0]
    valuations = await load_valuations(connection, tree, rows, windows[0].start_us)
    totals = [0.0] * len(windows)
    currencies = set()
    for row in rows:
        valuation = valuations[row.machine.id]
        if valuation.currency is None:
            line = row.machine.path.rpartition("/")[0]
            problem = Sentence("target.no_rate", machine=row.machine.path, line=line)
            return [(0.0, problem)] * len(windows)
        currencies.add(valuation.currency)
        totals[row.window - 1] += row.elements.judged_s / 3600 * valuation.per_hour
    if len(currencies) > 1:
        problem = Sentence("target.several_currencies", currencies=sorted(currencies))
        return [(0.0, problem)] * len(windows)
    return [(total, None) for total in totals]


async def _load_attended_hours(
    connection: ReadConnection,
    tree: EquipmentTree,
    nodes: Sequence[EquipmentNode],
    windows: Sequence[Window],
    now_us: int,
) -> list[InputValue]:
    """Return the attended hours; unknown where a line has output and nobody reports attendance."""
    ids = sorted(node.id for node in nodes)
    sums = await load_fact_sums(connection, FactQuery(ids, windows, now_us), _ATTENDANCE)
    without = await _lines_without_attendance(connection, tree, nodes, windows, now_us)
    inputs: list[InputValue] = []
    for number in range(1, len(windows) + 1):
        values = sums.get(number, {})
        reason = None
        if not values.get("attendances", 0.0):
            reason = Sentence("target.no_attendance")
        elif lines := without.get(number):
            reason = Sentence("target.line_without_attendance", line=min(lines))
        inputs.append((values.get("apat_s", 0.0) / 3600, reason))
    return inputs


async def _lines_without_attendance(
    connection: ReadConnection,
    tree: EquipmentTree,
    nodes: Sequence[EquipmentNode],
    windows: Sequence[Window],
    now_us: int,
) -> dict[int, set[str]]:
    """Return the lines with judged time at which nobody was, by number of the window."""
    spans = [UtcSpan(window.start_us, window.end_us) for window in windows]
    measured = await measure_losses(connection, tree, nodes, spans, now_us, with_causes=False)
    line_of = {node.id: node.path.rpartition("/")[0] for node in nodes}
    rows = await connection.fetch(
        ATTENDED_MACHINES, list(line_of), [instant_of(span.start_us) for span in spans],
        [instant_of(span.end_us) for span in spans], instant_of(now_us),
    )  # fmt: skip
    attended = {(row["n"], line_of[row["equipment_id"]]) for row in rows}
    without: dict[int, set[str]] = {}
    for machine in measured.machines:
        line = machine.machine.path.rpartition("/")[0]
        if machine.elements.judged_s > 0 and (machine.window, line) not in attended:
            without.setdefault(machine.window, set()).add(line)
    return without
