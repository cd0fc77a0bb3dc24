"""The loss ledger of equipment in a span, grouped by dimensions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from werknetz.domain.path import EquipmentPath
from werknetz.kpi.losses.categories import CATEGORIES, STOPS, LossKind
from werknetz.kpi.losses.ledger import LossEntry, LossSum, sum_entries
from werknetz.kpi.losses.times import LossTimes
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.loss_times.measure import load_entries, measure_losses
from werknetz_core.loss_times.reasons import load_reason_lookup
from werknetz_core.loss_times.valuation import load_valuations
from werknetz_core.losses.ranking.absent import (
    NO_LINE,
    NO_PLANT,
    NO_SHIFT,
    Absent,
    why_no_big_loss,
    why_no_order,
    why_no_reason,
)
from werknetz_core.losses.ranking.query import LossScope
from werknetz_core.losses.ranking.windows import whole_span, windows_by_shift

GroupKey = tuple[str | Absent, ...]
_Reader = Callable[[LossEntry], "str | Absent"]


@dataclass(slots=True)
class GroupedLosses:
    """Sums by group, all kinds and one kind alone, and the whole that they add up to."""

    groups: dict[tuple[GroupKey, LossKind], LossSum] = field(default_factory=dict)
    times: LossTimes = field(default_factory=LossTimes)
    stop_us: int = 0
    untagged_us: int = 0
    provisional: bool = False
    computed_at: datetime | None = None


async def load_grouped_losses(
    connection: ReadConnection,
    tree: EquipmentTree,
    scope: LossScope,
    dimensions: tuple[str, ...],
    now_us: int,
) -> GroupedLosses:
    """Sum the losses of a scope by dimensions, without a remainder."""
    machines = list({n.id: n for root in scope.roots for n in tree.subtree(root.path)}.values())
    # What systems report of scrap is limited by what was counted in the same window: by shift, so
    # that the reasons of a day are those of its shifts.
    divided = (
        windows_by_shift(tree, machines, scope.span)
        if not {"shift", "reason"}.isdisjoint(dimensions)
        else whole_span(machines, scope.span)
    )
    grouped = GroupedLosses()
    for part in divided:
        measured = await measure_losses(connection, tree, part.machines, part.windows, now_us)
        if not measured.machines:
            continue
        nodes = {row.machine.id: row.machine for row in measured.machines}
        reasons = await load_reason_lookup(connection, list(nodes.values()), scope.span.end_us)
        entries = await load_entries(
            connection, measured, part.windows, reasons.minor_stop_s,
            by_order="order" in dimensions, by_reason="reason" in dimensions,
        )  # fmt: skip
        valuations = await load_valuations(connection, tree, measured.machines, scope.span.start_us)
        readers = _readers(nodes, reasons.reason_of, part.names)
        chosen = [readers[name] for name in dimensions]

        def key_of(entry: LossEntry, chosen: list[_Reader] = chosen) -> tuple[GroupKey, LossKind]:
            return tuple(read(entry) for read in chosen), CATEGORIES[entry.category].kind

        for key, total in sum_entries(entries, key_of, valuations).items():
            grouped.groups.setdefault(key, LossSum()).add(total)
        grouped.times += measured.times
        stops = [entry for entry in entries if entry.category in STOPS]
        grouped.stop_us += sum(entry.stop.us for entry in stops)
        untagged = (entry.stop.us for entry in stops if reasons.reason_of(entry) is None)
        grouped.untagged_us += sum(untagged)
        grouped.provisional |= measured.provisional
        times = (grouped.computed_at, measured.computed_at)
        grouped.computed_at = max((at for at in times if at is not None), default=None)
    return grouped


def _readers(
    nodes: Mapping[int, EquipmentNode],
    reason_of: Callable[[LossEntry], str | None],
    names: list[str | None],
) -> dict[str, _Reader]:
    """Return the functions that read a dimension of an entry."""
    plants = {machine: ancestor_path(node.path, "plant") for machine, node in nodes.items()}
    lines = {machine: ancestor_path(node.path, "line") for machine, node in nodes.items()}
    return {
        "plant": lambda entry: plants[entry.machine_id] or NO_PLANT,
        "line": lambda entry: lines[entry.machine_id] or NO_LINE,
        "machine": lambda entry: nodes[entry.machine_id].path,
        "category": lambda entry: entry.category,
        "big_loss": lambda entry: (
            CATEGORIES[entry.category].big_loss or why_no_big_loss(entry.category)
        ),
        "reason": lambda entry: reason_of(entry) or why_no_reason(entry.category),
        "order": lambda entry: entry.stop.order_number or why_no_order(entry.category),
        "shift": lambda entry: names[entry.window - 1] or NO_SHIFT,
    }


def ancestor_path(path: str, level: str) -> str | None:
    """Return the path of the plant or line that an equipment belongs to; None: it has none."""
    ancestors = EquipmentPath.parse(path).ancestors()
    return next((str(ancestor) for ancestor in ancestors if ancestor.level == level), None)
