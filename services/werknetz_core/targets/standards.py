"""Freezes the standard times of a target's baseline, and values output at them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.kpi.targets.standards import (
    ProductOutput,
    StandardInUse,
    StandardKey,
    Standards,
    ValueChange,
    ValuedOutput,
    standards_of,
    value_change_of,
    value_output,
    value_times,
)
from werknetz.store.kpis.product_output import (
    FIRST_STANDARDS,
    FORMER_MACHINES,
    ORDERS_SINCE,
    OUTPUT_OF_ORDERS,
    TARGET_STANDARDS,
)
from werknetz.store.kpis.products import PRODUCTS_OF_ORDERS
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.measure import MachineLosses
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.scope import nodes_of

_NAMED_MAX: Final = 20  # products that an answer names; their number and share are of all


@dataclass(frozen=True, slots=True)
class OutputByWindow:
    """Outputs by number of the window, from 1, and the standards at which they count."""

    outputs: Mapping[int, Sequence[ProductOutput]] = field(default_factory=dict)
    frozen: Standards = field(default_factory=dict)
    first: Standards = field(default_factory=dict)

    def changes_by_machine(self, window: int) -> dict[int, ValueChange]:
        """Return what the output of each machine is worth more at frozen standards."""
        changes: dict[int, ValueChange] = defaultdict(ValueChange)
        for output in self.outputs.get(window, ()):
            if (key := output.key) is not None:
                standard_s = self.frozen.get(key, self.first.get(key))
                changes[output.equipment_id] += value_change_of(output, standard_s)
        return dict(changes)

    def change_of(self, window: int) -> ValueChange:
        return sum(self.changes_by_machine(window).values(), ValueChange())

    def value_window(self, window: int, judged_good_s: float) -> ValuedOutput:
        outputs = self.outputs.get(window, ())
        return value_output(outputs, self.frozen, self.first, judged_good_s)


async def load_standards(connection: ReadConnection, target_id: int) -> dict[StandardKey, float]:
    """Return the frozen standards of a target."""
    rows = await connection.fetch(TARGET_STANDARDS, target_id)
    return {(row["equipment_id"], row["product"]): row["run_s"] for row in rows}


async def measure_standards(
    connection: ReadConnection, tree: EquipmentTree, definition: TargetDefinition
) -> dict[StandardKey, float]:
    """Return the standards of the baseline; none for an output of parts."""
    if definition.output != "earned_standard_minutes":
        return {}
    ids = [node.id for node in nodes_of(tree, definition)]
    outputs = await _load_outputs(connection, ids, [definition.baseline])
    return standards_of(outputs.get(1, ()))


async def load_output(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    spans: Sequence[UtcSpan],
    frozen: Standards | None,
) -> OutputByWindow:
    """Return the output by product in spans, which are in order and do not overlap.

    Without frozen standards, or for an output of parts, it is empty: output counts as it is.
    """
    if frozen is None or definition.output != "earned_standard_minutes" or not spans:
        return OutputByWindow()
    ids = [node.id for node in nodes_of(tree, definition)]
    outputs = await _load_outputs(connection, ids, spans)
    keys = {o.key for of_window in outputs.values() for o in of_window if o.key is not None}
    frozen = await _with_moved_machines(connection, frozen, keys)
    first = await _load_first(connection, keys - frozen.keys(), definition.baseline.end_us)
    return OutputByWindow(outputs, frozen, first)


async def _load_outputs(
    connection: ReadConnection, ids: Sequence[int], spans: Sequence[UtcSpan]
) -> dict[int, list[ProductOutput]]:
    rows = await connection.fetch(
        OUTPUT_OF_ORDERS, ids, [instant_of(span.start_us) for span in spans],
        [instant_of(span.end_us) for span in spans],
    )  # fmt: skip
    products = await _load_products(
        connection, ((row["equipment_id"], row["order_number"]) for row in rows)
    )
    outputs: dict[int, list[ProductOutput]] = defaultdict(list)
    for row in rows:
        outputs[row["n"]].append(
            ProductOutput(
                row["equipment_id"], products[row["equipment_id"], row["order_number"]],
                row["good_s"], row["produced_s"], row["good_items"], row["produced_items"],
            )
        )  # fmt: skip
    return outputs


async def _load_products(
    connection: ReadConnection, orders: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], str | None]:
    pairs = sorted(set(orders))
    if not pairs:
        return {}
    ids, numbers = zip(*pairs, strict=True)
    rows = await connection.fetch(PRODUCTS_OF_ORDERS, ids, numbers)
    return {(row["equipment_id"], row["order_number"]): row["product"] for row in rows}


async def _with_moved_machines(
    connection: ReadConnection, frozen: Standards, keys: Iterable[StandardKey]
) -> dict[StandardKey, float]:
    """Add the standards of machines that were moved in the tree since the baseline."""
    frozen = dict(frozen)
    unknown = {key for key in keys if key not in frozen}
    if not unknown:
        return frozen
    rows = await connection.fetch(FORMER_MACHINES, sorted({machine for machine, _ in unknown}))
    for row in rows:  # the latest move first
        for machine, product in unknown:
            former = row["former"], product
            if machine == row["id"] and former in frozen:
                frozen.setdefault((machine, product), frozen[former])
    return frozen


async def _load_first(
    connection: ReadConnection, keys: Collection[StandardKey], since_us: int
) -> dict[StandardKey, float]:
    """Return the standards at which products were first made after the baseline."""
    if not keys:
        return {}
    since = instant_of(since_us)
    ids = sorted({machine for machine, _ in keys})
    rows = await connection.fetch(ORDERS_SINCE, ids, since)
    products = await _load_products(
        connection, ((row["equipment_id"], row["order_number"]) for row in rows)
    )
    orders = [(m, number) for (m, number), product in products.items() if (m, product) in keys]
    if not orders:
        return {}
    standards = await connection.fetch(
        FIRST_STANDARDS, [m for m, _ in orders], [number for _, number in orders], since
    )
    first: dict[StandardKey, float] = {}
    for row in sorted(standards, key=lambda row: (row["first_at"], row["order_number"])):
        product = products[row["equipment_id"], row["order_number"]]
        if product is not None:
            first.setdefault((row["equipment_id"], product), row["run_s"])
    return first


def at_frozen_standards(row: MachineLosses, change: ValueChange | None) -> MachineLosses:
    """Return the loss times of a machine with its output valued at frozen standards."""
    if change is None or change == ValueChange():
        return row
    elements = replace(
        row.elements,
        judged_pri_gq_s=row.elements.judged_pri_gq_s + change.good_s,
        judged_pri_pq_s=row.elements.judged_pri_pq_s + change.produced_s,
    )
    net_us, good_us = (
        round(seconds * 1e6) for seconds in (elements.judged_pri_pq_s, elements.judged_pri_gq_s)
    )
    return replace(row, elements=elements, times=value_times(row.times, net_us, good_us))


def valuation_document(tree: EquipmentTree, valued: ValuedOutput) -> dict[str, Any]:
    """Return a ValuationView as a document."""
    paths = {node.id: node.path for node in tree.nodes.values()}

    def rows_of(standards: Sequence[StandardInUse]) -> list[dict[str, Any]]:
        return [
            {
                "product": row.product, "equipment": paths.get(row.equipment_id),
                "standard_s": row.frozen_s, "current_standard_s": row.current_s,
                "share": valued.share_of(row.good_s),
            }
            for row in standards[:_NAMED_MAX]
        ]  # fmt: skip

    return {
        "frozen_share": valued.share_of(valued.frozen_s),
        "new_share": valued.share_of(valued.new_s),
        "unattributed_share": valued.share_of(valued.unattributed_s),
        "new_products": rows_of(valued.new),
        "changed_standards": rows_of(valued.changed),
        "text": _sentences_of(valued),
    }


def _sentences_of(valued: ValuedOutput) -> list[str]:
    """Return what does not count at a frozen standard, and which standards have changed."""
    sentences = []
    if valued.new:
        names = _names_of(valued.new)
        sentences.append(
            f"{_percent(valued.share_of(valued.new_s))} of the output is of products that are new"
            f" at their machines since the baseline ({names}): it counts at their first standard."
        )
    if valued.changed:
        names = _names_of(valued.changed)
        sentences.append(
            f"The standards of {names} have changed since the baseline: they count at those of the"
            " baseline."
        )
    if valued.unattributed_s > 0:
        sentences.append(
            f"{_percent(valued.share_of(valued.unattributed_s))} of the output names no product:"
            " it counts at the standards in force."
        )
    return sentences


def _names_of(standards: Sequence[StandardInUse]) -> str:
    names = list(dict.fromkeys(row.product for row in standards))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _percent(share: float | None) -> str:
    if share is None:
        return "All"
    return "Less than 0.1 %" if 0 < share < 0.0005 else f"{share * 100:.1f} %"
