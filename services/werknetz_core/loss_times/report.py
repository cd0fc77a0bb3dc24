"""The loss times of one equipment as a document: steps, parts, KPI, supply chains."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.losses.categories import CATEGORIES, STEPS, STOPS
from werknetz.kpi.losses.ledger import LossEntry, LossSum, sum_entries
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import TimeContext, UtcSpan, format_local
from werknetz_core.loss_times.measure import MeasuredLosses, load_entries, measure_losses
from werknetz_core.loss_times.reasons import ReasonLookup, load_reason_lookup
from werknetz_core.loss_times.valuation import load_valuations
from werknetz_core.losses.views import loss_view, material_names_of

Document = dict[str, Any]
KPI: Final = "oee"
CHAINS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class LossTarget:
    node: EquipmentNode
    span: UtcSpan
    time: TimeContext


async def report_loss_times(
    connection: ReadConnection, tree: EquipmentTree, target: LossTarget
) -> Document:
    """Return a LossTimesView as a document."""
    nodes = tree.subtree(target.node.path)
    windows = [target.span]
    measured = await measure_losses(connection, tree, nodes, windows, target.time.now_us)
    reasons = await load_reason_lookup(
        connection, [row.machine for row in measured.machines], target.span.end_us
    )
    entries = await load_entries(connection, measured, windows, reasons.minor_stop_s)
    valuations = await load_valuations(connection, tree, measured.machines, target.span.start_us)
    sums = sum_entries(entries, lambda entry: entry.category, valuations)
    times = measured.times
    busy_us = times.step_us("busy")
    stop_us, untagged_us = untagged_of(entries, reasons)
    zone = target.time.zone
    return {
        "equipment": target.node.path,
        "start": format_local(target.span.start_us, zone),
        "end": format_local(target.span.end_us, zone),
        "time_zone": zone.key,
        "steps": [
            {"name": step, "seconds": times.step_us(step) / 1e6,
             "share": share_of(times.step_us(step), busy_us)}
            for step in STEPS
        ],
        "parts": [_part(name, sums.get(name, LossSum()), busy_us) for name in CATEGORIES],
        "loss_s": times.loss_us / 1e6,
        "not_judged_s": times.not_judged_us / 1e6,
        "kpi": kpi_document(measured),
        "supply_caused": supply_chains(measured),
        "stop_s": stop_us / 1e6,
        "untagged_s": untagged_us / 1e6,
        "untagged_share": share_of(untagged_us, stop_us),
        "provisional": measured.provisional or target.span.end_us > target.time.now_us,
        "computed_at": measured.computed_at,
        "no_data": not measured.machines,
    }  # fmt: skip


def share_of(part_us: int, whole_us: int) -> float | None:
    return part_us / whole_us if whole_us > 0 else None


def costs_of(costs: Mapping[str, float]) -> list[Document]:
    return [{"amount": round(costs[c], 2), "currency": c} for c in sorted(costs)]


def untagged_of(entries: Sequence[LossEntry], reasons: ReasonLookup) -> tuple[int, int]:
    """Return the time of stops, and of those without a reason, in µs."""
    stop_us = untagged_us = 0
    for entry in entries:
        if entry.category in STOPS:
            stop_us += entry.stop.us
            if reasons.reason_of(entry) is None:
                untagged_us += entry.stop.us
    return stop_us, untagged_us


def kpi_document(measured: MeasuredLosses) -> Document:
    """Return the KPI that the times of the judged machines add up to."""
    elements = measured.elements
    kpi = CATALOGUE[KPI]
    value, reason = kpi.compute(elements) if measured.machines else (None, "no data")
    return {
        "name": KPI,
        "value": value,
        "reason": reason,
        "good_s": elements.judged_pri_gq_s,
        "judged_s": elements.judged_s,
    }


def supply_chains(measured: MeasuredLosses) -> list[Document]:
    """Return the largest supply-caused losses with their chains; delays outside orders excluded."""
    downtime = measured.delays.downtime
    if downtime is None:
        return []
    by_cause: dict[tuple[str, str], int] = defaultdict(int)
    lines = {m.machine.id: m.machine.path.rpartition("/")[0] for m in measured.machines}
    for (machine, _), stops in measured.delays.stops.items():
        for stop in stops:
            if stop.detail is not None:
                by_cause[lines[machine], stop.detail] += stop.us
    chains = []
    for (line, material), us in sorted(by_cause.items(), key=lambda item: -item[1])[:CHAINS_MAX]:
        losses = [
            loss_view(downtime, loss)
            for loss in downtime.losses
            if downtime.inputs.nodes[loss.line_id].path == line
            and material_names_of(downtime, loss) == material
        ]
        suppliers = {s for loss in losses for cause in loss.causes for s in cause.suppliers}
        chains.append(
            {
                "line": line,
                "material": material,
                "seconds": us / 1e6,
                "suppliers": sorted(suppliers),
                "text": " ".join(loss.text for loss in losses[:1]),
            }
        )
    return chains


def _part(name: str, total: LossSum, busy_us: int) -> Document:
    category = CATEGORIES[name]
    return {
        "category": name,
        "step": category.step,
        "kind": category.kind.value,
        "parent": category.parent,
        "big_loss": category.big_loss,
        "description": category.description,
        "seconds": total.us / 1e6,
        "share": share_of(total.us, busy_us),
        "stops": total.stops,
        "pieces": total.pieces,
        "costs": costs_of(total.costs),
    }
